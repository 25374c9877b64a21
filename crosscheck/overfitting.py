"""Overfitting one batch: what was measured of a net is judged, and a failure is told its reason.

A net with nothing wrong in it learns a handful of images by heart. The sides measure (see
`techniques/overfit_one_batch.py` of either); here it is judged. Every reason is something that was
measured: no verdict is a guess.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import log

import numpy as np

from crosscheck.optimizers import Adam, Optimizer
from crosscheck.reference.activations import log_softmax, softmax
from crosscheck.reference.losses import cross_entropy, squared_error

PASSED = "passed"
INITIAL = 0.1  # share of log K that the initial loss may be off, with labels at random
LOSS_ERROR = 1e-3  # relative, of the loss on known outputs
HARDLY = 0.01  # share of their own size that weights must move by, or they hardly move
FLAT = 0.02  # share that a loss loses from one quarter of the steps to the next, or it is at a floor
NAMED = 3  # layers that a verdict lists


@dataclass(frozen=True)
class Plan:
    """How the batch is learned.

    Attributes:
        optimizer: without weight decay; nothing may hold the net back.
        steps: of the optimizer, all on the same batch.
        target: the loss to fall below.
    """

    optimizer: Optimizer = field(default_factory=lambda: Adam(0.003))
    steps: int = 200
    target: float = 0.01


@dataclass(frozen=True)
class Measured:
    """What a side measured; layers by path, such as "block1.conv".

    Attributes:
        x: the batch, neutral.
        labels: (steps, B), the labels of every step.
        probe_loss: what the loss function says to `probe`.
        outputs: (B, K), in training mode, before the first step.
        initial_loss: of these outputs.
        repeated_loss: of another pass in training mode with the same weights.
        gradients: the largest element (absolute) of each trainable parameter's gradient, by parameter.
        frozen: layers whose parameters are not trained.
        silent: layers whose every input is 0.
        losses, hits: of every step, in training mode, before its update.
        moved: |weights after - weights before| / |weights before|, over everything that is trained.
        evaluation_hits: in evaluation mode, after the last step.
    """

    x: np.ndarray
    labels: np.ndarray
    probe_loss: float
    outputs: np.ndarray
    initial_loss: float
    repeated_loss: float
    gradients: Mapping[str, float]
    frozen: tuple[str, ...]
    silent: tuple[str, ...]
    losses: np.ndarray
    hits: np.ndarray
    moved: float
    evaluation_hits: int


@dataclass(frozen=True)
class Report:
    """What came of it.

    Attributes:
        findings: everything that is wrong, the likeliest cause first; empty if nothing is.
        uniform_loss: -log(1/K), what a net that knows nothing should begin at.
        measured: what it rests on.
    """

    findings: tuple[str, ...]
    uniform_loss: float
    measured: Measured

    @property
    def verdict(self) -> str:
        """ "passed", or what is wrong."""
        return self.findings[0] if self.findings else PASSED

    def steps_to(self, loss: float) -> int:
        """The first step whose loss is below this one; -1 if none is."""
        below = self.measured.losses < loss
        return int(below.argmax()) if below.any() else -1


def probe(classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Outputs (B, K) and labels (B,) to try a loss function on, the same each time."""
    generator = np.random.default_rng(0)
    return 2 * generator.normal(size=(6, classes)), generator.integers(0, classes, 6)


def loss_at_random(outputs: np.ndarray) -> float:
    """The loss of logits (B, K) with labels at random.

    The batch's own labels are so few that the mean over them is chance.
    """
    return -float(log_softmax(outputs).mean())


def judge(measured: Measured, plan: Plan) -> Report:
    """The verdict on a net."""
    findings = (
        *_data(measured),
        *_loss_function(measured),
        *_gradients(measured),
        *_beginning(measured),
        *_end(measured, plan),
    )
    return Report(findings, log(measured.outputs.shape[1]), measured)


def _data(found: Measured) -> Iterator[str]:
    first = found.labels[0]
    changed = np.argwhere(found.labels != first)
    if len(changed):
        step, row = changed[0]
        yield (
            f"labels do not stay with their images: example {row} is of class {first[row]} at step 0, "
            f"of class {found.labels[step, row]} at step {step}"
        )
    rows = found.x.reshape(len(found.x), -1)
    for second in range(len(rows)):
        for row in range(second):
            if first[row] != first[second] and np.array_equal(rows[row], rows[second]):
                yield (
                    f"labels contradict: examples {row} and {second} are identical, of classes {first[row]} "
                    f"and {first[second]}"
                )
                return


def _loss_function(found: Measured) -> Iterator[str]:
    classes = found.outputs.shape[1]
    outputs, labels = probe(classes)
    if not _is(found.probe_loss, cross_entropy(outputs, labels)):
        others = {
            "it takes a softmax of what is already one": cross_entropy(softmax(outputs), labels),
            "it is a squared error": squared_error(outputs, np.eye(classes)[labels]),
            "it is summed over the batch": len(labels) * cross_entropy(outputs, labels),
        }
        named = [f": {name}" for name, value in others.items() if _is(found.probe_loss, value)]
        yield f"the loss is not the cross entropy of logits{''.join(named[:1])}"
    sums = found.outputs.sum(axis=1)
    if found.outputs.min() >= 0 and np.abs(sums - 1).max() < LOSS_ERROR:
        yield "the outputs are probabilities: a softmax stands before a loss that takes logits"


def _gradients(found: Measured) -> Iterator[str]:
    if found.frozen:
        yield f"no gradient reaches {_listed(found.frozen)} (frozen)"
    layers: dict[str, float] = {}
    for name, largest in found.gradients.items():
        layer = name.rpartition(".")[0]
        layers[layer] = max(layers.get(layer, 0.0), largest)
    without = tuple(layer for layer, largest in layers.items() if largest == 0)
    silent = f"every input of {_listed(found.silent)} is 0"
    if without:
        reason = f"dead: {silent}" if found.silent else "cut off from the loss, or saturated"
        yield f"no gradient reaches {_listed(without)} ({reason})"
    elif found.silent:
        yield f"{silent} (dead)"


def _beginning(found: Measured) -> Iterator[str]:
    begins, expected = loss_at_random(found.outputs), log(found.outputs.shape[1])
    if not abs(begins - expected) <= INITIAL * expected:
        yield f"initial loss is not log K: {begins:.2f} instead of {expected:.2f}"


def _end(found: Measured, plan: Plan) -> Iterator[str]:
    losses, examples = found.losses, found.labels.shape[1]
    if not np.isfinite(losses).all():
        yield f"the loss is not finite, from step {int(np.argmin(np.isfinite(losses)))} on"
        return
    if losses[-1] < plan.target and found.hits[-1] == examples:
        if found.evaluation_hits < examples:
            yield "passes in training mode only: in evaluation mode not all examples are right"
        return
    noise = ": two passes with the same weights differ, something is random"
    noise = noise if found.repeated_loss != found.initial_loss else ""
    if found.moved < HARDLY:
        yield "the loss does not fall: the weights hardly move (small learning rate, or few steps)"
    elif len(losses) < 2:
        yield f"a single step shows nothing of the loss: it needs more steps{noise}"
    elif losses[-1] >= losses[0]:
        yield f"the loss does not fall{noise}"
    elif _flat(losses):
        yield f"loss ends at a floor{noise}"
    else:
        yield f"the loss still falls: it needs more steps{noise}"


def _flat(losses: np.ndarray) -> bool:
    quarter = max(1, len(losses) // 4)
    last, before = losses[-quarter:].mean(), losses[-2 * quarter : -quarter].mean()
    return bool(last > (1 - FLAT) * before)


def _is(value: float, expected: float) -> bool:
    return abs(value - expected) <= LOSS_ERROR * abs(expected)


def _listed(layers: tuple[str, ...]) -> str:
    names = [layer or "the model" for layer in layers]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
