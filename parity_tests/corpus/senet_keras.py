"""Ports of the squeeze-and-excitation net; `style__mistake` is the port with that mistake."""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
from keras import layers, ops

BN = {"epsilon": 1e-5, "momentum": 0.9}


def se_block(x: Any, reduction: int, *wrong: str) -> Any:
    """Dense layers on the means of maps."""
    channels = x.shape[-1]
    y = (layers.GlobalMaxPooling2D if "squeeze_max" in wrong else layers.GlobalAveragePooling2D)()(x)
    y = layers.Dense(channels // reduction, use_bias="se_bias" in wrong, name="se1_squeeze")(y)
    y = y if "se_no_relu" in wrong else layers.ReLU()(y)
    gate = "softmax" if "se_softmax" in wrong else "tanh" if "se_tanh" in wrong else "sigmoid"
    y = layers.Dense(channels, activation=gate, use_bias=False, name="se1_excite")(y)
    y = layers.Reshape((1, 1, channels))(y)
    return layers.Add()([x, y]) if "added" in wrong else layers.Multiply()([x, y])


def functional(*wrong: str) -> keras.Model:
    """Functional, names from the papers."""
    images = keras.Input((17, 25, 3))
    x = layers.Conv2D(8, 3, padding="same", use_bias=False, name="conv1")(images)
    if "no_norm" not in wrong:
        x = layers.BatchNormalization(**BN, name="bn1")(x)
    x = se_block(layers.ReLU()(x), 2, *wrong)
    if "counted" in wrong:
        x = layers.AveragePooling2D(3, 2)(layers.ZeroPadding2D(1)(x))
    else:
        x = layers.AveragePooling2D(3, 2, padding="same")(x)
    rate = 1 if "dilation" in wrong else 2
    x = layers.Conv2D(12, 3, padding="same", dilation_rate=rate, groups=4, name="conv2")(x)
    x = layers.BatchNormalization(**BN, name="bn2")(x)
    x = layers.Activation("silu" if "silu" in wrong else "hard_swish")(x)
    y = layers.GlobalAveragePooling2D(keepdims=True)(x)
    y = layers.Conv2D(5, 1, activation="relu", name="se2_reduce")(y)
    y = layers.Conv2D(12, 1, name="se2_expand")(y)
    y = layers.Activation("sigmoid" if "soft" in wrong else "hard_sigmoid")(y)
    x = layers.Multiply()([x, y])
    x = layers.MaxPooling2D(3, strides=None if "default_strides" in wrong else 1)(x)
    strides = (2, 1) if "strides_exchanged" in wrong else (1, 2)
    x = layers.Conv2D(7, (1, 3), strides=strides, name="conv3")(x)
    x = layers.Activation("mish")(x)
    x = layers.MaxPooling2D(2, padding="valid" if "floor" in wrong else "same")(x)
    return keras.Model(images, layers.Dense(6, name="fc")(layers.GlobalAveragePooling2D()(x)))


class Gate(layers.Layer):
    """A squeeze and an excitation whose two matrices are weights of the layer."""

    def __init__(self, reduced: int, *wrong: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.reduced, self.wrong = reduced, wrong

    def build(self, shape: Any) -> None:
        self.squeeze = layers.Dense(self.reduced, activation="relu", use_bias=False)
        self.excite = layers.Dense(shape[-1], use_bias=False)
        self.squeeze.build((None, shape[-1]))
        self.excite.build((None, self.reduced))

    def call(self, x: Any) -> Any:
        y = ops.mean(x, axis=(1, 2), keepdims=True)
        y = ops.sum(x, axis=(1, 2), keepdims=True) if "sum" in self.wrong else y
        y = ops.mean(x, axis=(0, 1, 2), keepdims=True) if "over_batch" in self.wrong else y
        gate = self.excite(self.squeeze(y))
        gate = 2 * ops.sigmoid(gate) if "doubled" in self.wrong else ops.sigmoid(gate)
        return x * gate


class SENet(keras.Model):
    """Subclassed."""

    def __init__(self, *wrong: str) -> None:
        super().__init__()
        self.wrong = wrong
        self.fc = layers.Dense(6)
        self.conv3 = layers.Conv2D(7, (1, 3), (1, 2))
        self.expand, self.reduce = layers.Conv2D(12, 1), layers.Conv2D(5, 1, activation="relu")
        self.bn2, self.bn1 = layers.BatchNormalization(**BN), layers.BatchNormalization(**BN)
        self.conv2 = layers.Conv2D(12, 3, dilation_rate=2, groups=4)
        self.gate = Gate(4, *wrong)
        self.conv1 = layers.Conv2D(8, 3, padding="same", use_bias=False)

    def call(self, x: Any, training: bool | None = None) -> Any:
        x = ops.relu(self.bn1(self.conv1(x), training=training))
        x = self.gate(x)
        x = ops.average_pool(x, 3, strides=2, padding="same")
        x = self.bn2(self.conv2(ops.pad(x, [[0, 0], [2, 2], [2, 2], [0, 0]])), training=training)
        x = ops.hard_silu(x)
        y = self.expand(self.reduce(ops.mean(x, axis=(1, 2), keepdims=True)))
        x = ops.max_pool(x * ops.hard_sigmoid(y), 2 if "pool_of_two" in self.wrong else 3, strides=1)
        x = self.conv3(x)
        x = x * ops.tanh(ops.softplus(x))
        x = ops.max_pool(x, 2, strides=2, padding="same")
        return self.fc(ops.mean(ops.reshape(x, (-1, x.shape[1] * x.shape[2], 7)), axis=1))


def subclassed(*wrong: str) -> keras.Model:
    """See `SENet`."""
    return SENet(*wrong)


STYLES = {"functional": functional, "subclassed": subclassed}


def __getattr__(name: str) -> Callable[[], keras.Model]:
    style, *wrong = name.split("__")
    if style not in STYLES:
        raise AttributeError(name)
    return partial(STYLES[style], *wrong)
