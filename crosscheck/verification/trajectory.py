"""Training trajectories: the same weights, the same batches, step by step on both sides.

Float64: losses and weights stay within a relative 1e-12 of each other.

Float32: training amplifies rounding, and no fixed tolerance is right for long. The yardstick is
each framework against itself, begun from weights that are moved by one unit in the last place (its
twins): a port is right when the frameworks part no faster than either parts from its twins. The
smaller of the two yardsticks counts, so that a side with noise of its own is not excused by it. But
a whole course is allowed no less than a single pass of it would be.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from crosscheck.compare import compare, middle
from crosscheck.data import batches
from crosscheck.data.dataset import Dataset
from crosscheck.layouts import Parameter, Weights
from crosscheck.parameters import initial_weights
from crosscheck.sides import Both
from crosscheck.technique import technique
from crosscheck.verification import allowance
from crosscheck.verification.rows import Finding
from crosscheck.verification.steps import Stepped
from crosscheck.verification.subject import Subject, draw_target

BATCH_SIZE = 8
RELATIVE = 1e-12
TWINS = 3
# How many times as far as the farthest twin the other framework may be. Correct ports were seen to
# be up to 2.5 times as far; a single course that a tipped maximum had set apart, thousands of times.
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


def net_trajectory(course: Course, subject: Stepped, dtype: str) -> Iterator[Finding]:
    """The trajectory of an optimizer's net."""
    name, case = subject.case.net or ("", "")
    net = replace(technique(name).model(case), optimizer=subject.case.optimizer)
    yield from trajectory(course, Subject(technique(name), net, subject.sides, subject.seed), dtype)


def trajectory(course: Course, subject: Subject, dtype: str) -> Iterator[Finding]:
    """The loss of every step and the weights after the last, on both sides.

    In float32 a last-place difference may tip a maximum or a ReLU over to its other branch, which
    sets one course apart at once, and its twins only if it happens to them too. So a float32 course
    that is over its allowance is joined by two others, on other weights and batches, and the
    middle one of the three counts: chance seldom strikes twice, a wrong port strikes every time.
    """
    courses = [dict(_course(subject, dtype, course, 0))]
    if dtype == "float32" and not all(found.passed for found in courses[0].values()):
        courses += [dict(_course(subject, dtype, course, number)) for number in (1, 2)]
    for name in courses[0]:
        yield name, middle([findings[name] for findings in courses])


def _course(subject: Subject, dtype: str, course: Course, number: int) -> Iterator[Finding]:
    seed = subject.seed + 1_000 * number
    x, y = _batches(subject, course, dtype, seed)
    case = (*subject.name, dtype, subject.case.optimizer)
    starts = beginnings(subject.parameters, dtype, seed)[: None if dtype == "float32" else 1]
    yield from judged(subject.sides.both("training:trajectory", *case, starts, x, y), dtype)


def beginnings(parameters: Mapping[str, Parameter], dtype: str, seed: int) -> list[Weights]:
    """Initial weights, followed by their twins."""
    start = {n: w.astype(dtype) for n, w in initial_weights(dict(parameters), seed).items()}
    return [start, *(_twin(start, number) for number in range(TWINS))]


def judged(runs: Both, dtype: str) -> Iterator[Finding]:
    """Losses and last weights of both sides, by what `training:trajectory` returned for `beginnings`.

    Where there are twins, what they allow counts if it is more than the dtype's own allowance.
    """
    (losses, weights), (keras_losses, keras_weights) = runs.torch[0][:2], runs.keras[0][:2]
    relative = _relative(dtype)
    yield "trajectory/loss", compare(losses, keras_losses, allowed_losses(losses, parted_twins(runs), dtype))
    for name, value in weights.items():
        # The farthest element: which one it is, is chance.
        farthest = [_farthest([run[1][name] for run in side]) for side in runs]
        size = np.abs(value.astype(np.float64))
        if dtype == "float64":  # relative to the tensor: an element may be zero by chance
            size = np.maximum(size, np.sqrt(np.mean(value**2)))
        allowed = np.maximum(TWIN_FACTOR * float(np.fmin.reduce(farthest)), relative * size)
        yield f"trajectory/{name}", compare(value, keras_weights[name], allowed)


def allowed_losses(losses: np.ndarray, twins: np.ndarray, dtype: str) -> np.ndarray:
    """How far the losses of every step may be apart, by how far the twins were so far."""
    return np.asarray(np.maximum(TWIN_FACTOR * twins, _relative(dtype) * np.abs(losses.astype(np.float64))))


def _relative(dtype: str) -> float:
    single_pass = allowance.FLOAT32_FACTOR * float(np.finfo(np.float32).eps)
    return RELATIVE if dtype == "float64" else single_pass


def parted_twins(runs: Both) -> np.ndarray:
    """How far the losses of a framework and of its twins were apart so far, of the one that parts slower.

    The largest so far: two courses may cross by chance. Zero if there are no twins.
    """
    parted = [
        np.max([np.maximum.accumulate(np.abs(run[0] - side[0][0])) for run in side], axis=0) for side in runs
    ]
    return np.asarray(np.fmin(*parted))


def _farthest(tensors: Sequence[np.ndarray]) -> float:
    """How far an element of the twins is from the first of the tensors at most."""
    return float(np.max([np.abs(one - tensors[0]).max() for one in tensors]))


def _twin(weights: Weights, number: int) -> Weights:
    """The same weights, each moved to the next number of its dtype above or below."""
    generator = np.random.default_rng([number, 1])
    return {
        name: np.nextafter(
            array, np.where(generator.random(array.shape) < 0.5, -np.inf, np.inf), dtype=array.dtype
        )
        for name, array in weights.items()
    }


def _batches(subject: Subject, course: Course, dtype: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    size = subject.case.input_shape[1:]
    if size == course.dataset.train.images.shape[1:] and subject.case.loss == "cross_entropy":
        order = batches.epoch_order(len(course.dataset.train), seed, epoch=1)
        indices = np.resize(order, course.steps * BATCH_SIZE).reshape(course.steps, BATCH_SIZE)
        return batches.gather(course.dataset.train, indices, 0.5, 0.5, dtype)
    generator = np.random.default_rng([seed, 2])
    x = generator.normal(size=(course.steps, BATCH_SIZE, *size)).astype(np.float32).astype(dtype)
    output = subject.oracle_output(training=False)
    y = draw_target(subject.case, (course.steps * BATCH_SIZE, *output.shape[1:]), generator)
    y = y.reshape(course.steps, BATCH_SIZE, *y.shape[1:])
    return x, y if subject.case.loss == "cross_entropy" else y.astype(dtype)
