"""What both frameworks say about a case, in either precision, asked only once."""

from abc import ABC, abstractmethod
from functools import cached_property
from typing import Any

import numpy as np

from crosscheck.layouts import Weights
from crosscheck.modes import MIXED
from crosscheck.sides import Both, Sides
from crosscheck.technique import AnyCase, Technique
from crosscheck.verification import allowance

Point = tuple[Weights, dict[str, np.ndarray]]


class Witnesses(ABC):
    """The results of both sides at a point, and at points a little beside it.

    A subclass says what the point is and how the sides are asked. Only what is smooth is asked beside
    the point.

    Args:
        technique: whose case it is.
        case: one of its cases.
        sides: both frameworks.
        seed: of weights and inputs.
    """

    perturbed = True

    def __init__(self, technique: Technique, case: AnyCase, sides: Sides, seed: int = 0) -> None:
        self.technique = technique
        self.sides = sides
        self.seed = seed
        self.name = (technique.name, case.name)

    @abstractmethod
    def point(self) -> Point:
        """Weights and inputs by name, float64, every number exact in float32."""

    @abstractmethod
    def ask(self, dtype: str, points: list[Point]) -> Both:
        """What both sides say at each point."""

    def results(self, dtype: str) -> Both:
        """The results of either side by name."""
        asked = {
            "float64": lambda: self._float64,
            "float32": lambda: self._float32,
            MIXED: lambda: self._mixed,
        }
        everything = asked[dtype]()
        return Both(everything.torch[0], everything.keras[0])

    def sensitivities(self, name: str) -> list[np.ndarray]:
        """How strongly a result hangs on its terms, on either side; see `allowance`."""
        return [
            allowance.sensitivity(side[0][name], [point[name] for point in side[1:]])
            if len(side) > 1
            else np.abs(side[0][name])
            for side in self._yardsticks(self._float64)
        ]

    def float32_allowance(self, name: str) -> np.ndarray:
        """How far the sides may be apart in float32, by how far each is from its own float64."""
        rough, fine = (self._yardsticks(found) for found in (self._float32, self._float64))
        errors = [r[0][name].astype(np.float64) - f[0][name] for r, f in zip(rough, fine, strict=True)]
        return allowance.by_own_rounding(fine[0][0][name], errors, self.sensitivities(name))

    def _yardsticks(self, found: Both) -> list[Any]:
        """Of the sides, those whose float64 can be measured by: that of Keras on torch is partly float32."""
        return [found.torch] if self.sides.backend == "torch" else list(found)

    def generator(self, purpose: str) -> np.random.Generator:
        """Random numbers of this seed for one purpose."""
        return np.random.default_rng([self.seed, *purpose.encode()])

    @cached_property
    def _float64(self) -> Both:
        generator = self.generator("perturbation")
        weights, inputs = self.point()
        points = [(weights, inputs)]
        for _ in range(allowance.PERTURBATIONS if self.perturbed else 0):
            moved = {name: allowance.perturbed(array, generator) for name, array in weights.items()}
            beside = {name: _beside(array, generator) for name, array in inputs.items()}
            points.append((moved, beside))
        return self.ask("float64", points)

    @cached_property
    def _float32(self) -> Both:
        weights, inputs = self.point()
        return self.ask("float32", [(_single(weights), _single(inputs))])

    @cached_property
    def _mixed(self) -> Both:
        weights, inputs = self.point()
        return self.ask(MIXED, [(_single(weights), _single(inputs))])


def exact(array: np.ndarray) -> np.ndarray:
    """The nearest numbers that float32 holds exactly, as float64."""
    return array.astype(np.float32).astype(np.float64)


def _single(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: a.astype(np.float32) if a.dtype == np.float64 else a for name, a in arrays.items()}


def _beside(array: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    return allowance.perturbed(array, generator) if array.dtype == np.float64 else array
