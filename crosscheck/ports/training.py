"""Some steps of training by the user's own optimizers and losses, compared, and why they part."""

from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np

from crosscheck.layouts import Weights
from crosscheck.ports import copying
from crosscheck.ports.comparison import KEY, Ports
from crosscheck.ports.recipe import Recipe, Steps, settled
from crosscheck.ports.recipe_differences import Supposition, suppositions
from crosscheck.ports.training_steps import (
    DOUBLE,
    SINGLE,
    Precision,
    StepParted,
    allowed_by,
    first_parting,
    idle,
    largest,
    parted,
)

# Emulating PyTorch's own recipe must give what PyTorch gave (whose Nadam keeps a product in float32).
UNDERSTOOD = 1e-7
MOST_AT_ONCE, MOST = 3, 10


@dataclass(frozen=True)
class TrainingComparison:
    """What some steps of training showed.

    Attributes:
        steps: of both, against each other.
        allowed: the errors that rounding may make.
        recipes: what trains the models, as read from PyTorch and from Keras.
        differences: everything in which the recipes differ.
        cause: those that explain what is seen; None if none do.
        after: the largest error with the cause done so in PyTorch as well.
        understood: whether PyTorch's own course could be done again from its recipe.
        noise: parameters that rounding alone moves about, which are not compared.
        everything: largest error when PyTorch is trained by all of Keras' recipe; NaN if that was not tried.
    """

    steps: tuple[StepParted, ...]
    allowed: tuple[StepParted, ...]
    recipes: tuple[Recipe, Recipe]
    differences: tuple[Supposition, ...]
    cause: tuple[Supposition, ...] | None = None
    after: float = float("nan")
    understood: bool = True
    noise: tuple[str, ...] = ()
    everything: float = float("nan")

    @property
    def equal(self) -> bool:
        return self.first is None

    @property
    def first(self) -> tuple[int, str] | None:
        """The first step (from 1) at which they part, and what does: "loss", or the name of a parameter."""
        return first_parting(self.steps, self.allowed)


class _Courses:
    """Both sides' courses of training in terms of PyTorch's names and layouts."""

    def __init__(self, ports: Ports, target: np.ndarray, steps: int) -> None:
        self.ports, self.steps = ports, steps
        self.held, self.there = copying.names(ports.pairs)
        self.rows = ports.rows
        self.precision = DOUBLE if ports.sides.backend == "tensorflow" else SINGLE
        self.torch = (KEY, ports.inputs, target, self.held)
        self.keras = (KEY, ports.keras_inputs, target, self.there)

    def both(self, function: str) -> tuple[Any, Any]:
        """What a function of `recipes.py` says on either side."""
        torch = self.ports.sides.torch.submit(f"torch_impl.recipes:{function}", *self.torch, self.steps)
        keras = self.ports.sides.keras.submit(f"keras_impl.recipes:{function}", *self.keras, self.steps)
        try:
            found = self.ports.sides.torch.result(torch)
        finally:
            there = self.ports.sides.keras.result(keras)
        if function == "train":
            there = Steps(there.losses, tuple(self.rows.from_keras(weights) for weights in there.weights))
        return found, there

    def emulated(self, recipe: Recipe, steps: int = 0) -> Steps:
        """PyTorch's model trained by a recipe."""
        course = (*self.torch, steps or self.steps, recipe)
        return self.ports.sides.torch.call("torch_impl.retraining:emulate", *course)

    def nudged(self, weights: Weights, precision: Precision) -> Steps:
        """PyTorch's course when it begins with other last digits: rounding as training amplifies it."""
        generator, digit = np.random.default_rng(0), precision.digit
        moved = {n: w * (1 + digit * generator.choice((-1, 1), w.shape)) for n, w in weights.items()}
        side = self.ports.sides.torch
        side.call("torch_impl.trace:set_weights", KEY, self.held, moved)
        try:
            return side.call("torch_impl.recipes:train", *self.torch, self.steps)
        finally:
            side.call("torch_impl.trace:set_weights", KEY, self.held, weights)

    def parted(self, torch: Steps, keras: Steps, names: list[str]) -> list[StepParted]:
        """How far apart they are, as exactly as Keras computes."""
        return parted(torch, keras, names, self.precision)


def compare_training(ports: Ports, target: np.ndarray, steps: int) -> TrainingComparison:
    """Train both models for some steps, from the same weights and on the same batch.

    Keras is held against PyTorch with hyper-parameters rounded as Keras rounds them, where these can be read.

    Raises:
        CrosscheckError: a model has no optimizer or no loss.
    """
    courses = _Courses(ports, target, steps)
    recipes = courses.both("recipe")
    torch, keras = courses.both("train")
    names = sorted(name for name in recipes[0].parameters if name in courses.held)
    standard = settled(*recipes)
    nudged = courses.nudged(torch.weights[0], DOUBLE)
    left = idle(torch, nudged, names, courses.precision)
    names = [name for name in names if name not in left]
    own = parted(torch, nudged, names)
    understood = recipes[0].known and not first_parting(
        parted(torch, courses.emulated(recipes[0]), names), allowed_by(own, UNDERSTOOD)
    )
    if courses.precision is SINGLE:
        own = parted(torch, courses.nudged(torch.weights[0], SINGLE), names, SINGLE)
    allowed = allowed_by(own, courses.precision.tolerance)
    expected = courses.emulated(standard) if understood else torch
    found = tuple(suppositions(standard, recipes[1], steps))
    comparison = TrainingComparison(
        tuple(courses.parted(expected, keras, names)),
        allowed,
        recipes,
        found,
        understood=understood,
        noise=tuple(left),
    )
    if comparison.equal or not understood:
        return comparison
    return _diagnosed(comparison, courses, standard, keras, names)


def _diagnosed(
    comparison: TrainingComparison, courses: _Courses, standard: Recipe, keras: Steps, names: list[str]
) -> TrainingComparison:
    """With the smallest set of differences that explains what is seen."""
    allowed, first = comparison.allowed, comparison.first
    until = first[0] if first else 1
    for size in range(1, MOST_AT_ONCE + 1):
        for chosen in combinations(comparison.differences[:MOST], size):
            recipe = standard
            for supposition in chosen:
                recipe = supposition.change(recipe)
            if not recipe.known:
                continue
            # Most fail where the models part first, and need no more steps than that.
            if first_parting(courses.parted(courses.emulated(recipe, until), keras, names), allowed):
                continue
            errors = courses.parted(courses.emulated(recipe), keras, names)
            if not first_parting(errors, allowed):
                return replace(comparison, cause=chosen, after=largest(errors))
    theirs = comparison.recipes[1]
    others = standard.trained - theirs.parameters
    everything = replace(theirs, trained=theirs.trained | others)
    if not everything.known:
        return comparison
    return replace(comparison, everything=largest(courses.parted(courses.emulated(everything), keras, names)))


def said_training(comparison: TrainingComparison) -> list[str]:
    """The verdict, in lines."""
    steps = len(comparison.steps)
    lines = []
    if comparison.first is None:
        loss = max(step.loss for step in comparison.steps)
        name, error = max((step.worst for step in comparison.steps), key=lambda worst: worst[1])
        lines.append(
            f"Training is equal: over {steps} steps the losses agree to {loss:.1e} and the changes of the "
            f"weights to {error:.1e}{f' ({name})' if name else ''}."
        )
    else:
        lines += _difference(comparison, *comparison.first)
    if comparison.noise:
        lines.append(f"Moved by rounding alone, and not compared: {', '.join(comparison.noise[:6])}.")
    if not comparison.understood:
        lines.append(
            "PyTorch's course could not be done again from what was read of its optimizer and loss, so that "
            f"no cause can be tried{_unread(comparison)}; differences near 1e-5 may come from "
            "hyper-parameters that Keras passes through float32."
        )
    return lines


def _difference(comparison: TrainingComparison, step: int, what: str) -> list[str]:
    parted = comparison.steps[step - 1]
    error = parted.loss if what == "loss" else parted.changes[what]
    meaning = {
        (True, True): "the loss itself is another one",
        (True, False): "gradients, clipping, weight decay or the optimizer's rule differ",
    }.get((step == 1, what == "loss"), "the first step was equal: a schedule, momentum or epsilon differs")
    where = f"the {what}" if what == "loss" else f"the change of {what}"
    lines = [f"Training differs: at step {step} {where} is {error:.1e} apart ({meaning})."]
    if comparison.cause is not None:
        causes = "; ".join(f"{cause.text} [{cause.identifier}]" for cause in comparison.cause)
        lines.append(
            f"Cause: {causes} (done so in torch, too, the difference falls to {comparison.after:.1e})."
        )
        ours = [cause.identifier for cause in comparison.cause if cause.of_frameworks]
        if ours:
            lines.append(f"Of the frameworks themselves, whatever a port does: {', '.join(ours)}.")
        return lines
    if comparison.understood:
        texts = "; ".join(difference.text for difference in comparison.differences)
        lines.append(
            f"None of the known mistakes explains it. What differs: {texts or 'nothing that was read'}."
        )
        if np.isfinite(comparison.everything):
            lines.append(
                f"With all of Keras' recipe in torch they are {comparison.everything:.1e} apart: "
                + (
                    "more than three things differ."
                    if not comparison.everything > SINGLE.tolerance
                    else "it is in the models, or in what could not be read."
                )
            )
        elif comparison.recipes[1].unread or not comparison.recipes[1].known:
            lines.append(f"What Keras does could not be read{_unread(comparison)}.")
    return lines


def _unread(comparison: TrainingComparison) -> str:
    found = []
    for side, recipe in zip(("torch", "keras"), comparison.recipes, strict=True):
        kinds = [kind.strip("?") for kind in (recipe.loss.kind, recipe.rule.kind) if kind.startswith("?")]
        found += [f"{side}: {what}" for what in (*kinds, *recipe.unread)]
    return f" ({', '.join(found)})" if found else ""


def training_json(comparison: TrainingComparison) -> dict[str, Any]:
    """Everything, for programs."""
    first = comparison.first
    return {
        "verdict": "equal" if comparison.equal else "different",
        "first": {"step": first[0], "what": first[1]} if first else None,
        "cause": [c.identifier for c in comparison.cause] if comparison.cause else None,
        "of_frameworks": [c.identifier for c in comparison.cause or () if c.of_frameworks],
        "differences": [{"identifier": d.identifier, "text": d.text} for d in comparison.differences],
        "understood": comparison.understood,
        "steps": [
            {"loss": _number(s.loss), "parameter": s.worst[0], "change": _number(s.worst[1])}
            for s in comparison.steps
        ],
        "learning_rates": {
            side: list(recipe.rates[: len(comparison.steps)])
            for side, recipe in zip(("torch", "keras"), comparison.recipes, strict=True)
        },
    }


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
