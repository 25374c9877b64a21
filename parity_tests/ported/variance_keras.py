"""Their ports, with variances of n as Keras' defaults have them, and right ones."""

from typing import Any

import keras
from keras import layers, ops

RIGHT = 6 / 5  # n / (n - 1)


class Norm(layers.Layer):
    """A layer norm by hand."""

    def __init__(self, way: str, factor: float = 1.0) -> None:
        super().__init__()
        self.way, self.factor = way, factor

    def build(self, input_shape: tuple[int, ...]) -> None:
        self.gamma = self.add_weight(shape=input_shape[-1:], initializer="ones", name="gamma")
        self.beta = self.add_weight(shape=input_shape[-1:], initializer="zeros", name="beta")

    def call(self, x: Any) -> Any:
        mean = ops.mean(x, -1, keepdims=True)
        return self.gamma * (x - mean) / self.deviation(x, mean) + self.beta

    def deviation(self, x: Any, mean: Any) -> Any:
        if self.way == "std":
            return ops.std(x, -1, keepdims=True) * self.factor**0.5 + 1e-6
        if self.way == "var":
            variance = ops.var(x, -1, keepdims=True)
        elif self.way == "moments":
            variance = ops.moments(x, [-1], keepdims=True)[1]
        else:
            variance = ops.mean(ops.square(x - mean), -1, keepdims=True)
        return ops.sqrt(variance * self.factor + 1e-6)


def net(way: str, factor: float = 1.0) -> keras.Model:
    """A norm between two layers."""
    return keras.Sequential(
        [layers.Input((5,)), layers.Dense(6), Norm(way, factor), layers.ReLU(), layers.Dense(4)]
    )


def std() -> keras.Model:
    """By `ops.std`."""
    return net("std")


def std__right() -> keras.Model:
    """By `ops.std`, corrected."""
    return net("std", RIGHT)


def var() -> keras.Model:
    """By `ops.var`."""
    return net("var")


def var__right() -> keras.Model:
    """By `ops.var`, corrected."""
    return net("var", RIGHT)


def moments() -> keras.Model:
    """By `ops.moments`."""
    return net("moments")


def squares() -> keras.Model:
    """By the mean of squares."""
    return net("squares")


def adaptive() -> keras.Model:
    """The adaptive instance norm."""
    x, style = layers.Input((8, 9, 3)), layers.Input((4,))
    y = layers.Conv2D(6, 3)(x)
    mean, variance = ops.mean(y, (1, 2), keepdims=True), ops.var(y, (1, 2), keepdims=True)
    y = (y - mean) / ops.sqrt(variance + 1e-5)
    gamma, beta = (layers.Reshape((1, 1, 6))(layers.Dense(6)(style)) for _ in range(2))
    return keras.Model([x, style], layers.Conv2D(2, 1)(y * gamma + beta))
