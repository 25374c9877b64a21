"""Ports of the models in stopped_torch.py; in some the gradient is stopped elsewhere."""

from typing import Any

import keras
from keras import layers, ops


class Commitment(keras.Model):
    """As in PyTorch, or with the weights exchanged.

    Args:
        weights: of the two parts.
    """

    def __init__(self, *weights: float) -> None:
        super().__init__()
        self.parts, self.a, self.b = weights, layers.Dense(4), layers.Dense(4)

    def call(self, x: Any) -> Any:
        """x (B, 5) -> a loss."""
        a, b = self.a(x), self.b(x)
        first = ops.mean((a - ops.stop_gradient(b)) ** 2)
        second = ops.mean((ops.stop_gradient(a) - b) ** 2)
        return self.parts[0] * first + self.parts[1] * second


def commitment() -> keras.Model:
    """As in PyTorch."""
    return Commitment(1.0, 0.25)


def other_commitment() -> keras.Model:
    """The loss is the same, the gradients are four times and a quarter."""
    return Commitment(0.25, 1.0)


class Repeated(keras.Model):
    """The gradient is that of the output, times one and the number.

    Args:
        number: of times.
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number, self.a, self.b = number, layers.Dense(4), layers.Dense(3)

    def call(self, x: Any) -> Any:
        """x (B, 5)."""
        y = self.b(self.a(x))
        return y + self.number * (y - ops.stop_gradient(y))


def twice() -> keras.Model:
    """As in PyTorch."""
    return Repeated(1)


def thrice() -> keras.Model:
    """Three times instead."""
    return Repeated(2)
