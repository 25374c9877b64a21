"""In what two recipes differ: each difference is a hypothesis, which can be tried out in PyTorch."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from crosscheck.ports.recipe import Clipping, Decay, Recipe, same

# By how many steps a schedule may be early or late.
OFFSETS = (1, -1, 2, -2, 3, -3)
# Fields of a rule: what a difference in them is called, in SGD and Adam, and what it is in words.
FIELDS = {
    "momentum": ("sgd.momentum", "momentum"),
    "dampening": ("sgd.momentum", "dampening"),
    "nesterov": ("sgd.nesterov", "nesterov"),
    "rate_inside": ("sgd.momentum_schedule", ""),
    "epsilon": ("adam.epsilon", "epsilon"),
    "placement": ("adam.epsilon_placement", ""),
    "amsgrad": ("adam.amsgrad", "amsgrad"),
    "centered": ("optimizer.kind", "centered"),
    "start": ("optimizer.kind", "initial_accumulator_value"),
    "momentum_decay": ("optimizer.kind", "momentum_decay"),
}
# Where a framework knows no other way, nobody did wrong.
TEXTS = {
    "rate_inside": "keras keeps the learning rate in the velocity, torch outside; with a learning rate that "
    "changes these are different rules",
    "placement": "epsilon stands {keras} in keras and {torch} in torch",
}
PLACES = {
    "beside_corrected": "beside the root of the corrected square",
    "beside": "beside the root of the uncorrected square",
    "inside": "inside the root",
}


@dataclass(frozen=True)
class Supposition:
    """One thing that trains the two models otherwise.

    Attributes:
        identifier: such as "adam.epsilon".
        text: what is so in Keras, and what in PyTorch.
        change: a recipe of PyTorch's into one that has this as Keras does.
        of_frameworks: whether it is so in any port, whatever the user does.
    """

    identifier: str
    text: str
    change: Callable[[Recipe], Recipe]
    of_frameworks: bool = False


def suppositions(torch: Recipe, keras: Recipe, steps: int) -> list[Supposition]:
    """Everything in which Keras' recipe is not PyTorch's; what no step shows is left out.

    Args:
        torch: the one, as `recipe.settled` leaves it.
        keras: the other.
        steps: how many are taken.
    """
    return [
        *_loss(torch, keras),
        *_frozen(torch, keras),
        *_rates(torch, keras, steps),
        *_rule(torch, keras, steps),
        *_decay(torch, keras),
        *_clipping(torch.clipping, keras.clipping),
        *_frameworks(torch, keras),
    ]


def _differs(what: str, torch: Any, keras: Any) -> str:
    return f"{what} is {_shown(keras)} in keras and {_shown(torch)} in torch"


def _shown(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _loss(torch: Recipe, keras: Recipe) -> Iterator[Supposition]:
    ours, theirs = torch.loss, keras.loss
    if ours.kind != theirs.kind:

        def other(recipe: Recipe) -> Recipe:
            about = replace(recipe.loss, kind=theirs.kind, takes=theirs.takes, delta=theirs.delta)
            return replace(recipe, loss=about)

        yield Supposition("loss.kind", _differs("the loss", ours.kind, theirs.kind), other)
    elif ours.takes != theirs.takes:
        text = f"the loss takes {_taken(theirs.takes)} in keras and {_taken(ours.takes)} in torch"
        yield Supposition(
            "loss.from_logits", text, lambda r: replace(r, loss=replace(r.loss, takes=theirs.takes))
        )
    elif not same(ours.delta, theirs.delta):
        text = _differs("delta of the loss", ours.delta, theirs.delta)
        yield Supposition("loss.kind", text, lambda r: replace(r, loss=replace(r.loss, delta=theirs.delta)))
    if ours.reduction != theirs.reduction:
        text = f"the loss is reduced by {theirs.reduction} in keras and by {ours.reduction} in torch"
        yield Supposition(
            "loss.reduction", text, lambda r: replace(r, loss=replace(r.loss, reduction=theirs.reduction))
        )
    if not same(ours.label_smoothing, theirs.label_smoothing):
        text = _differs("label_smoothing", ours.label_smoothing, theirs.label_smoothing)
        smoothing = theirs.label_smoothing
        yield Supposition(
            "loss.label_smoothing",
            text,
            lambda r: replace(r, loss=replace(r.loss, label_smoothing=smoothing)),
        )


def _taken(takes: str) -> str:
    return takes if takes in ("logits", "log_probabilities", "probabilities") else "probabilities (clipped)"


def _frozen(torch: Recipe, keras: Recipe) -> Iterator[Supposition]:
    both = torch.parameters & keras.parameters
    ours, theirs = torch.trained & both, keras.trained & both
    if ours == theirs and torch.still == keras.still:
        return
    less, more = sorted(ours - theirs), sorted(theirs - ours)
    said = [f"keras does not train {_some(less)}"] if less else []
    said += [f"only keras trains {_some(more)}"] if more else []
    said += [f"keras normalises by the moving moments of {_some(sorted(keras.still))}"] if keras.still else []
    trained = (torch.trained - both) | theirs
    change = lambda r: replace(r, trained=trained, still=keras.still)  # noqa: E731
    yield Supposition("parameter.frozen", "; ".join(said), change)


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _rates(torch: Recipe, keras: Recipe, steps: int) -> Iterator[Supposition]:
    ours, theirs = torch.rates, keras.rates
    if all(same(a, b) for a, b in zip(ours[:steps], theirs[:steps], strict=True)):
        return

    def change(recipe: Recipe) -> Recipe:
        return replace(recipe, rates=theirs)

    shift = _shift(ours, theirs[:steps])
    shown = f"{_few(theirs, steps)} in keras and {_few(ours, steps)} in torch"
    if shift:
        when = f"{_counted(abs(shift))} {'earlier' if shift > 0 else 'later'}"
        text = f"the learning rate changes {when} in keras: {shown}"
        yield Supposition("schedule.offset", text, change)
    elif all(a and same(theirs[0] / ours[0], b / a) for a, b in zip(ours[:steps], theirs, strict=False)):
        text = _differs("the learning rate", ours[0], theirs[0])
        yield Supposition("optimizer.learning_rate", text, change)
    else:
        yield Supposition("schedule.kind", f"the learning rates are {shown}", change)


def _shift(ours: tuple[float, ...], theirs: tuple[float, ...]) -> int:
    """So many steps earlier is Keras' schedule; 0 if it is not PyTorch's shifted."""
    for shift in OFFSETS:
        beside = [(ours[n + shift], rate) for n, rate in enumerate(theirs) if 0 <= n + shift < len(ours)]
        varied = not all(same(rate, beside[0][1]) for _, rate in beside)
        if varied and all(same(a, b) for a, b in beside):
            return shift
    return 0


def _counted(steps: int) -> str:
    return "1 step" if steps == 1 else f"{steps} steps"


def _few(rates: tuple[float, ...], steps: int) -> str:
    return ", ".join(f"{rate:.4g}" for rate in rates[: min(steps, 4)]) + (" ..." if steps > 4 else "")


def _rule(torch: Recipe, keras: Recipe, steps: int) -> Iterator[Supposition]:
    ours, theirs = torch.rule, keras.rule
    if ours.kind != theirs.kind:
        text = _differs("the optimizer", ours.kind, theirs.kind)
        yield Supposition("optimizer.kind", text, lambda r: replace(r, rule=theirs))
        return
    betas = ("beta_1", "beta_2", "power_1", "power_2")
    if not all(same(getattr(ours, name), getattr(theirs, name)) for name in betas):
        text = _differs("the pair of betas", (ours.beta_1, ours.beta_2), (theirs.beta_1, theirs.beta_2))
        if ours.kind == "rmsprop":
            text = _differs("rho (alpha in torch)", ours.beta_2, theirs.beta_2)
        wanted = {field: getattr(theirs, field) for field in betas}
        name = "optimizer.kind" if ours.kind == "rmsprop" else "adam.betas"
        yield Supposition(name, text, lambda r: replace(r, rule=replace(r.rule, **wanted)))
    constant = all(same(torch.rates[0], rate) for rate in (*torch.rates[:steps], *keras.rates[:steps]))
    for field, (name, words) in FIELDS.items():
        one, two = getattr(ours, field), getattr(theirs, field)
        if same(one, two) or (field == "rate_inside" and constant):
            continue
        text = TEXTS.get(field, _differs(words, one, two))
        text = text.format(keras=PLACES.get(two, two), torch=PLACES.get(one, one))
        if field == "placement" and ours.kind in ("rmsprop", "adagrad"):
            name = "optimizer.kind"
        yield Supposition(name, text, _rule_field(field, two), field in TEXTS)


def _rule_field(field: str, value: Any) -> Callable[[Recipe], Recipe]:
    return lambda recipe: replace(recipe, rule=replace(recipe.rule, **{field: value}))


def _decay(torch: Recipe, keras: Recipe) -> Iterator[Supposition]:
    ours, theirs, penalty = torch.decay, keras.decay, keras.penalty
    if penalty and not theirs.rates and ours.rates:
        theirs, penalty = Decay("penalty", penalty), {}  # the port of the weight decay
    if not same(torch.penalty, penalty):
        text = f"keras' regularizers pull besides: {_pull(penalty)}"
        yield Supposition("l2.factor", text, lambda r: replace(r, penalty=keras.penalty))
    rate = "l2.factor" if theirs.where == "penalty" else "decay.rate"
    if not ours.rates or not theirs.rates:
        if ours.rates or theirs.rates:
            text = f"weight decay is {_pull(theirs.rates)} in keras and {_pull(ours.rates)} in torch"
            yield Supposition(rate, text, lambda r: replace(r, decay=theirs))
        return
    names = theirs.rates.keys() | (ours.rates.keys() - keras.parameters)
    if names != ours.rates.keys():
        less, more = sorted(ours.rates.keys() - names), sorted(names - ours.rates.keys())
        said = [f"keras does not decay {_some(less)}"] if less else []
        said += [f"only keras decays {_some(more)}"] if more else []

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
    if ours.where != theirs.where and (clipped or "decoupled" in (ours.where, theirs.where)):
        text = f"weight decay is {_WHERE[theirs.where]} in keras and {_WHERE[ours.where]} in torch"
        yield Supposition(
            "decay.coupling", text, lambda r: replace(r, decay=replace(r.decay, where=theirs.where))
        )


_WHERE = {
    "coupled": "added to the gradient (after clipping)",
    "decoupled": "taken off the weights (decoupled)",
    "penalty": "a term of the loss (and clipped with the gradient)",
}


def _usual(rates: Mapping[str, float]) -> float:
    values = list(rates.values())
    return max(values, key=values.count)


def _pull(rates: Mapping[str, float]) -> str:
    return ", ".join(f"{rate:.6g}" for rate in sorted(set(rates.values()))) or "0"


def _clipping(ours: Clipping, theirs: Clipping) -> Iterator[Supposition]:
    if ours.kind != theirs.kind:
        kinds = (kind.replace("_", " ") for kind in (ours.kind, theirs.kind))
        text = _differs("clipping", *(kind.replace("global norm", "by the norm of all") for kind in kinds))

        def cut(recipe: Recipe) -> Recipe:
            # Where one does not clip, there is no limit to keep.
            limit = theirs.limit if "none" in (ours.kind, theirs.kind) else recipe.clipping.limit
            return replace(recipe, clipping=Clipping(theirs.kind, limit, theirs.extra))

        yield Supposition("clipping.kind", text, cut)
    if "none" not in (ours.kind, theirs.kind) and not same(ours.limit, theirs.limit):
        text = _differs("the limit of clipping", ours.limit, theirs.limit)
        yield Supposition(
            "clipping.limit", text, lambda r: replace(r, clipping=replace(r.clipping, limit=theirs.limit))
        )


def _frameworks(torch: Recipe, keras: Recipe) -> Iterator[Supposition]:
    if torch.second_biases and not keras.second_biases:
        text = "torch trains two biases where keras has one: what is their sum moves twice as far"
        change = lambda r: replace(r, second_biases=False)  # noqa: E731
        yield Supposition("recurrent.two_biases", text, change, True)
    if keras.sparse and (torch.rule.kind != "sgd" or torch.clipping.kind != "none"):
        text = (
            "keras on tensorflow squares (and clips) the gradients of an embedding at each place where a row "
            "is looked up, and not their sum"
        )
        yield Supposition("embedding.repeated_rows", text, lambda r: replace(r, sparse=keras.sparse), True)
