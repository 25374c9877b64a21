"""What trajectories rest on: each begins where it is told to, and optimizers keep to their own state."""

import numpy as np
import pytest

from crosscheck.errors import CallError
from crosscheck.optimizers import SGD, Adam, Optimizer
from crosscheck.parameters import initial_weights
from crosscheck.sides import Sides
from crosscheck.technique import technique

NET = ("cifar_cnn", "small")


@pytest.mark.parametrize("optimizer", [SGD(0.05, momentum=0.9, l2=0.01), Adam(0.01, weight_decay=0.01)])
def test_every_start_is_its_own(optimizer: Optimizer, sides: Sides) -> None:
    """An optimizer that takes the weights for a part of its state puts the old ones back when restored."""
    case = technique(NET[0]).model(NET[1])
    generator = np.random.default_rng(0)
    starts = [initial_weights(dict(case.parameters), seed) for seed in (0, 1)]
    x = generator.normal(size=(4, 8, *case.input_shape[1:])).astype(np.float32)
    y = generator.integers(0, 10, (4, 8))
    both = sides.both("training:trajectory", *NET, "float32", optimizer, starts, x, y)
    alone = sides.both("training:trajectory", *NET, "float32", optimizer, starts[1:], x, y)
    for second, single in zip(both, alone, strict=True):
        assert np.array_equal(second[1][0], single[0][0]), "another course than when it runs alone"
        for name, value in single[0][1].items():
            assert np.array_equal(second[1][1][name], value), name
        assert not np.array_equal(second[0][0], second[1][0])


def test_more_steps_than_a_trainer_was_made_for_are_refused(sides: Sides) -> None:
    case = technique(NET[0]).model(NET[1])
    x = np.zeros((4, 8, *case.input_shape[1:]), np.float32)
    start = initial_weights(dict(case.parameters), 0)
    for side in (sides.torch, sides.keras):
        session = "crosscheck.training.session"
        side.call(f"{session}:begin", side.name, "key", *NET, "float32", SGD(0.1), start, 3)
        with pytest.raises(CallError, match="4 steps in one call"):
            side.call(f"{session}:train", "key", x, np.zeros((4, 8), np.int64))
        side.call(f"{session}:end", "key")
