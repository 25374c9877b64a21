"""A case on the table: its fixture, and what the three witnesses say about it (asked only once)."""

from functools import cached_property

import numpy as np

from crosscheck.layouts import Weights
from crosscheck.parameters import trained_like_weights
from crosscheck.reference import losses
from crosscheck.sides import Both, Sides
from crosscheck.technique import Case, Technique
from crosscheck.verification import allowance


class Subject:
    """A case under verification.

    Args:
        technique: see there.
        case: one of its cases.
        sides: both frameworks.
        seed: of weights and inputs.
    """

    def __init__(self, technique: Technique, case: Case, sides: Sides, seed: int = 0) -> None:
        self.technique = technique
        self.case = case
        self.sides = sides
        self.seed = seed
        self.parameters = dict(case.parameters)

    @cached_property
    def weights(self) -> Weights:
        """Trained-like, float64, every number exact in float32."""
        return trained_like_weights(self.parameters, self.seed)

    @cached_property
    def x(self) -> np.ndarray:
        """The input, float64, every number exact in float32."""
        return _exact(self._generator("input").normal(size=self.case.input_shape))

    @cached_property
    def target(self) -> np.ndarray:
        """Class labels, or a target of the output's shape."""
        output = self.oracle_output(training=False)
        return draw_target(self.case, output.shape, self._generator("target"))

    def oracle_output(self, training: bool) -> np.ndarray:
        """What numpy says, in float64."""
        return self.technique.oracle(self.case, self.weights, self.x, training)[0]

    def oracle_buffers(self) -> Weights:
        """The buffers after a pass in training mode, as numpy says."""
        return self.technique.oracle(self.case, self.weights, self.x, True)[1]

    def oracle_loss(self, weights: Weights, x: np.ndarray) -> float:
        """The loss in training mode at any point, as numpy says."""
        output, _ = self.technique.oracle(self.case, weights, x, True)
        return loss_of(self.case, output, self.target)

    def results(self, dtype: str) -> Both:
        """What both sides' adapters evaluate, see `evaluate` there."""
        everything = self._evaluations(dtype)
        return Both(everything.torch[0], everything.keras[0])

    def sensitivities(self, name: str) -> list[np.ndarray]:
        """How strongly a result hangs on its terms, on either side; see `allowance`."""
        return [
            allowance.sensitivity(side[0][name], [point[name] for point in side[1:]])
            for side in self._evaluations("float64")
        ]

    def _evaluations(self, dtype: str) -> Both:
        return self._float64 if dtype == "float64" else self._float32

    @cached_property
    def _float64(self) -> Both:
        generator = self._generator("perturbation")
        points = [(self.weights, self.x)]
        for _ in range(allowance.PERTURBATIONS):
            moved = {name: allowance.perturbed(array, generator) for name, array in self.weights.items()}
            points.append((moved, allowance.perturbed(self.x, generator)))
        return self._evaluate("float64", points, self.target)

    @cached_property
    def _float32(self) -> Both:
        weights = {name: array.astype(np.float32) for name, array in self.weights.items()}
        target = self.target if self.case.loss == "cross_entropy" else self.target.astype(np.float32)
        return self._evaluate("float32", [(weights, self.x.astype(np.float32))], target)

    def _evaluate(self, dtype: str, points: list[tuple[Weights, np.ndarray]], target: np.ndarray) -> Both:
        return self.sides.both("adapter:evaluate", self.technique.name, self.case.name, dtype, points, target)

    def _generator(self, purpose: str) -> np.random.Generator:
        return np.random.default_rng([self.seed, *purpose.encode()])


def loss_of(case: Case, output: np.ndarray, target: np.ndarray) -> float:
    """The case's loss by numpy."""
    function = losses.cross_entropy if case.loss == "cross_entropy" else losses.squared_error
    return function(output, target)


def draw_target(case: Case, shape: tuple[int, ...], generator: np.random.Generator) -> np.ndarray:
    """Something for the loss to compare an output of this shape with."""
    if case.loss == "cross_entropy":
        return generator.integers(0, shape[-1], shape[:-1])
    return _exact(generator.normal(size=shape))


def _exact(array: np.ndarray) -> np.ndarray:
    return array.astype(np.float32).astype(np.float64)
