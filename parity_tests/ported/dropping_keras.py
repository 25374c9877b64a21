"""Ports of the models in dropping_torch.py; some drop otherwise."""

from typing import Any

import keras
from keras import layers


def _behind(*dropout: keras.Layer) -> keras.Model:
    dense = layers.Dense(6, activation="relu")
    return keras.Sequential([keras.Input((5,)), dense, *dropout, layers.Dense(3)])


def elements() -> keras.Model:
    """As `elements` in PyTorch."""
    return _behind(layers.Dropout(0.3))


def nothing() -> keras.Model:
    """Nothing is dropped."""
    return _behind()


class Halves(keras.Model):
    """Both halves are dropped one by one."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two, self.drop = layers.Dense(6, "relu"), layers.Dense(3), layers.Dropout(0.3)

    def call(self, x: Any, training: Any = None) -> Any:
        """Training is handed on by Keras as well."""
        halves = keras.ops.split(self.one(x), 2, axis=-1)
        return self.two(keras.ops.concatenate([self.drop(h, training=training) for h in halves], axis=-1))


def halves() -> keras.Model:
    """As `elements` in PyTorch."""
    return Halves()


def noise() -> keras.Model:
    """Noise is added instead."""
    return _behind(layers.GaussianNoise(0.3))


def no_noise() -> keras.Model:
    """Noise of deviation 0."""
    return _behind(layers.GaussianNoise(0.0))


def less() -> keras.Model:
    """Fewer elements are dropped."""
    return _behind(layers.Dropout(0.2))


def _maps(dropout: keras.Layer) -> keras.Model:
    conv = layers.Conv2D(4, 3, activation="relu")
    return keras.Sequential([keras.Input((8, 9, 3)), conv, dropout, layers.Conv2D(2, 3)])


def maps() -> keras.Model:
    """As `maps` in PyTorch."""
    return _maps(layers.SpatialDropout2D(0.2))


def pixels() -> keras.Model:
    """Elements are dropped and not maps."""
    return _maps(layers.Dropout(0.2))


def _attending(rate: float) -> keras.Model:
    x = keras.Input((7, 8))
    return keras.Model(x, layers.MultiHeadAttention(2, 4, dropout=rate)(x, x))


def attending() -> keras.Model:
    """As `attending` in PyTorch."""
    return _attending(0.1)


def attending_to_all() -> keras.Model:
    """Attention that drops nothing."""
    return _attending(0.0)


def _stacked(between: float, **rates: Any) -> keras.Model:
    first = layers.LSTM(6, return_sequences=True, **rates)
    parts = [first, layers.Dropout(between), layers.LSTM(6), layers.ReLU(), layers.Dense(3)]
    return keras.Sequential([keras.Input((7, 5)), *parts])


def stacked() -> keras.Model:
    """As `stacked` in PyTorch."""
    return _stacked(0.3)


def stacked_inside() -> keras.Model:
    """The first layer drops inputs and states as well."""
    return _stacked(0.3, dropout=0.4, recurrent_dropout=0.1)
