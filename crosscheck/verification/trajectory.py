"""Training trajectories: the same weights, the same batches, step by step on both sides.

Float64: losses and weights stay within a relative 1e-12 of each other.

Float32: training amplifies rounding, and no fixed tolerance is right for long. The yardstick is
PyTorch against itself, begun from weights that are moved by one unit in the last place (its
twins): a port is right when the frameworks part no faster than the reference parts from its twins.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from crosscheck.compare import compare
from crosscheck.data import batches
from crosscheck.data.dataset import Dataset
from crosscheck.layouts import Weights
from crosscheck.optimizers import SGD
from crosscheck.parameters import initial_weights
from crosscheck.verification.rows import Finding
from crosscheck.verification.subject import Subject, draw_target

OPTIMIZER = SGD(learning_rate=0.01, momentum=0.9)
BATCH_SIZE = 8
RELATIVE = 1e-12
TWINS = 3
# How many times as far as the farthest twin the other framework may be.
TWIN_FACTOR = 4.0


@dataclass(frozen=True)
class Course:
    """What a trajectory is run on.

    Attributes:
        dataset: images for the cases that take images of their size; others get random batches.
        steps: of the optimizer.
    """

    dataset: Dataset
    steps: int


def trajectory(subject: Subject, dtype: str, course: Course) -> Iterator[Finding]:
    """The loss of every step and the weights after the last, on both sides."""
    x, y = _batches(subject, course, dtype)
    start = {n: w.astype(dtype) for n, w in initial_weights(subject.parameters, subject.seed).items()}
    case = (subject.technique.name, subject.case.name, dtype, OPTIMIZER)
    twins = [] if dtype == "float64" else [_twin(start, number) for number in range(TWINS)]
    torch, keras = subject.sides.each(
        "training:trajectory", (*case, [start, *twins], x, y), (*case, [start], x, y)
    )
    (losses, weights), (keras_losses, keras_weights) = torch[0], keras[0]
    if dtype == "float64":
        allowed = RELATIVE * np.abs(losses)
    else:
        parted = np.max([np.abs(twin - losses) for twin, _ in torch[1:]], axis=0)
        # How far they were apart at most so far: two courses may cross by chance.
        allowed = _yardstick(np.maximum.accumulate(parted), losses)
    yield "trajectory/loss", compare(losses, keras_losses, allowed)
    for name, value in weights.items():
        if dtype == "float64":
            # Relative to the tensor: an element may be zero by chance.
            allowed = RELATIVE * np.maximum(np.abs(value), np.sqrt(np.mean(value**2)))
        else:
            parted = np.max([np.abs(twin[name] - value) for _, twin in torch[1:]], axis=0)
            # The farthest element: which one it is, is chance.
            allowed = _yardstick(np.max(parted), value)
        yield f"trajectory/{name}", compare(value, keras_weights[name], allowed)


def _yardstick(parted: np.ndarray | float, value: np.ndarray) -> np.ndarray:
    return TWIN_FACTOR * np.maximum(parted, np.finfo(np.float32).eps * np.abs(value)).astype(np.float64)


def _twin(weights: Weights, number: int) -> Weights:
    """The same weights, each moved to the next float32 above or below."""
    generator = np.random.default_rng([number, 1])
    return {
        name: np.nextafter(
            array, np.where(generator.random(array.shape) < 0.5, -np.inf, np.inf), dtype=array.dtype
        )
        for name, array in weights.items()
    }


def _batches(subject: Subject, course: Course, dtype: str) -> tuple[np.ndarray, np.ndarray]:
    size = subject.case.input_shape[1:]
    if size == course.dataset.train.images.shape[1:] and subject.case.loss == "cross_entropy":
        order = batches.epoch_order(len(course.dataset.train), subject.seed, epoch=1)
        indices = np.resize(order, course.steps * BATCH_SIZE).reshape(course.steps, BATCH_SIZE)
        return batches.gather(course.dataset.train, indices, 0.5, 0.5, dtype)
    generator = np.random.default_rng([subject.seed, 2])
    x = generator.normal(size=(course.steps, BATCH_SIZE, *size)).astype(np.float32).astype(dtype)
    output = subject.oracle_output(training=False)
    y = draw_target(subject.case, (course.steps * BATCH_SIZE, *output.shape[1:]), generator)
    y = y.reshape(course.steps, BATCH_SIZE, *y.shape[1:])
    return x, y if subject.case.loss == "cross_entropy" else y.astype(dtype)
