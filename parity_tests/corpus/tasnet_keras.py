"""Ports of the Conv-TasNet; `style__mistake` is the port with that mistake."""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
from keras import layers, ops


def temporal_block(x: Any, dilation: int, name: str, *wrong: str) -> Any:
    """Convolutions, PReLU, norms over channels and time, and x."""
    axes = [1] if "slopes" in wrong else [1, 2]
    epsilon = {} if "epsilon" in wrong else {"epsilon": 1e-8}
    y = layers.Conv1D(14, 1, use_bias=False, name=f"{name}_in")(x)
    y = layers.PReLU(shared_axes=axes, name=f"{name}_prelu1")(y)
    y = layers.GroupNormalization(1, **epsilon, name=f"{name}_norm1")(y)
    y = layers.DepthwiseConv1D(
        3, padding="same", dilation_rate=dilation, use_bias=False, name=f"{name}_depthwise"
    )(y)
    y = layers.PReLU(shared_axes=[1, 2], name=f"{name}_prelu2")(y)
    if "frame_norm" in wrong:
        y = layers.LayerNormalization(epsilon=1e-8, name=f"{name}_norm2")(y)
    else:
        y = layers.GroupNormalization(1, epsilon=1e-8, name=f"{name}_norm2")(y)
    return layers.Add()([x, layers.Conv1D(10, 1, use_bias=False, name=f"{name}_out")(y)])


def functional(*wrong: str) -> keras.Model:
    """Functional, the speakers in the batch of the decoder."""
    mixture = keras.Input((80,))
    w = layers.Reshape((80, 1))(mixture)
    w = layers.Conv1D(12, 8, 4, use_bias=False, activation="relu", name="encoder")(w)
    frames = w.shape[1]
    x = layers.LayerNormalization(epsilon=1e-8, name="norm")(w)
    x = layers.Dense(10, use_bias=False, name="bottleneck")(x)
    x = temporal_block(x, 1, "block1", *(n for n in wrong if n in ("slopes", "epsilon")))
    x = temporal_block(x, 2, "block2", *(n for n in wrong if n == "frame_norm"))
    x = temporal_block(x, 4, "block3")
    x = layers.Dense(24, use_bias=False, name="masks")(x)
    if "speakers_inside" in wrong:
        x = layers.Permute((3, 1, 2))(layers.Reshape((frames, 12, 2))(x))
    else:
        x = layers.Permute((2, 1, 3))(layers.Reshape((frames, 2, 12))(x))
    x = layers.Softmax(axis=1)(x) if "softmax" in wrong else layers.ReLU()(x)
    if "mask_only" not in wrong:
        x = layers.Multiply()([x, layers.Reshape((1, frames, 12))(w)])
    x = ops.reshape(x, (-1, frames, 12))
    x = layers.Conv1DTranspose(1, 8, strides=4, use_bias=False, name="decoder")(x)
    return keras.Model(mixture, ops.reshape(x, (-1, 2, 80)))


class GlobalNorm(layers.Layer):
    """Over channels and time."""

    def build(self, shape: Any) -> None:
        self.gamma = self.add_weight(shape=(shape[-1],), initializer="ones", name="gamma")
        self.beta = self.add_weight(shape=(shape[-1],), initializer="zeros", name="beta")

    def call(self, x: Any) -> Any:
        mean, variance = ops.moments(x, axes=(1, 2), keepdims=True)
        return (x - mean) * ops.rsqrt(variance + 1e-8) * self.gamma + self.beta


class Block(layers.Layer):
    """A Sequential and a shortcut."""

    def __init__(self, dilation: int, *wrong: str) -> None:
        super().__init__()
        self.wrong = wrong
        pad = (2 * dilation, 0) if "causal" in wrong else dilation
        self.net = keras.Sequential(
            [
                layers.Dense(14, use_bias=False),
                layers.PReLU(shared_axes=(1, 2)),
                GlobalNorm(),
                layers.ZeroPadding1D(pad),
                layers.DepthwiseConv1D(3, dilation_rate=dilation, use_bias=False),
                *([] if "no_prelu" in wrong else [layers.PReLU(shared_axes=(1, 2))]),
                GlobalNorm(),
                layers.Dense(10, use_bias=False),
            ]
        )

    def call(self, x: Any) -> Any:
        return self.net(x) if "no_skip" in self.wrong else x + self.net(x)


class ConvTasNet(keras.Model):
    """Subclassed, one speaker after the other."""

    def __init__(self, *wrong: str) -> None:
        super().__init__()
        self.wrong = wrong
        self.decoder = layers.Conv1DTranspose(1, 8, strides=4, use_bias=False)
        self.encoder = layers.Conv1D(12, 8, strides=4, use_bias=False)
        self.separator = keras.Sequential(
            [
                layers.LayerNormalization(epsilon=1e-8),
                layers.Conv1D(10, 1, use_bias=False),
                Block(1, *(w for w in wrong if w == "causal")),
                Block(3 if "third" in wrong else 2, *(w for w in wrong if w == "no_prelu")),
                Block(4, *(w for w in wrong if w == "no_skip")),
                layers.Conv1D(24, 1, use_bias=False),
            ]
        )

    def call(self, mixture: Any) -> Any:
        w = self.encoder(ops.expand_dims(mixture, -1))
        w = w if "linear_encoder" in self.wrong else ops.relu(w)
        masks = ops.split(ops.relu(self.separator(w)), 2, axis=-1)
        return ops.stack([ops.squeeze(self.decoder(w * mask), -1) for mask in masks], axis=1)


def subclassed(*wrong: str) -> keras.Model:
    """See `ConvTasNet`."""
    return ConvTasNet(*wrong)


STYLES = {"functional": functional, "subclassed": subclassed}


def __getattr__(name: str) -> Callable[[], keras.Model]:
    style, *wrong = name.split("__")
    if style not in STYLES:
        raise AttributeError(name)
    return partial(STYLES[style], *wrong)
