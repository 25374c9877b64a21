"""How far apart two short courses of training are, step by step."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from crosscheck.errors import CrosscheckError
from crosscheck.ports.recipe import Steps

# So much farther apart than PyTorch from itself, with weights moved by their last digit, the two may be.
AMPLIFIED = 10.0
# A parameter that in PyTorch moves less than this share of what all do stands still in float32.
STILL = 1e-5


@dataclass(frozen=True)
class Precision:
    """How exactly a side computes.

    Attributes:
        tolerance: of the loss, and of how far the weights have moved (not of the weights themselves).
        digit: relative size of the last digit.
        least: a parameter that moves less than this share of what all do is measured by that: rounding may
            move it.
    """

    tolerance: float
    digit: float
    least: float


DOUBLE = Precision(1e-6, 4e-16, 1e-2)
# On JAX and on PyTorch, Keras takes means in float32 even where everything is float64.
SINGLE = Precision(1e-5, 6e-8, 1.0)


@dataclass(frozen=True)
class StepParted:
    """How far two courses of training are apart at a step.

    Attributes:
        loss: relative error.
        changes: by parameter: error of how far it has moved since the beginning, relative to that.
    """

    loss: float
    changes: dict[str, float]

    @property
    def worst(self) -> tuple[str, float]:
        """The parameter with the largest error, and that."""
        return max(self.changes.items(), key=lambda item: item[1], default=("", 0.0))


def idle(torch: Steps, nudged: Steps, names: list[str], precision: Precision) -> list[str]:
    """Parameters that rounding alone moves: those whose true gradient is 0, as before a batch norm.

    Args:
        torch: a course.
        nudged: the same with other last digits.
        names: of the parameters.
        precision: of the side that this is to be compared with.
    """
    errors = parted(torch, nudged, names, DOUBLE)[0].changes
    found = {name for name in names if AMPLIFIED * errors[name] > DOUBLE.least}
    if precision is SINGLE:
        moves = {name: _rms(torch.weights[1][name] - torch.weights[0][name]) for name in names}
        size = _rms(np.array(list(moves.values())))
        found |= {name for name, move in moves.items() if 0 < move < STILL * size}
    return sorted(found)


def require_finite(torch: Steps) -> None:
    """Refuse a course of PyTorch's that nothing can be compared with.

    Raises:
        CrosscheckError: a loss or a weight in it is infinite, or no number.
    """
    for step, loss in enumerate(torch.losses, 1):
        weights = torch.weights[step] if step < len(torch.weights) else {}
        if not np.isfinite(loss) or not all(np.isfinite(weight).all() for weight in weights.values()):
            raise CrosscheckError(
                f"PyTorch's training is not finite at step {step}, so that nothing can be compared with it: "
                "lower the learning rate, or take fewer --steps"
            )


def parted(torch: Steps, keras: Steps, names: list[str], precision: Precision = DOUBLE) -> list[StepParted]:
    """How far apart two courses are at each step that both have."""
    found = []
    for step in range(min(len(torch.losses), len(keras.losses))):
        ours, theirs = torch.losses[step], keras.losses[step]
        error = abs(theirs - ours) / max(abs(ours), 1e-12)
        changes = {
            name: (
                torch.weights[step + 1][name] - torch.weights[0][name],
                keras.weights[step + 1][name] - keras.weights[0][name],
            )
            for name in names
        }
        size = _rms(np.concatenate([one.ravel() for one, _ in changes.values()])) if changes else 0.0
        apart = {name: _apart(one, two, precision.least * size) for name, (one, two) in changes.items()}
        found.append(StepParted(float(error) if np.isfinite(error) else float("inf"), apart))
    return found


def _apart(torch: np.ndarray, keras: np.ndarray, least: float) -> float:
    worst = float(np.max(np.abs(keras - torch), initial=0.0))
    if worst == 0:
        return 0.0
    size = max(_rms(torch), least)
    error = worst / size if size else float("inf")
    return error if np.isfinite(error) else float("inf")


def _rms(array: np.ndarray) -> float:
    return float(np.sqrt(np.mean(array**2))) if array.size else 0.0


def allowed_by(noise: Sequence[StepParted], least: float) -> tuple[StepParted, ...]:
    """The errors that rounding may make, from those it makes in PyTorch alone; never fewer than `least`."""
    return tuple(
        StepParted(
            max(least, AMPLIFIED * step.loss),
            {name: max(least, AMPLIFIED * error) for name, error in step.changes.items()},
        )
        for step in noise
    )


def first_parting(steps: Sequence[StepParted], allowed: Sequence[StepParted]) -> tuple[int, str] | None:
    """The first step (from 1) with an error that is not allowed, and where: "loss", or a parameter."""
    for number, (step, limit) in enumerate(zip(steps, allowed, strict=False), 1):
        if step.loss > limit.loss:
            return number, "loss"
        over = {name: error for name, error in step.changes.items() if error > limit.changes[name]}
        if over:
            return number, max(over, key=lambda name: over[name])
    return None


def largest(steps: Sequence[StepParted]) -> float:
    """The largest error of any step."""
    return max((max(step.loss, step.worst[1]) for step in steps), default=0.0)
