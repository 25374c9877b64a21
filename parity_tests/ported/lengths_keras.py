"""Ports of the model in lengths_torch.py, with the whole numbers that users write."""

from typing import Any

import keras
from keras import layers, ops


class Masked(keras.Model):
    """As in PyTorch.

    Args:
        dtype_of_steps: of the numbers of the steps, which stand left of the operator.
    """

    def __init__(self, dtype_of_steps: str | None) -> None:
        super().__init__()
        self.of_steps, self.one, self.two = dtype_of_steps, layers.Dense(4), layers.Dense(6)

    def call(self, inputs: Any) -> Any:
        """x (B, T, 5), lengths (B)."""
        x, lengths = inputs
        steps = ops.arange(x.shape[1], dtype=self.of_steps)
        known = steps < ops.cast(lengths, self.of_steps or "int32")[:, None]
        return self.two(self.one(x) * ops.cast(known, x.dtype)[..., None])


def int32() -> keras.Model:
    """`ops.arange` is int32 unless told otherwise; the code relies on it."""
    return Masked(None)


def int64() -> keras.Model:
    """Told otherwise."""
    return Masked("int64")
