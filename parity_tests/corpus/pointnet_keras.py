"""Ports of the PointNet; `style__mistake` is the port with that mistake."""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
import numpy as np
from keras import layers, ops

BN = {"epsilon": 1e-5, "momentum": 0.9}


def dense_bn(x: Any, units: int, name: str, relu: bool = True) -> Any:
    """Dense for each point, batch norm, ReLU."""
    x = layers.BatchNormalization(**BN, name=f"{name}_bn")(layers.Dense(units, name=name)(x))
    return layers.ReLU()(x) if relu else x


class AddIdentity(layers.Layer):
    """A matrix for each cloud, near the identity."""

    def __init__(self, k: int, *wrong: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.k, self.wrong = k, wrong

    def call(self, x: Any) -> Any:
        x = ops.reshape(x, (-1, self.k, self.k))
        return x if "no_identity" in self.wrong else x + ops.eye(self.k, dtype=x.dtype)


def functional(*wrong: str) -> keras.Model:
    """Functional, dense layers."""
    points = keras.Input((13, 3))
    t = layers.GlobalMaxPooling1D()(dense_bn(points, 6, "tnet1"))
    t = AddIdentity(3, *wrong)(layers.Dense(9, name="tnet3")(dense_bn(t, 7, "tnet2")))
    x = layers.Dot(axes=(2, 2) if "by_transposed" in wrong else (2, 1))([points, t])
    local = dense_bn(x, 8, "mlp1")
    x = dense_bn(dense_bn(local, 14, "mlp2"), 20, "mlp3", relu="relu_before_max" in wrong)
    pool = layers.GlobalAveragePooling1D if "mean" in wrong else layers.GlobalMaxPooling1D
    x = layers.RepeatVector(13)(pool()(x))
    x = layers.Concatenate()([local, x] if "local_first" in wrong else [x, local])
    x = layers.Dense(5, name="classes")(dense_bn(x, 11, "seg1"))
    return keras.Model(points, [layers.Activation("log_softmax")(x), t])


class PointNet(keras.Model):
    """Subclassed, convolutions of width 1."""

    def __init__(self, *wrong: str) -> None:
        super().__init__()
        self.wrong = wrong
        self.out = layers.Conv1D(5, 1)
        self.convs = [layers.Conv1D(n, 1) for n in (6, 8, 14, 20, 11)]
        self.norms = [layers.BatchNormalization(**BN) for _ in range(4)]
        self.norms.append(layers.BatchNormalization(**({"momentum": 0.9} if "epsilon" in wrong else BN)))
        self.hidden, self.hidden_norm = layers.Dense(7), layers.BatchNormalization(**BN)
        self.matrix = layers.Dense(9)

    def call(self, points: Any, training: bool | None = None) -> Any:
        def conv(i: int, x: Any) -> Any:
            return self.norms[i](self.convs[i](x), training=training)

        t = ops.max(ops.relu(conv(0, points)), axis=1)
        t = self.matrix(ops.relu(self.hidden_norm(self.hidden(t), training=training)))
        t = ops.reshape(t + np.eye(3).reshape(-1), (-1, 3, 3))
        first = conv(1, points if "not_turned" in self.wrong else ops.matmul(points, t))
        local = ops.relu(first)
        x = ops.max(conv(3, ops.relu(conv(2, local))), axis=1, keepdims=True)
        x = ops.tile(x, (1, points.shape[1], 1))
        x = ops.concatenate([x, first if "linear_local" in self.wrong else local], axis=-1)
        x = self.out(ops.relu(conv(4, x)))
        return ops.log_softmax(x, axis=1 if "over_points" in self.wrong else -1), t


def subclassed(*wrong: str) -> keras.Model:
    """See `PointNet`."""
    return PointNet(*wrong)


STYLES = {"functional": functional, "subclassed": subclassed}


def __getattr__(name: str) -> Callable[[], keras.Model]:
    style, *wrong = name.split("__")
    if style not in STYLES:
        raise AttributeError(name)
    return partial(STYLES[style], *wrong)
