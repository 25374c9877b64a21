"""Weights from the names of one side to neutral ones."""

from collections.abc import Mapping

import numpy as np

from crosscheck.layouts import Weights
from crosscheck.ports.program import Held


def neutral(state: Mapping[str, np.ndarray], wanted: Mapping[str, Held], side: str) -> Weights:
    """Neutral weights out of what a model holds.

    Args:
        state: by the side's own names.
        wanted: where each neutral tensor is in it.
        side: "torch" or "keras".
    """
    found = {}
    for name, held in wanted.items():
        array = state[held.name][held.part] if held.part else state[held.name]
        if held.also:  # PyTorch's LSTM adds two biases, Keras' has one
            array = array + state[held.also][held.part]
        found[name] = held.to_neutral(array, side)
    return found


def rounded(weights: Mapping[str, np.ndarray], dtype: str) -> Weights:
    """Float64 numbers that a file of a dtype can hold; whole numbers as they are."""
    return {
        name: array.astype(dtype).astype(np.float64) if array.dtype.kind == "f" else array
        for name, array in weights.items()
    }
