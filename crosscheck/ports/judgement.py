"""Two models judged: layer by layer, and then by some steps of training if that is asked for."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from crosscheck.errors import CrosscheckError, SideError
from crosscheck.ports.comparison import KEY, Ports
from crosscheck.ports.complaints import in_one_line
from crosscheck.ports.report import Finding, Report, examine
from crosscheck.ports.training import TrainingComparison, compare_training
from crosscheck.ports.training_report import said_training, training_json
from crosscheck.sides import Sides

STEPS = 5
NOT_TRAINED = "The training steps were not compared: the models differ without them."


@dataclass(frozen=True)
class Question:
    """What is to be compared, and on what.

    Attributes:
        torch: "file.py:function" or "package.module:function" that returns the one model.
        keras: the same for the other.
        inputs: as PyTorch sees them.
        target: of the training steps; None if none are to be taken.
        steps: of training.
        given: the Keras path of PyTorch layers, where it is known.
        seed: of the weights.
        keep_weights: whether the models keep the weights that they come with.
        first_only: whether to stop behind the first divergence.
    """

    torch: str
    keras: str
    inputs: list[np.ndarray]
    target: np.ndarray | None = None
    steps: int = STEPS
    given: dict[str, str] = field(default_factory=dict)
    seed: int = 0
    keep_weights: bool = False
    first_only: bool = False


@dataclass(frozen=True)
class Judgement:
    """What was found.

    Attributes:
        report: of the models.
        training: of the training steps; None if they were not compared.
        asked: whether training steps were asked for.
        failure: why they could not be compared; empty if they were, or were not to be.
    """

    report: Report
    training: TrainingComparison | None = None
    asked: bool = False
    failure: str = ""

    @property
    def equal(self) -> bool:
        return self.report.equal and (self.training is None or self.training.equal)

    @property
    def whole(self) -> bool:
        """Whether all that was to be compared has been."""
        return self.report.whole and not self.failure

    @property
    def explained(self) -> bool:
        """Whether there is a finding for outputs that differ, and not only for settings."""
        outputs = [f for f in self.report.findings if isinstance(f, Finding) or f.identifier == "glue.order"]
        return self.report.comparison.equal or bool(outputs)

    def only(self, accepted: Collection[str]) -> bool:
        """Whether every difference has been explained, by these causes alone, and no step was left out."""
        found = [finding.identifiers if finding.confirmed else () for finding in self.report.findings]
        if self.training is not None and not self.training.equal:
            found.append(tuple(cause.identifier for cause in self.training.cause or ()))
        left_out = self.asked and self.training is None
        every = bool(found) and all(names and set(names) <= set(accepted) for names in found)
        return every and self.explained and not left_out

    def lines(self) -> list[str]:
        """The verdict, and what is behind it."""
        if self.training is not None:
            return [*self.report.lines(), *said_training(self.training)]
        return [*self.report.lines(), *([self.untrained] if self.asked else [])]

    def reasons(self) -> list[str]:
        """The same, and first of all that which is different."""
        if self.training is None or not self.report.equal:
            return self.lines()
        return [*said_training(self.training), *self.report.lines()]

    @property
    def untrained(self) -> str:
        """Why no training steps were compared."""
        return f"The training steps could not be compared: {self.failure}" if self.failure else NOT_TRAINED

    def as_json(self) -> dict[str, Any]:
        """Everything, for programs."""
        found = self.report.as_json()
        if not self.asked:
            return found
        if self.training is None:
            return found | {"training": {"verdict": "not compared", "why": self.untrained}}
        training = training_json(self.training)
        if self.training.first is not None:
            step, what = self.training.first
            found |= {
                "verdict": "different",
                "first_divergence": f"training step {step}: {what}",
                "cause": training["cause"],
            }
        return found | {"training": training}


def judge(sides: Sides, question: Question) -> Judgement:
    """Compare two models, and the training steps if the models are equal and a target is given.

    Raises:
        CrosscheckError: they cannot be compared; the message is one line.
    """
    try:
        ports = _opened(sides, question)
        if question.target is not None:
            _require_recipes(sides)
        report = examine(ports, question.first_only)
        if question.target is None or not report.equal:
            return Judgement(report, None, question.target is not None)
        try:
            return Judgement(report, compare_training(ports, question.target, question.steps), True)
        except SideError:
            raise
        except CrosscheckError as error:  # what was found before stands
            return Judgement(report, None, True, str(in_one_line(error)))
    except CrosscheckError as error:
        raise in_one_line(error) from None


def _opened(sides: Sides, question: Question) -> Ports:
    kept = {"keep_weights": True} if question.keep_weights else {}
    return Ports(
        sides, question.torch, question.keras, question.inputs, question.seed, question.given, **kept
    )


def _require_recipes(sides: Sides) -> None:
    """Better known before everything else is compared than after."""
    missing = {
        "torch": sides.torch.call("torch_impl.recipes:missing", KEY),
        "keras": sides.keras.call("keras_impl.recipes:missing", KEY),
    }
    lacking = [side for side, what in missing.items() if what]
    if len(lacking) == 2:
        raise CrosscheckError(
            "a target is given, and neither function returns what trains its model: "
            "let both return (model, optimizer, loss)"
        )
    for side in lacking:
        other = "keras" if side == "torch" else "torch"
        raise CrosscheckError(f"a target is given, and only {other} has what trains: {side}: {missing[side]}")
