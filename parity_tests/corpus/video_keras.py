"""Ports of C3D; `style__mistake` is the port with that mistake."""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
from keras import layers, ops

BN = {"epsilon": 1e-5, "momentum": 0.9}


def sequential(*wrong: str) -> keras.Model:
    """Sequential, as in the C3D ports of 2016."""
    border = ((0, 0), (0, 1), (0, 1)) if "border_at_end" in wrong else (0, 1, 1)
    last_pool = layers.AveragePooling3D if "average" in wrong else layers.MaxPooling3D
    model = keras.Sequential(name="c3d")
    model.add(keras.Input((8, 20, 14, 3)))
    model.add(layers.Conv3D(5, 3, padding="same", activation="relu", name="conv1"))
    model.add(layers.MaxPooling3D((1, 2, 2), strides=(1, 2, 2), name="pool1"))
    if "relu_first" in wrong:
        model.add(layers.Conv3D(8, 3, padding="same", use_bias=False, activation="relu", name="conv2"))
        model.add(layers.BatchNormalization(**BN, name="bn2"))
    else:
        model.add(layers.Conv3D(8, 3, padding="same", use_bias=False, name="conv2"))
        model.add(layers.BatchNormalization(**BN, axis=1 if "axis_one" in wrong else -1, name="bn2"))
        model.add(layers.Activation("relu"))
    model.add(layers.MaxPooling3D(2, name="pool2"))
    model.add(layers.Conv3D(9, (1, 3, 3), padding="same", use_bias=False, name="conv3a"))
    model.add(layers.BatchNormalization(**BN, name="bn3a"))
    model.add(layers.Activation("relu"))
    model.add(layers.ZeroPadding3D((1, 0, 0)))
    model.add(layers.Conv3D(7, (3, 1, 1), strides=(2, 1, 1), name="conv3b"))
    model.add(layers.BatchNormalization(**BN, name="bn3b"))
    if "linear" not in wrong:
        model.add(layers.Activation("relu"))
    model.add(layers.ZeroPadding3D(border, name="zeropad5"))
    model.add(last_pool(2, name="pool5"))
    if "width_first" in wrong:
        model.add(layers.Permute((1, 3, 2, 4)))
    model.add(layers.Flatten())
    model.add(layers.Dense(11, activation="relu", name="fc6"))
    model.add(layers.Dropout(0.5))
    model.add(layers.Dense(6, activation="softmax" if "softmax" in wrong else None, name="fc7"))
    return model


class C3D(keras.Model):
    """Subclassed."""

    def __init__(self, *wrong: str) -> None:
        super().__init__()
        self.wrong = wrong
        self.fc7, self.fc6 = layers.Dense(6), layers.Dense(11)
        self.drop = layers.Dropout(0.5)
        self.norms = [layers.BatchNormalization(**BN) for _ in range(3)]
        self.temporal = layers.Conv3D(
            7, (3, 1, 1), strides=(2, 1, 1), padding="same" if "temporal_same" in wrong else "valid"
        )
        self.spatial = layers.Conv3D(9, (1, 3, 3), padding="same", use_bias=False)
        self.conv2 = layers.Conv3D(8, 3, padding="same", use_bias=False)
        self.conv1 = layers.Conv3D(5, 3, padding="same")

    def call(self, x: Any, training: bool | None = None) -> Any:
        if "time_reversed" in self.wrong:
            x = ops.flip(x, axis=1)
        x = ops.max_pool(ops.relu(self.conv1(x)), (1, 2, 2), strides=(1, 2, 2))
        x = ops.relu(self.norms[0](self.conv2(x), training=training))
        x = ops.max_pool(x, 2, strides=2)
        x = ops.relu(self.norms[1](self.spatial(x), training=training))
        if "temporal_same" not in self.wrong:
            x = ops.pad(x, [[0, 0], [1, 1], [0, 0], [0, 0], [0, 0]])
        x = ops.relu(self.norms[2](self.temporal(x), training=training))
        x = ops.pad(x, [[0, 0], [0, 0], [1, 1], [1, 1], [0, 0]])
        x = ops.transpose(ops.max_pool(x, 2, strides=2), (0, 4, 1, 2, 3))
        x = ops.relu(self.fc6(ops.reshape(x, (-1, 42))))
        return self.fc7(self.drop(x, training=training))


def subclassed(*wrong: str) -> keras.Model:
    """See `C3D`."""
    return C3D(*wrong)


STYLES = {"sequential": sequential, "subclassed": subclassed}


def __getattr__(name: str) -> Callable[[], keras.Model]:
    style, *wrong = name.split("__")
    if style not in STYLES:
        raise AttributeError(name)
    return partial(STYLES[style], *wrong)
