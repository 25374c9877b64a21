"""The optimizers of two recipes: numbers that differ, and rules that do."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from crosscheck.ports.recipe import FORMULAS, Recipe, Rule, same
from crosscheck.ports.supposition import Supposition, differs

# Numbers of a rule: what a difference in them is called, in SGD and Adam, and what it is in words.
NUMBERS = {
    "momentum": ("sgd.momentum", "momentum"),
    "dampening": ("sgd.momentum", "dampening"),
    "nesterov": ("sgd.nesterov", "nesterov"),
    "epsilon": ("adam.epsilon", "epsilon"),
    "amsgrad": ("adam.amsgrad", "amsgrad"),
    "centered": ("optimizer.kind", "centered"),
    "start": ("optimizer.kind", "initial_accumulator_value"),
    "momentum_decay": ("optimizer.kind", "momentum_decay"),
}
BETAS = ("beta_1", "beta_2", "power_1", "power_2")
PLACES = {
    "beside_corrected": "beside the root of the corrected square",
    "beside": "beside the root of the uncorrected square",
    "inside": "inside the root",
    "within": "within the maximum",
    "behind": "behind the maximum",
}


def of_rules(torch: Recipe, keras: Recipe, steps: int) -> Iterator[Supposition]:
    """In what the optimizers differ; what no step shows is left out."""
    ours, theirs = torch.rule, keras.rule
    own = bool(ours.written or theirs.written)
    if torch.momenta:
        yield _cycled(torch, keras)
    if ours.kind == theirs.kind or own:
        yield from _numbers(ours, theirs, bool(torch.momenta))
    if ours.kind == theirs.kind and not own:
        yield from _structure(torch, keras, steps)
    elif ours.kind != theirs.kind or ours.written:
        redone = theirs.kind in FORMULAS and not theirs.written
        change: Callable[[Recipe], Recipe] | None = None
        if redone:
            change = lambda r: replace(r, rule=theirs, momenta=())  # noqa: E731
        yield Supposition("optimizer.kind", differs("the optimizer", ours.name, theirs.name), change)


def _cycled(torch: Recipe, keras: Recipe) -> Supposition:
    """PyTorch's schedule moves the momentum, too."""
    beta = "beta_1" in torch.rule.said
    there = keras.rule.beta_1 if beta else keras.rule.momentum
    shown = ", ".join(f"{momentum:.4g}" for momentum in torch.momenta[:4])
    power, name = keras.rule.power_1, "beta_1" if beta else "momentum"

    def still(recipe: Recipe) -> Recipe:
        kept = (
            replace(recipe.rule, beta_1=there, power_1=power)
            if beta
            else replace(recipe.rule, momentum=there)
        )
        return replace(recipe, momenta=(), rule=kept)

    text = f"{name} stays {there:.6g} in keras, and torch's schedule changes it: {shown} ..."
    return Supposition("adam.betas" if beta else "sgd.momentum", text, still)


def _numbers(ours: Rule, theirs: Rule, cycled: bool) -> Iterator[Supposition]:
    said = ours.said & theirs.said
    betas = [name for name in ("beta_1", "beta_2") if name in said]
    asked = [name for name in BETAS if name.replace("power", "beta") in said]
    if not all(same(getattr(ours, name), getattr(theirs, name)) for name in asked) and not (
        cycled and same(ours.beta_2, theirs.beta_2)
    ):
        one, two = (tuple(getattr(rule, name) for name in betas) for rule in (ours, theirs))
        if "beta_1" in betas:
            name, text = "adam.betas", differs("the pair of betas", one, two)
        else:
            name, text = "optimizer.kind", differs("rho (alpha in torch)", one[0], two[0])
        wanted = {field: getattr(theirs, field) for field in asked}
        yield Supposition(name, text, lambda r: replace(r, rule=replace(r.rule, **wanted)))
    for field, (name, words) in NUMBERS.items():
        one, two = getattr(ours, field), getattr(theirs, field)
        if field in said and not same(one, two) and not (field == "momentum" and cycled):
            yield Supposition(name, differs(words, one, two), _with(field, two))


def _structure(torch: Recipe, keras: Recipe, steps: int) -> Iterator[Supposition]:
    """Where a framework knows no other way, nobody did wrong."""
    ours, theirs = torch.rule, keras.rule
    constant = all(same(torch.rates[0], rate) for rate in (*torch.rates[:steps], *keras.rates[:steps]))
    if ours.rate_inside != theirs.rate_inside and not (constant and not torch.momenta):
        text = (
            "keras keeps the learning rate in the velocity, torch outside; with a learning rate that "
            "changes these are different rules"
        )
        yield Supposition("sgd.momentum_schedule", text, _with("rate_inside", theirs.rate_inside), True)
    if ours.placement != theirs.placement:
        text = f"epsilon stands {PLACES[theirs.placement]} in keras and {PLACES[ours.placement]} in torch"
        name = "optimizer.kind" if ours.kind in ("rmsprop", "adagrad") else "adam.epsilon_placement"
        yield Supposition(name, text, _with("placement", theirs.placement), True)


def _with(field: str, value: Any) -> Callable[[Recipe], Recipe]:
    return lambda recipe: replace(recipe, rule=replace(recipe.rule, **{field: value}))
