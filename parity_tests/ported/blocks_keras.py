"""Ports of the nets in blocks_torch.py, with as many blocks as their names say."""

from typing import Any

import keras
from keras import layers


def _norm() -> keras.Layer:
    return layers.BatchNormalization(epsilon=1e-5, momentum=0.9)


def _residual(blocks: int) -> keras.Model:
    image = keras.Input((12, 16, 3))
    x = layers.Conv2D(8, 3, padding="same")(image)
    for _ in range(blocks):
        y = _norm()(layers.Conv2D(8, 3, padding="same", use_bias=False)(x))
        y = _norm()(layers.Conv2D(8, 3, padding="same", use_bias=False)(layers.ReLU()(y)))
        x = layers.ReLU()(layers.Add()([x, y]))
    return keras.Model(image, layers.Dense(10)(layers.GlobalAveragePooling2D()(x)))


def residual_2() -> keras.Model:
    """One block too few."""
    return _residual(2)


def residual_3() -> keras.Model:
    """As in PyTorch."""
    return _residual(3)


def residual_4() -> keras.Model:
    """One block too many."""
    return _residual(4)


def _normalized(x: Any) -> Any:
    return layers.LayerNormalization(epsilon=1e-5)(x)


def _encoder(blocks: int) -> keras.Model:
    x = steps = keras.Input((7, 16))
    for _ in range(blocks):
        x = _normalized(x + layers.MultiHeadAttention(4, 4)(x, x))
        x = _normalized(x + layers.Dense(16)(layers.Dense(20, activation="relu")(x)))
    return keras.Model(steps, layers.Dense(2)(layers.GlobalAveragePooling1D()(x)))


def encoder_2() -> keras.Model:
    """One layer too few."""
    return _encoder(2)


def encoder_3() -> keras.Model:
    """As in PyTorch."""
    return _encoder(3)


def attending_10() -> keras.Model:
    """The size of all heads given as that of one."""
    steps = keras.Input((7, 10))
    return keras.Model(steps, layers.Dense(6)(layers.MultiHeadAttention(2, 10)(steps, steps)))
