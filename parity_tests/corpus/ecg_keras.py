"""Ports of the net for electrocardiograms; `style__mistake` is the port with that mistake."""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
from keras import layers, ops

BN = {"epsilon": 1e-5, "momentum": 0.9}


def block(x: Any, filters: int, dilation: int, *wrong: str) -> Any:
    """Convolutions and a shortcut."""
    slope = 0.3 if "slope" in wrong else 0.01
    y = layers.ZeroPadding1D(3)(x)
    y = layers.Conv1D(filters, 7, strides=2, use_bias=False)(y)
    y = layers.LeakyReLU(negative_slope=slope)(layers.BatchNormalization(**BN)(y))
    padding = "causal" if "causal" in wrong else "same"
    y = layers.Conv1D(filters, 5, padding=padding, dilation_rate=dilation, use_bias=False)(y)
    y = layers.BatchNormalization(**BN)(y)
    if "zero_border" in wrong:
        s = layers.MaxPooling1D(3, 2)(layers.ZeroPadding1D(1)(x))
    else:
        s = ops.pad(x, [[0, 0], [1, 1], [0, 0]], constant_values=float("-inf"))
        s = layers.MaxPooling1D(3, 2)(s)
    s = layers.Conv1D(filters, 1)(s)
    return layers.LeakyReLU(negative_slope=0.01)(layers.Add()([y, s]))


def functional(*wrong: str) -> keras.Model:
    """Functional."""
    leads = keras.Input((58, 4))
    x = block(leads, 6, 1, *(w for w in wrong if w == "zero_border"))
    x = block(x, 9, 2, *(w for w in wrong if w != "zero_border"))
    x = layers.Flatten()(layers.MaxPooling1D(2)(x))
    x = layers.Dense(10, activation="selu" if "selu" in wrong else "elu")(x)
    x = layers.Dropout(0.3)(x)
    return keras.Model(leads, layers.Dense(5, activation="softmax" if "softmax" in wrong else "sigmoid")(x))


class Residual(layers.Layer):
    """Convolutions and a shortcut."""

    def __init__(self, filters: int, dilation: int, *wrong: str) -> None:
        super().__init__()
        self.project = layers.Conv1D(filters, 1)
        self.conv2 = layers.Conv1D(filters, 5, padding="same", dilation_rate=dilation, use_bias=False)
        self.conv1 = layers.Conv1D(filters, 7, strides=2, use_bias=False)
        self.norm1, self.norm2 = layers.BatchNormalization(**BN), layers.BatchNormalization(**BN)
        self.wrong = wrong

    def call(self, x: Any, training: bool | None = None) -> Any:
        y = self.conv1(ops.pad(x, ((0, 0), (3, 3), (0, 0))))
        y = ops.leaky_relu(self.norm1(y, training=training), negative_slope=0.01)
        y = self.norm2(self.conv2(y), training=training)
        low = ops.full_like(x[:, :1], float("-inf"))
        s = self.project(ops.max_pool(ops.concatenate([low, x, low], axis=1), 3, strides=2))
        if "before_sum" in self.wrong:
            return ops.leaky_relu(y, negative_slope=0.01) + s
        return ops.leaky_relu(y + s, negative_slope=0.01)


def nested(*wrong: str) -> keras.Model:
    """Layers of its own within a Sequential."""
    return keras.Sequential(
        [
            keras.Input((58, 4)),
            Residual(6, 1, *wrong),
            Residual(9, 2),
            layers.MaxPooling1D(2),
            layers.Permute((2, 1)),
            layers.Flatten(),
            layers.Dense(10),
            layers.ELU(),
            layers.Dropout(0.3),
            layers.Dense(5),
            layers.Activation("sigmoid"),
        ]
    )


STYLES = {"functional": functional, "nested": nested}


def __getattr__(name: str) -> Callable[[], keras.Model]:
    style, *wrong = name.split("__")
    if style not in STYLES:
        raise AttributeError(name)
    return partial(STYLES[style], *wrong)
