"""The oracle of optimizers, against steps worked out by hand and against statements of the papers."""

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from crosscheck.optimizers import SGD, Adam, Optimizer
from crosscheck.reference.updates import clip_global_norm, clip_variable_norm, learning_rate, updates

WEIGHTS = {"k": np.array([2.0, -1.0])}
GRADIENTS = [{"k": np.array([0.5, 0.25])}, {"k": np.array([-1.0, 0.5])}]


def course(optimizer: SGD | Adam, decayed: tuple[str, ...] = ("k",)) -> list[np.ndarray]:
    return [after["k"] for after in updates(optimizer, decayed, WEIGHTS, GRADIENTS)]


def test_hyper_parameters_are_those_that_float32_holds() -> None:
    assert SGD(0.1).learning_rate == float(np.float32(0.1)) != 0.1
    assert Adam(0.1).beta_2 == float(np.float32(0.999))
    assert SGD(0.5, warmup_steps=3).warmup_steps == 3


def test_facts_name_what_is_not_at_its_default() -> None:
    assert SGD(0.5, momentum=0.75).facts() == {"name": "SGD", "learning_rate": 0.5, "momentum": 0.75}
    assert replace(Adam(0.5), global_norm=1.0).facts()["global_norm"] == 1.0


def test_sgd_with_momentum_by_hand() -> None:
    first, second = course(SGD(0.5, momentum=0.5))
    assert np.array_equal(first, [1.75, -1.125])
    assert np.array_equal(second, [1.75 + 0.5 * 0.75, -1.125 - 0.5 * 0.625])
    first, _ = course(SGD(0.5, momentum=0.5, nesterov=True))
    assert np.array_equal(first, [2 - 0.5 * 0.75, -1 - 0.5 * 0.375])


def test_adams_first_step_is_the_learning_rate_whatever_the_gradient() -> None:
    first, _ = course(Adam(0.5, epsilon=0.0))
    assert first == pytest.approx(WEIGHTS["k"] - 0.5 * np.sign(GRADIENTS[0]["k"]), rel=1e-15)


def test_decay_reaches_only_what_it_is_meant_for() -> None:
    assert np.array_equal(course(SGD(0.5, l2=0.5), ())[0], course(SGD(0.5))[0])
    assert np.array_equal(course(SGD(0.5, weight_decay=0.5))[0], course(SGD(0.5))[0] - 0.25 * WEIGHTS["k"])


def test_l2_is_decay_for_plain_sgd_and_not_for_adam() -> None:
    for optimizer, same in ((SGD(0.5), True), (SGD(0.5, momentum=0.5), False), (Adam(0.5), False)):
        pair = (course(replace(optimizer, l2=0.25))[-1], course(replace(optimizer, weight_decay=0.25))[-1])
        assert np.allclose(*pair, rtol=1e-14, atol=0) == same


def test_clipping() -> None:
    gradients = {"a": np.array([3.0, 0.0]), "b": np.array([4.0])}
    clipped = clip_global_norm(gradients, 1.0)
    assert np.sqrt(sum((g**2).sum() for g in clipped.values())) == pytest.approx(5 / (5 + 1e-6), rel=1e-15)
    assert clipped["a"][0] / clipped["b"][0] == pytest.approx(3 / 4)
    assert clip_variable_norm(gradients, 1.0)["b"][0] == pytest.approx(4 / (4 + 1e-6), rel=1e-15)
    assert np.array_equal(clip_global_norm(gradients, 6.0)["a"], gradients["a"])


def test_learning_rate_rises_evenly_and_falls_at_milestones() -> None:
    optimizer = SGD(1.0, warmup_start=0.5, warmup_steps=4, milestones=(6, 8))
    rates = [learning_rate(optimizer, step) for step in range(9)]
    assert rates[:6] == [0.5, 0.625, 0.75, 0.875, 1.0, 1.0]
    assert rates[6:] == pytest.approx([0.1, 0.1, 0.01])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SGD(-0.1), "learning_rate is above 0, not -0.1"),
        (lambda: SGD(float("nan")), "learning_rate is above 0, not nan"),
        (lambda: SGD(0.5, l2=-1.0), "l2 is 0 or more"),
        (lambda: Adam(0.5, weight_decay=-1.0), "weight_decay is 0 or more"),
        (lambda: SGD(0.5, global_norm=-1.0), "global_norm is 0 or more"),
        (lambda: SGD(0.5, warmup_steps=-5), "warmup_steps is 0 or more"),
        (lambda: SGD(0.5, milestones=(9, 7)), "each after the one before"),
        (lambda: SGD(0.5, momentum=1.5), "momentum is at least 0 and below 1"),
        (lambda: SGD(0.5, nesterov=True), "nesterov needs a momentum"),
        (lambda: Adam(0.5, beta_2=1.5), "beta_2 is at least 0 and below 1"),
        (lambda: Adam(0.5, epsilon=-1.0), "epsilon is 0 or more"),
    ],
)
def test_what_makes_no_sense_is_refused_for_both_sides(make: Callable[[], Optimizer], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        make()
