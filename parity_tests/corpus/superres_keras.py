"""Ports of super-resolution; `style__mistake` is the port with that mistake."""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
import numpy as np
from keras import layers, ops

DIV2K_MEAN = np.array([0.4488, 0.4371, 0.4040])


def pixel_shuffle(x: Any, r: int, exchanged: bool = False) -> Any:
    """As PyTorch does it: channel, row, column."""
    _, h, w, c = x.shape
    c //= r * r
    x = ops.reshape(x, (-1, h, w, c, r, r))
    x = ops.transpose(x, (0, 1, 5, 2, 4, 3) if exchanged else (0, 1, 4, 2, 5, 3))
    return ops.reshape(x, (-1, h * r, w * r, c))


def functional(*wrong: str) -> keras.Model:
    """Functional."""
    images = keras.Input((9, 13, 3))
    mode = "nearest" if "default_upsampling" in wrong else "bilinear"
    base = layers.UpSampling2D(4, interpolation=mode)(images)
    mean = DIV2K_MEAN[::-1] if "mean_bgr" in wrong else DIV2K_MEAN
    x = head = layers.Conv2D(7, 3, padding="same", name="head")(images - mean)
    for i in range(2):
        y = layers.Conv2D(7, 3, padding="same", activation="relu", name=f"block{i}_conv1")(x)
        y = layers.Conv2D(7, 3, padding="same", name=f"block{i}_conv2")(y)
        if "unscaled" not in wrong or i == 0:
            y = layers.Rescaling(0.1)(y)
        x = layers.Add()([x, y])
    x = layers.Conv2D(7, 3, padding="same", name="body_out")(x)
    x = layers.Add()([x, head])
    for i, filters in enumerate((5, 4)):
        x = layers.Conv2D(filters * 4, 3, padding="same", name=f"up{i}_conv")(x)
        x = pixel_shuffle(x, 2, "transposed" in wrong and i == 0)
        shared = None if "prelu_unshared" in wrong and i == 1 else [1, 2]
        x = layers.PReLU(shared_axes=shared, name=f"up{i}_prelu")(x)
    x = layers.Add()([layers.Conv2D(3, 5, padding="same", name="tail")(x), base])
    return keras.Model(images, ops.clip(x, 0.0, 1.0) if "clipped" in wrong else x)


class SubPixel(layers.Layer):
    """Keras' own operation, behind channels in the order it wants."""

    def __init__(self, factor: int, reorder: bool = True) -> None:
        super().__init__()
        self.factor, self.reorder = factor, reorder

    def call(self, x: Any) -> Any:
        if self.reorder:
            channels = x.shape[-1]
            order = np.arange(channels).reshape(-1, self.factor**2).T.reshape(-1)
            x = ops.take(x, order, axis=-1)
        return ops.depth_to_space(x, self.factor)


class Residual(layers.Layer):
    """A scaled residual block."""

    def __init__(self, *wrong: str) -> None:
        super().__init__()
        self.wrong = wrong
        self.conv2, self.conv1 = layers.Conv2D(7, 3, padding="same"), layers.Conv2D(7, 3, padding="same")

    def call(self, x: Any) -> Any:
        y = self.conv2(ops.relu(self.conv1(x)))
        y = ops.relu(y) if "relu_twice" in self.wrong else y
        return x + 0.1 * y


class Model(keras.Model):
    """Subclassed."""

    def __init__(self, *wrong: str) -> None:
        super().__init__()
        self.wrong = wrong
        self.head, self.body_out = layers.Conv2D(7, 3, padding="same"), layers.Conv2D(7, 3, padding="same")
        self.blocks = keras.Sequential([Residual(), Residual(*wrong)])
        self.up = keras.Sequential(
            [
                layers.Conv2D(20, 3, padding="same"),
                SubPixel(2),
                layers.PReLU(shared_axes=[1, 2]),
                layers.Conv2D(16, 3, padding="same"),
                SubPixel(2, "depth_to_space" not in wrong),
                layers.PReLU(shared_axes=[1, 2]),
            ]
        )
        self.tail = layers.Conv2D(3, 5, padding="same", use_bias="no_bias" not in wrong)

    def call(self, x: Any) -> Any:
        h, w = x.shape[1:3]
        base = ops.image.resize(x, (4 * h, 4 * w), interpolation="bilinear")
        head = self.head(x - ops.convert_to_tensor(DIV2K_MEAN, dtype=x.dtype))
        y = self.body_out(self.blocks(head))
        if "no_long_skip" not in self.wrong:
            y = y + head
        return base + self.tail(self.up(y))


def subclassed(*wrong: str) -> keras.Model:
    """See `Model`."""
    return Model(*wrong)


STYLES = {"functional": functional, "subclassed": subclassed}


def __getattr__(name: str) -> Callable[[], keras.Model]:
    style, *wrong = name.split("__")
    if style not in STYLES:
        raise AttributeError(name)
    return partial(STYLES[style], *wrong)
