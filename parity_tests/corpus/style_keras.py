"""Ports of the generator for style transfer; `style__mistake` is the port with that mistake."""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
from keras import layers, ops


def reflect(x: Any, p: int, mode: str = "reflect") -> Any:
    """A border of mirrored pixels."""
    return ops.pad(x, [[0, 0], [p, p], [p, p], [0, 0]], mode=mode)


def instance_norm(x: Any, name: str, groups: int = -1) -> Any:
    """Instance norm as Keras has it."""
    return layers.GroupNormalization(groups, epsilon=1e-5, name=name)(x)


def functional(*wrong: str) -> keras.Model:
    """Functional, with `ops.pad` and group norms."""
    images = keras.Input((20, 26, 3))
    x = layers.Conv2D(5, 5, name="conv1")(reflect(images, 2))
    x = layers.ReLU()(instance_norm(x, "conv1_in"))
    x = layers.Conv2D(8, 3, 2, name="conv2")(reflect(x, 1))
    x = layers.ReLU()(instance_norm(x, "conv2_in", 1 if "one_group" in wrong else -1))
    for i in (1, 2):
        y = layers.Conv2D(8, 3, name=f"res{i}_a")(reflect(x, 1))
        y = layers.ReLU()(instance_norm(y, f"res{i}_a_in"))
        symmetric = "symmetric" in wrong and i == 2
        y = layers.Conv2D(8, 3, name=f"res{i}_b")(reflect(y, 1, "symmetric" if symmetric else "reflect"))
        y = instance_norm(y, f"res{i}_b_in")
        x = layers.Add()([x, y])
        if "relu_behind" in wrong and i == 1:
            x = layers.ReLU()(x)
    x = layers.UpSampling2D(2, interpolation="bilinear" if "bilinear" in wrong else "nearest")(x)
    x = layers.Conv2D(6, 3, name="up1")(reflect(x, 1))
    x = layers.ReLU()(instance_norm(x, "up1_in"))
    if "zeros" in wrong:
        x = layers.Conv2D(3, 5, padding="same", activation="tanh", name="out")(x)
    else:
        x = layers.Conv2D(3, 5, activation="tanh", name="out")(reflect(x, 2))
    factor = 150 if "of_150" in wrong else 127.5
    return keras.Model(images, layers.Rescaling(factor, offset=127.5)(x))


class InstanceNorm(layers.Layer):
    """Instance norm by hand, as in many ports."""

    def __init__(self, *wrong: str) -> None:
        super().__init__()
        self.wrong = wrong

    def build(self, shape: Any) -> None:
        self.scale = self.add_weight(shape=(shape[-1],), initializer="ones", name="scale")
        self.shift = self.add_weight(shape=(shape[-1],), initializer="zeros", name="shift")

    def call(self, x: Any) -> Any:
        mean, variance = ops.moments(x, axes=[1, 2], keepdims=True)
        if "milli" in self.wrong:
            return self.scale * (x - mean) / ops.sqrt(variance + 1e-3) + self.shift
        if "outside_root" in self.wrong:
            return self.scale * (x - mean) / (ops.sqrt(variance) + 1e-5) + self.shift
        return self.scale * (x - mean) * ops.rsqrt(variance + 1e-5) + self.shift


class ReflectionPadding2D(layers.Layer):
    """Reflection padding by slices."""

    def __init__(self, padding: int) -> None:
        super().__init__()
        self.padding = padding

    def call(self, x: Any) -> Any:
        p = self.padding
        x = ops.concatenate([ops.flip(x[:, 1 : p + 1], 1), x, ops.flip(x[:, -p - 1 : -1], 1)], axis=1)
        return ops.concatenate(
            [ops.flip(x[:, :, 1 : p + 1], 2), x, ops.flip(x[:, :, -p - 1 : -1], 2)], axis=2
        )


class Residual(layers.Layer):
    """A residual block."""

    def __init__(self, *wrong: str) -> None:
        super().__init__()
        self.pad = ReflectionPadding2D(1)
        self.conv_b, self.conv_a = layers.Conv2D(8, 3), layers.Conv2D(8, 3)
        self.norm_a = (
            layers.BatchNormalization(epsilon=1e-5, momentum=0.9) if "batch" in wrong else InstanceNorm()
        )
        self.norm_b = InstanceNorm()
        self.wrong = wrong

    def call(self, x: Any) -> Any:
        y = self.norm_a(self.conv_a(self.pad(x)))
        y = y if "linear" in self.wrong else ops.relu(y)
        return x + self.norm_b(self.conv_b(self.pad(y)))


class StyleNet(keras.Model):
    """Subclassed."""

    def __init__(self, *wrong: str) -> None:
        super().__init__()
        self.pad2, self.pad1 = ReflectionPadding2D(2), ReflectionPadding2D(1)
        self.enc1, self.enc2 = layers.Conv2D(5, 5), layers.Conv2D(8, 3, strides=2)
        self.norm1 = InstanceNorm(*(w for w in wrong if w == "outside_root"))
        self.norm2, self.norm3 = InstanceNorm(), InstanceNorm(*(w for w in wrong if w == "milli"))
        self.res = [
            Residual(*(w for w in wrong if w == "linear")),
            Residual(*(w for w in wrong if w == "batch")),
        ]
        self.dec1, self.dec2 = layers.Conv2D(6, 3), layers.Conv2D(3, 5)

    def call(self, x: Any) -> Any:
        x = ops.relu(self.norm1(self.enc1(self.pad2(x))))
        x = ops.relu(self.norm2(self.enc2(self.pad1(x))))
        for block in self.res:
            x = block(x)
        x = ops.repeat(ops.repeat(x, 2, axis=1), 2, axis=2)
        x = ops.relu(self.norm3(self.dec1(self.pad1(x))))
        return (ops.tanh(self.dec2(self.pad2(x))) + 1) * 127.5


def subclassed(*wrong: str) -> keras.Model:
    """See `StyleNet`."""
    return StyleNet(*wrong)


STYLES = {"functional": functional, "subclassed": subclassed}


def __getattr__(name: str) -> Callable[[], keras.Model]:
    style, *wrong = name.split("__")
    if style not in STYLES:
        raise AttributeError(name)
    return partial(STYLES[style], *wrong)
