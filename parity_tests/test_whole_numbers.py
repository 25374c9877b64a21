"""Whole numbers in a user's Keras model: their dtype under float64, and constants left of an operator."""

from pathlib import Path

import pytest

from crosscheck.ports import inputs
from crosscheck.ports.comparison import Ports
from crosscheck.ports.report import examine
from crosscheck.sides import Sides

FOLDER = Path(__file__).parent / "ported"
GIVEN = ("3x7x5", "3:int64:3..7")


@pytest.mark.parametrize("port", ["int32", "int64"])
@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_a_mask_made_of_lengths(backend: str, port: str, sides: Sides, jax_sides: Sides) -> None:
    sources = f"{FOLDER / 'lengths_torch.py'}:masked", f"{FOLDER / 'lengths_keras.py'}:{port}"
    own = sides if backend == "tensorflow" else jax_sides
    assert examine(Ports(own, *sources, inputs.read(GIVEN))).equal
