"""A model on the table: its fixture, and what the three witnesses say about it."""

from functools import cached_property

import numpy as np

from crosscheck.layouts import Weights
from crosscheck.modes import stored
from crosscheck.parameters import trained_like_weights
from crosscheck.reference import losses
from crosscheck.sides import Both, Sides
from crosscheck.technique import Case, Technique
from crosscheck.verification.witnesses import Point, Witnesses, exact


class Subject(Witnesses):
    """A model under verification; arguments as for `Witnesses`."""

    def __init__(self, technique: Technique, case: Case, sides: Sides, seed: int = 0) -> None:
        super().__init__(technique, case, sides, seed)
        self.case = case
        self.parameters = dict(case.parameters)

    def drawn_anew(self, later: int) -> "Subject":
        """The same case with other weights and inputs, those of a later seed."""
        return Subject(self.technique, self.case, self.sides, self.seed + later)

    @cached_property
    def weights(self) -> Weights:
        """Trained-like, float64, every number exact in float32."""
        return trained_like_weights(self.parameters, self.seed)

    @cached_property
    def x(self) -> np.ndarray:
        """The input, float64, every number exact in float32."""
        generator = self.generator("input")
        x = exact(generator.normal(size=self.case.input_shape))
        return np.where(generator.random(x.shape) < self.case.zeros, 0.0, x) if self.case.zeros else x

    @cached_property
    def target(self) -> np.ndarray:
        """Class labels, or a target of the output's shape."""
        output = self.oracle_output(training=False)
        return draw_target(self.case, output.shape, self.generator("target"))

    def point(self) -> Point:
        """The weights and the input."""
        return self.weights, {"x": self.x}

    def ask(self, dtype: str, points: list[Point]) -> Both:
        """What both sides' adapters evaluate, see `evaluate` there."""
        target = self.target if self.target.dtype.kind == "i" else self.target.astype(stored(dtype))
        flat = [(weights, inputs["x"]) for weights, inputs in points]
        return self.sides.both("adapter:evaluate", *self.name, dtype, flat, target)

    def oracle_output(self, training: bool) -> np.ndarray:
        """What numpy says, in float64."""
        return self._oracle(training)[0]

    def oracle_buffers(self) -> Weights:
        """The buffers after a pass in training mode, as numpy says."""
        return self._oracle(True)[1]

    def oracle_loss(self, weights: Weights, x: np.ndarray) -> float:
        """The loss in training mode at any point, as numpy says."""
        output, _ = self.technique.oracle(self.case, weights, x, True)
        return loss_of(self.case, output, self.target)

    def _oracle(self, training: bool) -> tuple[np.ndarray, Weights]:
        return self._training if training else self._evaluation

    @cached_property
    def _evaluation(self) -> tuple[np.ndarray, Weights]:
        return self.technique.oracle(self.case, self.weights, self.x, False)

    @cached_property
    def _training(self) -> tuple[np.ndarray, Weights]:
        return self.technique.oracle(self.case, self.weights, self.x, True)


def loss_of(case: Case, output: np.ndarray, target: np.ndarray) -> float:
    """The case's loss by numpy."""
    if case.loss_oracle:
        return case.loss_oracle(output, target)
    function = losses.cross_entropy if case.loss == "cross_entropy" else losses.squared_error
    return function(output, target)


def draw_target(case: Case, shape: tuple[int, ...], generator: np.random.Generator) -> np.ndarray:
    """Something for the loss to compare an output of this shape with."""
    if case.loss_oracle:
        return generator.integers(0, case.classes, shape[:1])
    if case.loss == "cross_entropy":
        return generator.integers(0, shape[-1], shape[:-1])
    return exact(generator.normal(size=shape))
