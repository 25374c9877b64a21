"""Ports of the DeepLab; `style__mistake` is the port with that mistake."""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
import numpy as np
from keras import layers, ops


def convolution_block(
    x: Any, filters: int, kernel: int, name: str, rate: int = 1, stride: int = 1, relu: bool = True
) -> Any:
    """Convolution, batch norm, ReLU."""
    if stride > 1:
        x = layers.ZeroPadding2D(kernel // 2)(x)
    padding = "valid" if stride > 1 else "same"
    x = layers.Conv2D(
        filters, kernel, stride, padding, dilation_rate=rate, use_bias=False, name=f"{name}_conv"
    )(x)
    x = layers.BatchNormalization(epsilon=1e-5, momentum=0.9, name=f"{name}_bn")(x)
    return layers.ReLU()(x) if relu else x


def weights(n: int, m: int) -> np.ndarray:
    """(m, n): how m points between corners that are aligned come from n."""
    at = np.linspace(0, n - 1, m)
    return np.maximum(0, 1 - np.abs(at[:, None] - np.arange(n)))


class ResizeAligned(layers.Layer):
    """Bilinear, with the corners aligned, by two matrices."""

    def __init__(self, height: int, width: int) -> None:
        super().__init__()
        self.size = height, width

    def call(self, x: Any) -> Any:
        rows, columns = (
            ops.cast(weights(n, m), x.dtype) for n, m in zip(x.shape[1:3], self.size, strict=True)
        )
        return ops.einsum("ih,bhwc,jw->bijc", rows, x, columns)


def functional(*wrong: str) -> keras.Model:
    """Functional."""
    image = keras.Input((24, 36, 3))
    low = convolution_block(image, 8, 3, "stem", stride=2)
    x = convolution_block(low, 13, 3, "layer1", stride=2)
    pooled = layers.GlobalAveragePooling2D(keepdims=True)(x)
    pooled = convolution_block(pooled, 7, 1, "pooling", relu="linear_pooling" not in wrong)
    pooled = layers.UpSampling2D((6, 9), interpolation="bilinear")(pooled)
    branches = [convolution_block(x, 7, 1, "aspp1")]
    for rate in (2, 3) if "rates" in wrong else (2, 4):
        branches.append(convolution_block(x, 7, 3, f"aspp_rate{rate}", rate))
    branches = [pooled, *branches] if "pooled_first" in wrong else [*branches, pooled]
    x = layers.Dropout(0.5)(convolution_block(layers.Concatenate()(branches), 11, 1, "project"))
    x = layers.UpSampling2D(2, interpolation="nearest" if "nearest" in wrong else "bilinear")(x)
    x = layers.Concatenate()([x, convolution_block(low, 6, 1, "low")])
    x = layers.Conv2D(5, 1, name="classes")(convolution_block(x, 10, 3, "decoder"))
    last = layers.Resizing(24, 36, interpolation="bilinear") if "centres" in wrong else ResizeAligned(24, 36)
    return keras.Model(image, last(x))


def resize_corners(x: Any, height: int, width: int) -> Any:
    """Bilinear with aligned corners, between the two neighbours along each axis."""
    for axis, m in ((1, height), (2, width)):
        n = x.shape[axis]
        at = np.arange(m) * (n - 1) / (m - 1)
        before = np.minimum(np.floor(at).astype("int32"), n - 2)
        share = (at - before).reshape([-1] + [1] * (3 - axis))
        x = ops.take(x, before, axis=axis) * (1 - share) + ops.take(x, before + 1, axis=axis) * share
    return x


class ConvBN(layers.Layer):
    """Convolution, batch norm, activation."""

    def __init__(
        self,
        filters: int,
        kernel: int,
        stride: int = 1,
        rate: int = 1,
        act: str | None = "relu",
        pad: bool = True,
    ) -> None:
        super().__init__()
        self.act = layers.Activation(act)
        self.norm = layers.BatchNormalization(epsilon=1e-5, momentum=0.9)
        self.conv = layers.Conv2D(filters, kernel, stride, use_bias=False, dilation_rate=rate)
        n = rate * (kernel // 2)
        self.pad = layers.ZeroPadding2D(n if pad else ((0, n), (0, n)))

    def call(self, x: Any, training: bool | None = None) -> Any:
        return self.act(self.norm(self.conv(self.pad(x)), training=training))


class DeepLab(keras.Model):
    """Subclassed."""

    def __init__(self, *wrong: str) -> None:
        super().__init__()
        self.wrong = wrong
        self.decode, self.classify = ConvBN(10, 3), layers.Conv2D(5, 1)
        self.low = ConvBN(6, 1, act=None if "linear_low" in wrong else "relu")
        self.stem, self.layer1 = ConvBN(8, 3, 2, pad="padded_end" not in wrong), ConvBN(13, 3, 2)
        self.aspp = [ConvBN(7, 1), ConvBN(7, 3, rate=2), ConvBN(7, 3, rate=4)]
        self.pooling, self.project = ConvBN(7, 1), ConvBN(11, 1)
        self.drop = layers.Dropout(0.1 if "dropout" in wrong else 0.5)

    def call(self, image: Any, training: bool | None = None) -> Any:
        low = self.stem(image, training=training)
        x = self.layer1(low, training=training)
        pool = ops.max if "max" in self.wrong else ops.mean
        mean = self.pooling(pool(x, axis=(1, 2), keepdims=True), training=training)
        mean = ops.tile(mean, (1, x.shape[1], x.shape[2], 1))
        x = ops.concatenate([*(conv(x, training=training) for conv in self.aspp), mean], axis=-1)
        x = self.drop(self.project(x, training=training), training=training)
        x = ops.image.resize(x, low.shape[1:3], interpolation="bilinear")
        low = self.low(low, training=training)
        x = ops.concatenate([low, x] if "low_first" in self.wrong else [x, low], axis=-1)
        return resize_corners(self.classify(self.decode(x, training=training)), *image.shape[1:3])


def subclassed(*wrong: str) -> keras.Model:
    """See `DeepLab`."""
    return DeepLab(*wrong)


STYLES = {"functional": functional, "subclassed": subclassed}


def __getattr__(name: str) -> Callable[[], keras.Model]:
    style, *wrong = name.split("__")
    if style not in STYLES:
        raise AttributeError(name)
    return partial(STYLES[style], *wrong)
