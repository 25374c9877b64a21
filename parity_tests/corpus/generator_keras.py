"""Ports of the generator; `style__mistake` is the port with that mistake."""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
from keras import layers, ops

BN = {"epsilon": 1e-5, "momentum": 0.9}


def sequential(*wrong: str) -> keras.Model:
    """One list of layers; the vector becomes a map as in PyTorch and is permuted then."""
    shape, order = ((12, 5, 3), (3, 2, 1)) if "width_first" in wrong else ((12, 3, 5), (2, 3, 1))
    epsilon = 1e-3 if "epsilon" in wrong else 1e-5
    up = TextbookTranspose if "flipped" in wrong else layers.Conv2DTranspose
    stack = [
        keras.Input((11,)),
        layers.Dense(180, use_bias="no_bias" not in wrong),
        layers.BatchNormalization(**BN),
        layers.ReLU(),
        layers.Reshape(shape),
        layers.Permute(order),
        layers.Conv2DTranspose(8, 4, 2, padding="same", use_bias=False),
        layers.BatchNormalization(epsilon=epsilon, momentum=0.9),
        layers.ReLU(),
        layers.Conv2DTranspose(6, (3, 5), 2),
        layers.Cropping2D(((0, 1), (1, 2)) if "crop" in wrong else ((1, 0), (2, 1))),
        layers.BatchNormalization(epsilon=1e-5, momentum=0.1 if "momentum" in wrong else 0.9),
        layers.LeakyReLU(negative_slope=0.01 if "slope" in wrong else 0.2),
        up(3, 3, padding="same"),
        layers.Activation("sigmoid" if "sigmoid" in wrong else "tanh"),
    ]
    if "no_relu" in wrong:
        del stack[3]
    return keras.Sequential(stack)


class TextbookTranspose(layers.Conv2DTranspose):
    """With the kernel turned round."""

    def call(self, x: Any) -> Any:
        kernel = ops.flip(ops.convert_to_tensor(self.kernel), axis=(0, 1))
        return ops.conv_transpose(x, kernel, strides=1, padding="same") + self.bias


class Generator(keras.Model):
    """Subclassed: `valid` everywhere, and slices instead of cropping layers."""

    def __init__(self, *wrong: str) -> None:
        super().__init__()
        self.wrong = wrong
        self.project = layers.Dense(180)
        self.bn0 = layers.BatchNormalization(**BN)
        self.bn1 = layers.BatchNormalization(**BN, trainable="frozen" not in wrong)
        self.bn2 = layers.BatchNormalization(**BN)
        self.deconv3 = layers.Conv2DTranspose(3, 3, padding="valid", name="deconv3")
        self.deconv2 = layers.Conv2DTranspose(6, (3, 5), 2, padding="valid", name="deconv2")
        self.deconv1 = layers.Conv2DTranspose(8, 4, 2, padding="valid", use_bias=False, name="deconv1")

    def call(self, noise: Any, training: bool | None = None) -> Any:
        x = self.project(noise)
        if "relu_before_norm" in self.wrong:
            x = self.bn0(ops.relu(x), training=training)
        else:
            x = ops.relu(self.bn0(x, training=training))
        x = ops.transpose(ops.reshape(x, (-1, 12, 3, 5)), (0, 2, 3, 1))
        now = True if "batch_statistics" in self.wrong else training
        x = ops.relu(self.bn1(self.deconv1(x)[:, 1:-1, 1:-1], training=now))
        x = self.bn2(self.deconv2(x)[:, 1:, 2:-1], training=training)
        x = ops.leaky_relu(x, negative_slope=0.2)
        x = self.deconv3(x)[:, 1:-1, 1:-1]
        x = ops.cast(ops.cast(x, "float32"), noise.dtype) if "float32" in self.wrong else x
        return x if "no_tanh" in self.wrong else ops.tanh(x)


def subclassed(*wrong: str) -> keras.Model:
    """See `Generator`."""
    return Generator(*wrong)


STYLES = {"sequential": sequential, "subclassed": subclassed}


def __getattr__(name: str) -> Callable[[], keras.Model]:
    style, *wrong = name.split("__")
    if style not in STYLES:
        raise AttributeError(name)
    return partial(STYLES[style], *wrong)
