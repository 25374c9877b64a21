"""Ports of the encoder-decoders; `style__mistake` is the port with that mistake."""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
import numpy as np
from keras import layers, ops

BN = {"epsilon": 1e-5, "momentum": 0.9}


def double_conv(x: Any, filters: int, wrong: tuple[str, ...] = ()) -> Any:
    """Two 3x3 convolutions with batch norm and ReLU."""
    for i in range(2):
        x = layers.Conv2D(filters, 3, padding="same", use_bias="no_bias" not in wrong)(x)
        if not ("one_norm" in wrong and i == 1):
            x = layers.BatchNormalization(**BN)(x)
        x = layers.Activation("relu")(x)
    return x


def functional(*wrong: str) -> keras.Model:
    """As in the tutorials; what the transposed convolution has too much is cropped."""
    images = keras.Input((16, 24, 3))
    x1 = double_conv(images, 6)
    x2 = double_conv(layers.MaxPooling2D()(x1), 8, tuple(set(wrong) & {"no_bias", "one_norm"}))
    x3 = double_conv(layers.MaxPooling2D()(x2), 10)
    if "same" in wrong:
        y = layers.Conv2DTranspose(7, 3, strides=2, padding="same")(x3)
    else:
        y = layers.Conv2DTranspose(7, 3, strides=2, padding="valid")(x3)
        y = layers.Cropping2D(((0, 1), (0, 1)) if "crops_the_end" in wrong else ((1, 0), (1, 0)))(y)
    both = [y, x2] if "up_first" in wrong else [x2, y]
    y = double_conv(layers.Concatenate()(both), 9)
    y = layers.Conv2DTranspose(5, 2, strides=2, activation="relu" if "relu_behind_up" in wrong else None)(y)
    y = double_conv(layers.Concatenate()([x1, y]), 6)
    y = layers.Conv2D(4, 1)(y)
    return keras.Model(images, layers.Softmax()(y) if "softmax" in wrong else y)


class FlippedTranspose(layers.Conv2DTranspose):
    """A transposed convolution whose kernel is read from its end."""

    def call(self, x: Any) -> Any:
        kernel = ops.flip(ops.convert_to_tensor(self.kernel), axis=(0, 1))
        y = ops.conv_transpose(x, kernel, strides=2, padding="valid")
        return y + self.bias


class Double(layers.Layer):
    """Two 3x3 convolutions with batch norm and ReLU."""

    def __init__(self, filters: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        convs = [layers.Conv2D(filters, 3, padding="same") for _ in range(2)]
        norms = [layers.BatchNormalization(**BN) for _ in range(2)]
        self.body = keras.Sequential([convs[0], norms[0], layers.ReLU(), convs[1], norms[1], layers.ReLU()])

    def call(self, x: Any, training: bool | None = None) -> Any:
        return self.body(x, training=training)


class UNet(keras.Model):
    """Subclassed; decoder first."""

    def __init__(self, *wrong: str) -> None:
        super().__init__()
        self.wrong = wrong
        up = FlippedTranspose if "flipped" in wrong else layers.Conv2DTranspose
        self.outc = layers.Conv2D(4, 1)
        self.conv2, self.conv1 = Double(6), Double(9)
        self.up2, self.up1 = up(5, 2, strides=2), layers.Conv2DTranspose(7, 3, strides=2)
        self.down2, self.down1, self.inc = Double(10), Double(8), Double(6)
        self.pool = layers.AveragePooling2D(2) if "avg_pool" in wrong else layers.MaxPooling2D()

    def call(self, x: Any, training: bool | None = None) -> Any:
        x1 = self.inc(x, training=training)
        x2 = self.down1(self.pool(x1), training=training)
        x3 = self.down2(self.pool(x2), training=training)
        up = self.up1(x3)[:, 1:, 1:, :]
        x2 = x2[:, ::-1] if "upside_down" in self.wrong else x2
        x = self.conv1(ops.concatenate([x2, up], axis=-1), training=training)
        x = self.conv2(ops.concatenate([x1, self.up2(x)], axis=-1), training=training)
        return self.outc(x)


def subclassed(*wrong: str) -> keras.Model:
    """See `UNet`."""
    return UNet(*wrong)


class AlignedResize(layers.Layer):
    """Bilinear resizing to twice the size in which the corners stay where they are."""

    def call(self, x: Any) -> Any:
        for axis in (1, 2):
            size = x.shape[axis]
            position = np.arange(2 * size) * (size - 1) / (2 * size - 1)
            low = np.minimum(position.astype(int), size - 2)
            matrix = np.zeros((size, 2 * size))
            matrix[low, np.arange(2 * size)] = 1 - (position - low)
            matrix[low + 1, np.arange(2 * size)] = position - low
            table = ops.convert_to_tensor(matrix, dtype=x.dtype)
            x = ops.moveaxis(ops.tensordot(x, table, axes=[[axis], [0]]), -1, axis)
        return x


def resizing(*wrong: str) -> keras.Model:
    """Keras' layers for what they can do, a layer of one's own for what they cannot."""
    maps = keras.Input((12, 20, 2))
    x = layers.ZeroPadding2D(1)(maps) if "zeros" in wrong else _edges(maps)
    slope = {} if "default_slope" in wrong else {"negative_slope": 0.01}
    x1 = layers.LeakyReLU(**slope)(layers.Conv2D(5, 3, name="enc1")(x))
    x = layers.ZeroPadding2D(1)(x1)
    x2 = layers.LeakyReLU(negative_slope=0.1)(layers.Conv2D(7, 4, 2, name="enc2")(x))
    x3 = layers.Conv2D(9, 3, 2, activation="elu", name="enc3")(layers.ZeroPadding2D(((1, 1), (1, 1)))(x2))
    y = layers.Conv2D(7, 3, padding="same", activation="selu" if "selu" in wrong else "elu", name="dec3")(x3)
    y = layers.UpSampling2D(2, interpolation="bilinear" if "smooth" in wrong else "nearest")(y)
    y = layers.Concatenate()([x2, y] if "skip_first" in wrong else [y, x2])
    y = layers.Conv2D(5, 3, padding="same", use_bias=False, name="dec2")(y)
    y = layers.Activation("softplus")(y)
    y = layers.UpSampling2D(2, interpolation="nearest" if "blocks" in wrong else "bilinear")(y)
    y = layers.Conv2D(3, 1, name="head")(layers.Concatenate()([y, x1]))
    y = layers.UpSampling2D(2, interpolation="bilinear")(y) if "corners" in wrong else AlignedResize()(y)
    return keras.Model(maps, layers.Activation("sigmoid" if "sigmoid" in wrong else "tanh")(y))


def _edges(x: Any) -> Any:
    x = ops.concatenate([x[:, :1], x, x[:, -1:]], axis=1)
    return ops.concatenate([x[:, :, :1], x, x[:, :, -1:]], axis=2)


class ResizingNet(keras.Model):
    """Subclassed; maps are repeated and resized by functions."""

    def __init__(self, *wrong: str) -> None:
        super().__init__()
        self.wrong = wrong
        self.encoder = [layers.Conv2D(5, 3), layers.Conv2D(7, 4, 2), layers.Conv2D(9, 3, 2)]
        self.decoder = [
            layers.Conv2D(7, 3, padding="same"),
            layers.Conv2D(5, 3, padding="same", use_bias=False),
        ]
        self.head = layers.Conv2D(3, 1)
        self.aligned = AlignedResize()

    def call(self, x: Any) -> Any:
        margins = [[0, 0], [1, 1], [1, 1], [0, 0]]
        x1 = ops.leaky_relu(self.encoder[0](_edges(x)), 0.01)
        x2 = ops.leaky_relu(self.encoder[1](ops.pad(x1, margins)), 0.1)
        if "pads_the_end" in self.wrong:
            margins = [[0, 0], [0, 1], [0, 1], [0, 0]]
        y = ops.elu(self.decoder[0](ops.elu(self.encoder[2](ops.pad(x2, margins)))))
        y = ops.repeat(ops.repeat(y, 2, axis=1), 2, axis=2)
        y = ops.softplus(self.decoder[1](ops.concatenate([y, x2], axis=-1)))
        y = ops.image.resize(y, (12, 20), interpolation="bicubic" if "bicubic" in self.wrong else "bilinear")
        y = self.head(ops.concatenate([y, x1], axis=-1))
        return self.aligned(ops.tanh(y)) if "tanh_first" in self.wrong else ops.tanh(self.aligned(y))


def resizing_subclassed(*wrong: str) -> keras.Model:
    """See `ResizingNet`."""
    return ResizingNet(*wrong)


STYLES = {
    "functional": functional,
    "subclassed": subclassed,
    "resizing": resizing,
    "resizing_subclassed": resizing_subclassed,
}


def __getattr__(name: str) -> Callable[[], keras.Model]:
    style, *wrong = name.split("__")
    if style not in STYLES:
        raise AttributeError(name)
    return partial(STYLES[style], *wrong)
