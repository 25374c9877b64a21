"""Ports of the noise predictor; `style__mistake` is the port with that mistake."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import keras
import numpy as np
from keras import layers, ops


class TimeEmbedding(layers.Layer):
    """Sines and cosines of the time."""

    def __init__(self, dim: int, *wrong: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        half = dim // 2
        self.freqs = np.exp(np.arange(half) * -math.log(10000) / (half if "over_half" in wrong else half - 1))
        self.wrong = wrong

    def call(self, t: Any) -> Any:
        emb = ops.cast(t, self.compute_dtype)[:, None] * ops.cast(self.freqs, self.compute_dtype)[None, :]
        waves = [ops.sin(emb), ops.cos(emb)]
        return ops.concatenate(waves[::-1] if "cosines_first" in self.wrong else waves, axis=-1)


class SpatialAttention(layers.Layer):
    """Each place of the map looks at all places."""

    def __init__(self, heads: int, width: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.heads, self.width = heads, width

    def build(self, shape: Any) -> None:
        self.norm = layers.GroupNormalization(1, epsilon=1e-5)
        self.qkv = layers.Dense(3 * self.heads * self.width, use_bias=False)
        self.out = layers.Dense(shape[-1])
        self.norm.build(shape)
        self.qkv.build(shape)
        self.out.build((*shape[:-1], self.heads * self.width))

    def call(self, x: Any) -> Any:
        h, w = x.shape[1:3]
        qkv = ops.reshape(self.qkv(self.norm(x)), (-1, h * w, 3, self.heads, self.width))
        q, k, v = qkv[:, :, 0], qkv[:, :, 1], qkv[:, :, 2]
        sim = ops.einsum("bihd,bjhd->bhij", q, k) * self.width**-0.5
        out = ops.einsum("bhij,bjhd->bihd", ops.softmax(sim, axis=-1), v)
        return x + self.out(ops.reshape(out, (-1, h, w, self.heads * self.width)))


def residual_block(x: Any, t: Any, width: int, name: str, *wrong: str, groups: int = 4) -> Any:
    """Norm, swish, convolution, twice; scaled and shifted by the time."""
    inputs = x
    norm = partial(layers.GroupNormalization, epsilon=1e-5)
    x = layers.Activation("swish")(norm(groups, name=f"{name}_norm1")(x))
    x = layers.Conv2D(width, 3, padding="same", name=f"{name}_conv1")(x)
    t = t if "time_linear" in wrong else layers.Activation("swish")(t)
    t = layers.Reshape((1, 1, 2 * width))(layers.Dense(2 * width, name=f"{name}_time")(t))
    scale, shift = t[..., :width], t[..., width:]
    if "shift_first" in wrong:
        scale, shift = shift, scale
    x = norm(groups, name=f"{name}_norm2")(x)
    x = x * (scale if "not_plus_one" in wrong else scale + 1) + shift
    x = layers.Dropout(0.1)(layers.Activation("swish")(x))
    x = layers.Conv2D(width, 3, padding="same", name=f"{name}_conv2")(x)
    if inputs.shape[-1] != width:
        inputs = layers.Conv2D(width, 1, name=f"{name}_shortcut")(inputs)
    return layers.Add()([x, inputs])


def functional(*wrong: str) -> keras.Model:
    """Functional, as in the examples of Keras."""
    images, times = keras.Input((12, 18, 3)), keras.Input((), dtype="int64")
    t = TimeEmbedding(10, *wrong)(times)
    t = layers.Dense(18, name="time2")(layers.Dense(18, activation="gelu", name="time1")(t))
    x = layers.Conv2D(8, 3, padding="same", name="stem")(images)
    skip = residual_block(x, t, 8, "down", *(w for w in wrong if w == "not_plus_one"))
    x = layers.Conv2D(12, 3, 2, name="downsample")(layers.ZeroPadding2D(1)(skip))
    mid = [w for w in wrong if w == "shift_first"]
    x = residual_block(x, t, 12, "mid1", *mid, groups=2 if "two_groups" in wrong else 4)
    x = SpatialAttention(2, 5, name="attention")(x)
    x = residual_block(x, t, 16, "mid2", *(w for w in wrong if w == "time_linear"))
    x = layers.Conv2D(8, 3, padding="same", name="upsample")(layers.UpSampling2D(2)(x))
    x = residual_block(layers.Concatenate()([x, skip]), t, 8, "up")
    x = layers.Activation("swish")(layers.GroupNormalization(4, epsilon=1e-5, name="last_norm")(x))
    return keras.Model([images, times], layers.Conv2D(3, 3, padding="same", name="last")(x))


class ResidualBlock(layers.Layer):
    """Norm, SiLU, convolution, twice; scaled and shifted by the time."""

    def __init__(self, width: int, project: bool, *wrong: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.wrong = wrong
        self.shortcut = layers.Conv2D(width, 1) if project else None
        self.conv2, self.conv1 = (layers.Conv2D(width, 3, padding="same") for _ in range(2))
        self.norm1, self.norm2 = (layers.GroupNormalization(4, epsilon=1e-5) for _ in range(2))
        self.time_dense, self.drop = layers.Dense(2 * width), layers.Dropout(0.1)

    def call(self, x: Any, t: Any, training: bool | None = None) -> Any:
        scale, shift = ops.split(self.time_dense(ops.silu(t))[:, None, None, :], 2, axis=-1)
        y = self.conv1(ops.silu(self.norm1(x)))
        if "time_before_norm" in self.wrong:
            y = self.norm2(y * (1 + scale) + shift)
        else:
            y = self.norm2(y) * (1 + scale) + shift
        y = self.conv2(self.drop(ops.silu(y), training=training))
        return y + (self.shortcut(x) if self.shortcut else x)


class Attention(layers.Layer):
    """By 1x1 convolutions and Keras' own product."""

    def __init__(self, heads: int, width: int, channels: int, *wrong: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.heads, self.width, self.wrong = heads, width, wrong
        self.norm = layers.GroupNormalization(1, epsilon=1e-5)
        self.to_qkv = layers.Conv2D(3 * heads * width, 1, use_bias=False)
        self.to_out = layers.Conv2D(channels, 1)

    def call(self, x: Any) -> Any:
        h, w = x.shape[1:3]
        normed = self.norm(x)
        q, k, v = (
            ops.reshape(z, (-1, h * w, self.heads, self.width))
            for z in ops.split(self.to_qkv(normed), 3, axis=-1)
        )
        scale = (self.heads * self.width) ** -0.5 if "whole_width" in self.wrong else None
        y = ops.dot_product_attention(q, k, v, scale=scale)
        y = self.to_out(ops.reshape(y, (-1, h, w, self.heads * self.width)))
        return y + (normed if "normed_skip" in self.wrong else x)


class Denoiser(keras.Model):
    """Subclassed."""

    def __init__(self, *wrong: str) -> None:
        super().__init__()
        self.wrong = wrong
        self.time = TimeEmbedding(10)
        self.time1, self.time2 = layers.Dense(18), layers.Dense(18)
        self.stem, self.head = layers.Conv2D(8, 3, padding="same"), layers.Conv2D(3, 3, padding="same")
        self.down = layers.Conv2D(12, 3, 2, padding="same" if "same" in wrong else "valid")
        self.up = layers.Conv2D(8, 3, padding="same")
        self.block1, self.block4 = ResidualBlock(8, False), ResidualBlock(8, True, *wrong)
        self.block2, self.block3 = ResidualBlock(12, False), ResidualBlock(16, True)
        self.attention = Attention(2, 5, 12, *wrong)
        self.norm = layers.GroupNormalization(4, epsilon=1e-5)

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        images, times = inputs
        t = self.time2(ops.gelu(self.time1(self.time(times)), approximate=False))
        skip = self.block1(self.stem(images), t, training=training)
        padded = skip if "same" in self.wrong else ops.pad(skip, [[0, 0], [1, 1], [1, 1], [0, 0]])
        x = self.block2(self.down(padded), t, training=training)
        x = self.block3(self.attention(x), t, training=training)
        x = self.up(ops.repeat(ops.repeat(x, 2, axis=1), 2, axis=2))
        x = self.block4(ops.concatenate([x, skip], axis=-1), t, training=training)
        return self.head(ops.silu(self.norm(x)))


def subclassed(*wrong: str) -> keras.Model:
    """See `Denoiser`."""
    return Denoiser(*wrong)


STYLES = {"functional": functional, "subclassed": subclassed}


def __getattr__(name: str) -> Callable[[], keras.Model]:
    style, *wrong = name.split("__")
    if style not in STYLES:
        raise AttributeError(name)
    return partial(STYLES[style], *wrong)
