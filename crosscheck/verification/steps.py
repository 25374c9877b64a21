"""The checks of an optimizer: what it makes of given gradients, step by step, by all three witnesses."""

from collections.abc import Iterator
from functools import cached_property

import numpy as np

from crosscheck.compare import compare, failed
from crosscheck.layouts import Weights
from crosscheck.parameters import trained_like_weights
from crosscheck.reference.updates import updates
from crosscheck.sides import Both, Sides
from crosscheck.technique import Technique, Update
from crosscheck.verification.rows import Finding

# Rounding of a step is relative to the sizes of what it adds; the steps of one check are few.
FACTOR = 64.0


class Stepped:
    """An optimizer under verification.

    Args:
        technique: whose case it is.
        case: one of its optimizers.
        sides: both frameworks.
        seed: of weights and gradients.
    """

    def __init__(self, technique: Technique, case: Update, sides: Sides, seed: int = 0) -> None:
        self.technique = technique
        self.case = case
        self.sides = sides
        self.seed = seed

    @cached_property
    def weights(self) -> Weights:
        """To begin with; float64, every number exact in float32."""
        return trained_like_weights(dict(self.case.parameters), self.seed)

    @cached_property
    def gradients(self) -> list[Weights]:
        """Of each step: large and small ones, and a column that is always 0, as behind dead ReLUs."""
        generator = np.random.default_rng([self.seed, 7])
        steps = []
        for _ in range(self.case.steps):
            size = 10.0 ** generator.uniform(-3, 1)
            drawn = {n: size * generator.normal(size=w.shape) for n, w in self.weights.items()}
            for array in drawn.values():
                array[..., 0] = 0.0
            steps.append({name: array.astype(np.float32).astype(np.float64) for name, array in drawn.items()})
        return steps

    def after(self, dtype: str) -> Both:
        """The weights after each step, by either side."""
        cast = {name: array.astype(dtype) for name, array in self.weights.items()}
        gradients = [{name: array.astype(dtype) for name, array in step.items()} for step in self.gradients]
        parameters = dict(self.case.parameters)
        return self.sides.both("training:updates", parameters, dtype, self.case.optimizer, cast, gradients)


def closed_form(subject: Stepped, dtype: str) -> Iterator[Finding]:
    """The weights after every step against the formula, and against each other."""
    decayed = [name for name, parameter in subject.case.parameters.items() if parameter.decayed]
    formula = list(updates(subject.case.optimizer, decayed, subject.weights, subject.gradients))
    torch, keras = subject.after(dtype)
    for name, start in subject.weights.items():
        expected = np.stack([weights[name] for weights in formula])
        found = {}
        for side, course in (("torch", torch), ("keras", keras)):
            found[side] = np.stack([weights[name] for weights in course])
            if found[side].dtype != dtype:
                yield f"steps/{name}/{side}-oracle", failed(f"computed in {found[side].dtype}")
        # What a weight has been made of so far: where it came from and how far it has gone.
        travelled = np.abs(np.diff(expected, axis=0, prepend=start[None])).cumsum(axis=0)
        allowed = FACTOR * np.finfo(dtype).eps * (np.abs(start) + travelled)
        for side, course in found.items():
            yield f"steps/{name}/{side}-oracle", compare(course.astype(np.float64), expected, allowed)
        yield f"steps/{name}/torch-keras", compare(found["torch"], found["keras"], allowed)
