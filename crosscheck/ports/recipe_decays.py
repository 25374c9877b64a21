"""Weight decay and penalties of two recipes: where they act, on what, and how strongly."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from crosscheck.ports.recipe import Recipe, same
from crosscheck.ports.supposition import Supposition, some


def of_decays(torch: Recipe, keras: Recipe) -> Iterator[Supposition]:
    """In what pulls weights towards zero, and how."""
    ours, theirs = torch.decay, keras.decay
    if not same(torch.penalty, keras.penalty):
        pulls = f"{_pull(keras.penalty)} in keras, {_pull(torch.penalty)} in torch"
        text = f"penalties in the loss pull besides: {pulls}"
        yield Supposition("l2.factor", text, lambda r: replace(r, penalty=keras.penalty))
    if not same(torch.lasso, keras.lasso):
        pulls = f"{_pull(keras.lasso)} in keras and {_pull(torch.lasso)} in torch"
        said = [name for name in (some(sorted(keras.lasso.keys() ^ torch.lasso.keys())),) if name]
        targets = bool(said and torch.lasso and keras.lasso)
        text = f"the penalty of absolute values (L1) is {pulls}" + (
            f", and not on {said[0]}" if targets else ""
        )
        name = "decay.targets" if targets else "decay.rate"
        yield Supposition(name, text, lambda r: replace(r, lasso=keras.lasso))
    rate = "l2.factor" if theirs.where == "penalty" else "decay.rate"
    if not ours.rates or not theirs.rates:
        if ours.rates or theirs.rates:
            text = f"weight decay is {_pull(theirs.rates)} in keras and {_pull(ours.rates)} in torch"
            yield Supposition(rate, text, lambda r: replace(r, decay=theirs))
        return
    names = theirs.rates.keys() | (ours.rates.keys() - keras.parameters)
    if names != ours.rates.keys():
        less, more = sorted(ours.rates.keys() - names), sorted(names - ours.rates.keys())
        said = [f"keras does not decay {some(less)}"] if less else []
        said += [f"only keras decays {some(more)}"] if more else []

        def aimed(recipe: Recipe) -> Recipe:
            usual = _usual(recipe.decay.rates)
            rates = {name: recipe.decay.rates.get(name, usual) for name in names}
            return replace(recipe, decay=replace(recipe.decay, rates=rates))

        yield Supposition("decay.targets", "; ".join(said), aimed)
    if not all(
        same(ours.rates[name], theirs.rates[name]) for name in ours.rates.keys() & theirs.rates.keys()
    ):

        def rated(recipe: Recipe) -> Recipe:
            usual = _usual(theirs.rates)
            rates = {name: theirs.rates.get(name, usual) for name in recipe.decay.rates}
            return replace(recipe, decay=replace(recipe.decay, rates=rates))

        text = f"weight decay is {_pull(theirs.rates)} in keras and {_pull(ours.rates)} in torch"
        if rate == "l2.factor":
            text += "; the gradient of keras' L2(l) is 2 l w"
        yield Supposition(rate, text, rated)
    clipped = {torch.clipping.kind, keras.clipping.kind} != {"none"}
    if ours.where != theirs.where and (clipped or {"decoupled", "own"} & {ours.where, theirs.where}):
        text = f"weight decay is {_WHERE[theirs.where]} in keras and {_WHERE[ours.where]} in torch"
        yield Supposition(
            "decay.coupling", text, lambda r: replace(r, decay=replace(r.decay, where=theirs.where))
        )


_WHERE = {
    "coupled": "added to the gradient (after clipping)",
    "decoupled": "taken off the weights (decoupled)",
    "penalty": "a term of the loss (and clipped with the gradient)",
    "own": "what the optimizer's own code makes of it",
}


def _usual(rates: Mapping[str, float]) -> float:
    values = list(rates.values())
    return max(values, key=values.count)


def _pull(rates: Mapping[str, float]) -> str:
    return ", ".join(dict.fromkeys(f"{rate:.6g}" for rate in sorted(rates.values()))) or "0"
