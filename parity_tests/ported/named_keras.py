"""Ports of attention with names of their own, and one that takes the key for the query."""

from typing import Any

import keras
from keras import layers, ops


class Attention(keras.Model):
    """One head, x (B, T, 8) -> (B, T, 8)."""

    def __init__(self, exchanged: bool) -> None:
        super().__init__()
        self.exchanged = exchanged
        self.query, self.key, self.value = (layers.Dense(8) for _ in range(3))
        self.output_dense = layers.Dense(8)

    def call(self, x: Any) -> Any:
        query, key = self.query(x), self.key(x)
        query, key = (key, query) if self.exchanged else (query, key)
        scores = ops.matmul(query, ops.swapaxes(key, 1, 2)) / 8**0.5
        return self.output_dense(ops.matmul(ops.softmax(scores), self.value(x)))


def right() -> keras.Model:
    """As PyTorch has it."""
    return Attention(exchanged=False)


def exchanged() -> keras.Model:
    """With queries and keys exchanged: other layers than their names say would make the models equal."""
    return Attention(exchanged=True)
