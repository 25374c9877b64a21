"""Some steps of training by the user's own optimizers and losses, compared, and why they part."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from crosscheck.errors import CallError
from crosscheck.ports.comparison import Ports
from crosscheck.ports.recipe import THEIRS, Loss, Recipe, Rule, Steps, roundings, settled
from crosscheck.ports.recipe_differences import suppositions
from crosscheck.ports.recipe_losses import of_losses, points, trusted
from crosscheck.ports.supposition import Supposition
from crosscheck.ports.training_courses import Courses
from crosscheck.ports.training_steps import (
    DOUBLE,
    SINGLE,
    StepParted,
    allowed_by,
    first_parting,
    idle,
    largest,
    parted,
    require_finite,
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
        telling: those of them that PyTorch's course shows.
        cause: those that explain what is seen; None if none do.
        after: the largest error with the cause done so in PyTorch as well.
        understood: whether PyTorch's own course could be done again from its recipe.
        noise: parameters that rounding alone moves about, which are not compared.
        everything: largest error when PyTorch is trained by all of Keras' recipe; NaN if that was not tried.
    """

    steps: tuple[StepParted, ...]
    allowed: tuple[StepParted, ...]
    recipes: tuple[Recipe, Recipe]
    differences: tuple[Supposition, ...] = ()
    telling: tuple[Supposition, ...] = ()
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


@dataclass(frozen=True)
class _Trial:
    """What hypotheses are tried with.

    Attributes:
        courses: of both sides.
        standard: PyTorch's recipe, as `recipe.settled` leaves it.
        roundings: what float32 may make of its numbers.
        keras: Keras' course.
        names: of the parameters that are compared.
        allowed: the errors that rounding may make.
    """

    courses: Courses
    standard: Recipe
    roundings: list[Callable[[Rule], Rule]]
    keras: Steps
    names: list[str]
    allowed: tuple[StepParted, ...]

    def emulated(self, recipe: Recipe, steps: int = 0) -> Iterator[Steps]:
        """PyTorch's course by a recipe, with its numbers rounded in each way."""
        for rounded in self.roundings:
            yield self.courses.emulated(replace(recipe, rule=rounded(recipe.rule)), steps)

    def nearest(self, recipe: Recipe) -> tuple[Steps, list[StepParted]]:
        """The first of these courses that is Keras', or the nearest one."""
        best: tuple[Steps, list[StepParted]] | None = None
        for steps in self.emulated(recipe):
            errors = self.courses.parted(steps, self.keras, self.names)
            if best is None or largest(errors) < largest(best[1]):
                best = steps, errors
            if not first_parting(errors, self.allowed):
                return steps, errors
        assert best is not None
        return best


def compare_training(ports: Ports, target: np.ndarray, steps: int) -> TrainingComparison:
    """Train both models for some steps, from the same weights and on the same batch.

    Keras is held against PyTorch with hyper-parameters rounded as Keras rounds them, where that is known, and
    as it may round them, where the code is the user's own.

    Raises:
        CrosscheckError: a model has no optimizer or no loss, or PyTorch's training diverges.
    """
    courses = Courses(ports, target, steps)
    recipes = courses.both("recipe")
    torch, keras = courses.both("train")
    require_finite(torch)
    recipes = replace(recipes[0], rates=(*torch.rates, *recipes[0].rates[steps:])), recipes[1]
    if recipes[0].more_in_loss:  # then nobody can tell a penalty from the rest of PyTorch's loss
        totals = tuple(a + b for a, b in zip(keras.losses, keras.penalties, strict=True))
        keras = replace(keras, losses=totals)
    names = sorted(name for name in recipes[0].parameters if name in courses.held)
    nudged = courses.nudged(torch.weights[0], DOUBLE)
    require_finite(nudged)
    left = idle(torch, nudged, names, courses.precision)
    names = [name for name in names if name not in left]
    own = parted(torch, nudged, names)
    exact = allowed_by(own, UNDERSTOOD)
    understood = not recipes[0].unread and not first_parting(
        parted(torch, courses.emulated(recipes[0]), names), exact
    )
    if courses.precision is SINGLE:
        own = parted(torch, courses.nudged(torch.weights[0], SINGLE), names, SINGLE)
    allowed = allowed_by(own, courses.precision.tolerance)
    standard = settled(*recipes)
    ways = roundings(standard.rule, recipes[1].rule)
    trial = _Trial(courses, standard, ways, keras, names, allowed)
    errors = trial.nearest(standard)[1] if understood else courses.parted(torch, keras, names)
    comparison = TrainingComparison(tuple(errors), allowed, recipes, understood=understood, noise=tuple(left))
    return comparison if comparison.equal or not understood else _diagnosed(comparison, trial)


def _diagnosed(comparison: TrainingComparison, trial: _Trial) -> TrainingComparison:
    """With the smallest set of differences that explains what is seen."""
    allowed, first = trial.allowed, comparison.first
    until = first[0] if first else 1
    theirs, found = _with_losses(comparison.recipes[1], trial)
    comparison = replace(comparison, differences=tuple(found), telling=tuple(found))
    tried = [supposition for supposition in found if supposition.change][:MOST]
    for size in range(1, MOST_AT_ONCE + 1):
        for chosen in combinations(tried, size):
            recipe = trial.standard
            for supposition in chosen:
                recipe = supposition.change(recipe)  # type: ignore[misc]
            # Most fail where the models part first, and need no more steps than that.
            begun = (trial.courses.parted(s, trial.keras, trial.names) for s in trial.emulated(recipe, until))
            if all(first_parting(errors, allowed) for errors in begun):
                continue
            _, errors = trial.nearest(recipe)
            if not first_parting(errors, allowed):
                return replace(comparison, cause=chosen, after=largest(errors))
    expected, _ = trial.nearest(trial.standard)
    telling = [s for s in found if s.change is None or _tells(s.change(trial.standard), expected, trial)]
    everything = replace(theirs, trained=theirs.trained | (trial.standard.trained - theirs.parameters))
    known = everything.loss.known or everything.loss.kind == THEIRS
    comparison = replace(comparison, telling=tuple(telling))
    if everything.unread or everything.rule.written or not known:
        return comparison
    return replace(comparison, everything=largest(trial.nearest(everything)[1]))


def _tells(recipe: Recipe, expected: Steps, trial: _Trial) -> bool:
    """Whether PyTorch's course by a recipe is another one than the expected."""
    return all(
        first_parting(trial.courses.parted(expected, steps, trial.names), trial.allowed)
        for steps in trial.emulated(recipe)
    )


def _with_losses(keras: Recipe, trial: _Trial) -> tuple[Recipe, list[Supposition]]:
    """Keras' recipe as it can be done in PyTorch, and all differences from PyTorch's."""
    torch, courses = trial.standard, trial.courses
    output, losses = courses.output(), list[Supposition]()
    if output is not None:
        try:
            outputs = points(output)
            theirs = courses.keras_losses(outputs)
            keras = trusted(courses, keras, outputs, theirs)
            losses = of_losses(courses, torch, keras, outputs, theirs)
        except CallError:  # a loss asks for more than an output
            output = None
    found = [*losses, *suppositions(torch, keras, courses.steps)]
    redone = output is not None and not keras.loss.known
    return (replace(keras, loss=Loss(THEIRS)) if redone else keras), found
