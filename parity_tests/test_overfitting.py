"""Verdicts on one batch: every reason follows from its own measurement, and no other."""

from dataclasses import replace
from math import log

import numpy as np
import pytest

from crosscheck.overfitting import PASSED, Measured, Plan, judge, probe
from crosscheck.reference.activations import softmax
from crosscheck.reference.losses import cross_entropy, squared_error

STEPS, B, K = 40, 4, 5
OUTPUTS, LABELS = probe(K)
ROW = np.array([2, 0, 4, 1])
HEALTHY = Measured(
    x=np.random.default_rng(0).normal(size=(B, 3)),
    labels=np.tile(ROW, (STEPS, 1)),
    probe_loss=cross_entropy(OUTPUTS, LABELS),
    outputs=0.1 * np.random.default_rng(1).normal(size=(B, K)),
    initial_loss=log(K),
    repeated_loss=log(K),
    gradients={"conv.weight": 0.1, "conv.bias": 0.0, "fc.weight": 0.2},
    frozen=(),
    silent=(),
    losses=np.geomspace(log(K), 1e-3, STEPS),
    hits=np.full(STEPS, B),
    moved=0.3,
    evaluation_hits=B,
)
TWINS = HEALTHY.x[[0, 1, 2, 1]]
RELABELLED = HEALTHY.labels.copy()
RELABELLED[7] = RELABELLED[7][::-1]
FLAT = np.concatenate([np.linspace(log(K), 0.7, 10), np.full(STEPS - 10, 0.7)])
STUCK = {"losses": np.full(STEPS, log(K)), "hits": np.ones(STEPS)}
DEAD = {"gradients": {"conv.weight": 0.0, "conv.bias": 0.0, "fc.bias": 0.3}}


def test_a_healthy_net_passes() -> None:
    report = judge(HEALTHY, Plan())
    assert report.verdict == PASSED
    assert report.uniform_loss == log(K)
    assert (
        report.measured.losses[report.steps_to(0.01)]
        < 0.01
        <= report.measured.losses[report.steps_to(0.01) - 1]
    )
    assert report.steps_to(1e-9) == -1


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        (
            {"labels": RELABELLED},
            "labels do not stay with their images: example 0 is of class 2 at step 0, of",
        ),
        ({"x": TWINS}, "labels contradict: examples 1 and 3 are identical, of classes 0 and 1"),
        (
            {"probe_loss": cross_entropy(softmax(OUTPUTS), LABELS)},
            "the loss is not the cross entropy of logits: it takes a softmax",
        ),
        (
            {"probe_loss": squared_error(OUTPUTS, np.eye(K)[LABELS])},
            "the loss is not the cross entropy of logits: it is a squared",
        ),
        ({"probe_loss": 6 * HEALTHY.probe_loss}, "the loss is not the cross entropy of logits: it is summed"),
        ({"probe_loss": 0.3}, "the loss is not the cross entropy of logits"),
        ({"probe_loss": float("nan")}, "the loss is not the cross entropy of logits"),
        ({"outputs": softmax(HEALTHY.outputs)}, "the outputs are probabilities"),
        ({"frozen": ("a", "b", "c", "d")}, "no gradient reaches a, b, c and 1 more (frozen)"),
        (DEAD, "no gradient reaches conv (cut off from the loss, or saturated)"),
        (DEAD | {"silent": ("fc",)}, "no gradient reaches conv (dead: every input of fc is 0)"),
        ({"silent": ("fc",)}, "every input of fc is 0 (dead)"),
        ({"outputs": 30 * HEALTHY.outputs}, "initial loss is not log K: 2.45 instead of 1.61"),
        ({"losses": np.where(np.arange(STEPS) < 9, 1, np.nan)}, "the loss is not finite, from step 9 on"),
        (STUCK | {"moved": 1e-4}, "the loss does not fall: the weights hardly move"),
        (STUCK, "the loss does not fall"),
        (STUCK | {"repeated_loss": 1.5}, "the loss does not fall: two passes with the same weights differ"),
        ({"losses": FLAT}, "loss ends at a floor"),
        ({"losses": HEALTHY.losses + 0.02}, "the loss still falls: it needs more steps"),
        ({"evaluation_hits": 2}, "passes in training mode only"),
    ],
)
def test_what_is_wrong_is_named(changes: dict, verdict: str) -> None:
    report = judge(replace(HEALTHY, **changes), Plan())
    assert report.verdict.startswith(verdict)
    assert len(report.findings) == 1


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("losses", "verdict"),
    [
        ([2.0], "a single step shows nothing of the loss: it needs more steps"),
        ([2.0, 2.1], "the loss does not fall"),
        ([2.0, 1.99], "loss ends at a floor"),
        ([2.0, 1.0], "the loss still falls: it needs more steps"),
        ([2.0, 1.5, 1.0], "the loss still falls: it needs more steps"),
    ],
)
def test_few_steps(losses: list[float], verdict: str) -> None:
    steps = len(losses)
    found = replace(HEALTHY, labels=HEALTHY.labels[:steps], losses=np.array(losses), hits=np.ones(steps))
    assert judge(found, Plan(steps=steps)).findings == (verdict,)
