"""Ports of the nets whose weights PyTorch computes: with weights of their own, and computed."""

from typing import Any

import keras
from keras import layers, ops


class WeightNormConv(layers.Layer):
    """Length and direction of each filter. Input (B, H, W, C), output (B, H, W, 8)."""

    def build(self, shape: Any) -> None:
        """Make the variables."""
        self.v = self.add_weight(shape=(3, 3, shape[-1], 8), name="v")
        self.g = self.add_weight(shape=(8,), initializer="ones", name="g")
        self.bias = self.add_weight(shape=(8,), initializer="zeros", name="bias")

    def call(self, x: Any) -> Any:
        """x (B, H, W, C)."""
        kernel = self.g * self.v / ops.sqrt(ops.sum(self.v**2, axis=(0, 1, 2)))
        return ops.conv(x, kernel, padding="same") + self.bias


def _net(conv: layers.Layer) -> keras.Model:
    return keras.Sequential([keras.Input((5, 7, 3)), conv, layers.ReLU(), layers.Flatten(), layers.Dense(4)])


def plain() -> keras.Model:
    """With a weight of its own."""
    return _net(layers.Conv2D(8, 3, padding="same"))


def weight_norm() -> keras.Model:
    """With a weight that is computed as PyTorch's is."""
    return _net(WeightNormConv())
