"""Ports of `second_torch`."""

from typing import Any

import keras
from keras import layers, ops


class Two(keras.Model):
    """Two outputs, in this order or the other."""

    def __init__(self, exchanged: bool) -> None:
        super().__init__()
        self.exchanged = exchanged
        self.first, self.second = layers.Dense(3, activation="relu"), layers.Dense(3, activation="tanh")

    def call(self, x: Any) -> Any:
        found = self.first(x), self.second(x)
        return found[::-1] if self.exchanged else found


def two() -> keras.Model:
    """As PyTorch has it."""
    return Two(exchanged=False)


def two__exchanged() -> keras.Model:
    """With the outputs in another order."""
    return Two(exchanged=True)


def other_way(momentum: float = 0.9) -> keras.Model:
    """Without the head that PyTorch trains."""
    x = inputs = keras.Input((6,))
    x = layers.BatchNormalization(momentum=momentum, epsilon=1e-5)(layers.Dense(5)(x))
    return keras.Model(inputs, layers.Dense(3)(x))


def other_way__momentum() -> keras.Model:
    """With Keras' own momentum."""
    return other_way(0.99)


def untrained() -> keras.Model:
    """As PyTorch has it, and it can be trained."""
    return keras.Sequential([keras.Input((6,)), layers.Dense(3)])


class Volume(keras.Model):
    """Pools that Keras computes otherwise in float64."""

    def __init__(self, padding: str) -> None:
        super().__init__()
        self.conv, self.fc = layers.Conv3D(3, 3, padding="same"), layers.Dense(4)
        self.largest = layers.MaxPooling3D(2, padding=padding)
        self.mean = layers.AveragePooling3D((1, 2, 2))

    def call(self, x: Any) -> Any:
        return self.fc(ops.mean(self.mean(self.largest(self.conv(x))), axis=(1, 2, 3)))


def volume() -> keras.Model:
    """As PyTorch has it."""
    return Volume("valid")


def volume__same() -> keras.Model:
    """Padded where a size is odd."""
    return Volume("same")
