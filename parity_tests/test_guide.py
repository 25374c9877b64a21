"""Figures that docs/porting.md states hold of the frameworks that are installed."""

from typing import Any

import numpy as np
import pytest

from crosscheck.sides import Sides


@pytest.fixture(scope="module")
def figures(sides: Sides) -> tuple[dict[str, Any], dict[str, Any]]:
    return (
        sides.torch.call("parity_tests.guide_torch:figures"),
        sides.keras.call("parity_tests.guide_keras:figures"),
    )


def test_keras_rounds_the_betas_of_adam(figures: tuple[dict[str, Any], ...]) -> None:
    torch, keras = (found["adam, first step"] for found in figures)
    assert 1 - torch == pytest.approx(1e-8, rel=0.01)
    assert 1 - keras == pytest.approx(1e-5, rel=0.05)  # 3.2e-6 from epsilon, 6.7e-6 from the betas


def test_what_pytorch_is_to_be_told_for_keras_rules(figures: tuple[dict[str, Any], ...]) -> None:
    torch, keras = figures
    assert torch["adam, epsilon as in keras"] == pytest.approx(keras["adam, epsilon as in keras"], rel=1e-12)
    for name, relative in (("nadam", 1e-7), ("adagrad", 1e-7), ("adadelta", 1e-6)):
        assert torch[name] == pytest.approx(keras[name], rel=relative), name
    assert np.abs(torch["bicubic"] - keras["bicubic"]).max() < 1e-5


def test_shapes_of_transposed_convolutions(figures: tuple[dict[str, Any], ...]) -> None:
    name = "transposed, kernel and stride"
    assert figures[0][name] == {(1, 2): 9, (2, 3): 14, (3, 2): 11}
    assert figures[1][name] == {(1, 2): 10, (2, 3): 15, (3, 2): 11}


def test_patience_and_accumulation(figures: tuple[dict[str, Any], ...]) -> None:
    torch, keras = figures
    assert torch["plateau"] == keras["plateau"]
    assert torch["plateau, same patience"] != keras["plateau"]
    assert keras["accumulated"] == -2.0  # the mean of 1 and 3


def test_one_name_two_operations(figures: tuple[dict[str, Any], ...]) -> None:
    torch, keras = figures
    assert (torch["pieces"], keras["pieces"]) == ([2, 2, 2], [3, 3])
    assert torch["normalized"] == pytest.approx([0.6, 0.8])
    assert keras["normalized"] == pytest.approx([0.03, 0.04])


def test_gradients_where_there_is_none(figures: tuple[dict[str, Any], ...]) -> None:
    torch, keras = (found["gradients"] for found in figures)
    assert (torch["norm of 0"], torch["maximum"]) == ([[0.0, 0.0]], [[0.5], [0.5]])
    assert np.isnan(keras["norm of 0"]).all()
    assert keras["maximum"] == [[1.0], [0.0]]
    assert (torch["max"], torch["amax"], keras["max"]) == ([[1.0, 0.0]], [[0.5, 0.5]], [[0.5, 0.5]])
    assert (torch["clip"], keras["clip"]) == ([[0.0]], [[1.0]])


def test_initial_weights(figures: tuple[dict[str, Any], ...]) -> None:
    torch, keras = (found["deviation"] for found in figures)
    assert torch == pytest.approx(512**-0.5 / 3**0.5, rel=0.01)
    assert keras == pytest.approx((6 / 1024) ** 0.5 / 3**0.5, rel=0.01)
