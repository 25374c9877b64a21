"""The gradient judged by a third party: a directional finite difference of the numpy oracle.

Two frameworks can agree on a wrong gradient. The oracle has no gradient of its own to get wrong;
its loss is evaluated on either side of the point, along one random direction through all
parameters and the input at once.
"""

from collections.abc import Iterator

import numpy as np

from crosscheck.compare import compare, failed
from crosscheck.layouts import Weights
from crosscheck.verification import allowance
from crosscheck.verification.rows import Finding
from crosscheck.verification.subject import Subject

STEP = 2.0**-21
# A direction along which the loss has a kink (a ReLU or a maximum changes over within the step)
# has no derivative to compare; it shows by the estimate depending on the step.
SHARPEST = 1e-4
DIRECTIONS = 5


def finite_difference(subject: Subject, dtype: str) -> Iterator[Finding]:
    """Each side's gradient along a random direction, against the oracle's slope; float64 only."""
    if dtype != "float64":  # a finite difference of float32 numbers says nothing
        return
    for number in range(DIRECTIONS):
        direction = _direction(subject, number)
        fine, coarse = (_slope(subject, direction, step) for step in (STEP, 2 * STEP))
        # The error of a central difference falls by four when the step is halved; what is left is
        # the rounding of the two losses.
        rounding = np.nanmin([s.max() for s in subject.sensitivities("loss")]) * np.finfo(np.float64).eps
        allowed = 2 * abs(fine - coarse) + allowance.FLOAT64_FACTOR * rounding / STEP
        if allowed <= SHARPEST * abs(fine):
            break
    else:
        reason = f"the oracle's loss has kinks along all {DIRECTIONS} directions that were tried"
        yield "finite_difference/torch", failed(reason)
        yield "finite_difference/keras", failed(reason)
        return
    for side, results in zip(("torch", "keras"), subject.results(dtype), strict=True):
        along = sum(
            float((results["input_gradient" if name == "" else f"gradient/{name}"] * part).sum())
            for name, part in direction.items()
        )
        yield f"finite_difference/{side}", compare(np.array(along), np.array(fine), allowed)


def _direction(subject: Subject, number: int) -> Weights:
    """A step for every trainable tensor, as large as the tensor typically is; "" is the input."""
    generator = np.random.default_rng([subject.seed, number])
    tensors = {name: subject.weights[name] for name, p in subject.parameters.items() if p.trainable}
    direction = {
        name: generator.normal(size=array.shape) * np.sqrt(np.mean(array**2))
        for name, array in (tensors | {"": subject.x}).items()
    }
    # Zeros are put into an input because something has a kink there, and a kink has no slope.
    direction[""] = direction[""] * (subject.x != 0)
    return direction


def _slope(subject: Subject, direction: Weights, step: float) -> float:
    return (_loss_at(subject, direction, step) - _loss_at(subject, direction, -step)) / (2 * step)


def _loss_at(subject: Subject, direction: Weights, step: float) -> float:
    weights = dict(subject.weights)
    for name, part in direction.items():
        if name:
            weights[name] = weights[name] + step * part
    return subject.oracle_loss(weights, subject.x + step * direction[""])
