"""In what two recipes differ: each difference is a hypothesis, which can be tried out in PyTorch."""

from collections.abc import Iterator
from dataclasses import replace

from crosscheck.ports.recipe import Clipping, Recipe, same
from crosscheck.ports.recipe_decays import of_decays
from crosscheck.ports.recipe_rates import of_rates
from crosscheck.ports.recipe_rules import of_rules
from crosscheck.ports.supposition import Supposition, differs, some


def suppositions(torch: Recipe, keras: Recipe, steps: int) -> list[Supposition]:
    """Everything in which Keras' recipe is not PyTorch's, but for losses that no words say.

    Args:
        torch: the one, as `recipe.settled` leaves it.
        keras: the other.
        steps: how many are taken.
    """
    return [
        *_loss(torch, keras),
        *_frozen(torch, keras),
        *of_rates(torch, keras, steps),
        *of_rules(torch, keras, steps),
        *of_decays(torch, keras),
        *_clipping(torch.clipping, keras.clipping),
        *_frameworks(torch, keras),
    ]


def _loss(torch: Recipe, keras: Recipe) -> Iterator[Supposition]:
    ours, theirs = torch.loss, keras.loss
    if not (ours.known and theirs.known):
        return
    if ours.kind != theirs.kind:

        def other(recipe: Recipe) -> Recipe:
            about = replace(recipe.loss, kind=theirs.kind, takes=theirs.takes, delta=theirs.delta)
            return replace(recipe, loss=about)

        yield Supposition("loss.kind", differs("the loss", ours.kind, theirs.kind), other)
    elif ours.takes != theirs.takes:
        text = f"the loss takes {_taken(theirs.takes)} in keras and {_taken(ours.takes)} in torch"
        yield Supposition(
            "loss.from_logits", text, lambda r: replace(r, loss=replace(r.loss, takes=theirs.takes))
        )
    elif not same(ours.delta, theirs.delta):
        text = differs("delta of the loss", ours.delta, theirs.delta)
        yield Supposition("loss.kind", text, lambda r: replace(r, loss=replace(r.loss, delta=theirs.delta)))
    if ours.reduction != theirs.reduction:
        text = f"the loss is reduced by {theirs.reduction} in keras and by {ours.reduction} in torch"
        yield Supposition(
            "loss.reduction", text, lambda r: replace(r, loss=replace(r.loss, reduction=theirs.reduction))
        )
    if not same(ours.label_smoothing, theirs.label_smoothing):
        text = differs("label_smoothing", ours.label_smoothing, theirs.label_smoothing)
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
    said = [f"keras does not train {some(less)}"] if less else []
    said += [f"only keras trains {some(more)}"] if more else []
    said += [f"keras normalises by the moving moments of {some(sorted(keras.still))}"] if keras.still else []
    trained = (torch.trained - both) | theirs
    change = lambda r: replace(r, trained=trained, still=keras.still)  # noqa: E731
    # PORT: a frozen batch norm normalises by its moving moments in Keras, and by the batch in PyTorch.
    yield Supposition("norm.mode" if ours == theirs else "parameter.frozen", "; ".join(said), change)


def _clipping(ours: Clipping, theirs: Clipping) -> Iterator[Supposition]:
    if ours.kind != theirs.kind:
        kinds = (kind.replace("_", " ") for kind in (ours.kind, theirs.kind))
        text = differs("clipping", *(kind.replace("global norm", "by the norm of all") for kind in kinds))

        def cut(recipe: Recipe) -> Recipe:
            # Where one does not clip, there is no limit to keep.
            limit = theirs.limit if "none" in (ours.kind, theirs.kind) else recipe.clipping.limit
            return replace(recipe, clipping=Clipping(theirs.kind, limit, theirs.extra))

        yield Supposition("clipping.kind", text, cut)
    if "none" not in (ours.kind, theirs.kind) and not same(ours.limit, theirs.limit):
        text = differs("the limit of clipping", ours.limit, theirs.limit)
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
