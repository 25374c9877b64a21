"""Ports of the variational autoencoder; `style__mistake` is the port with that mistake."""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
from keras import layers, ops

BN = {"epsilon": 1e-5, "momentum": 0.9}


def encoder(*wrong: str) -> keras.Model:
    """Means and logarithms of variances."""
    images = keras.Input((11, 20, 3))
    x = layers.Conv2D(6, 3, 2, use_bias=False, name="enc_conv1")(layers.ZeroPadding2D(1)(images))
    x = layers.LeakyReLU(0.2)(layers.BatchNormalization(**BN, name="enc_bn1")(x))
    x = layers.Conv2D(10, 3, 2, name="enc_conv2")(layers.ZeroPadding2D(1)(x))
    x = layers.Flatten()(layers.Permute((3, 1, 2))(layers.LeakyReLU(0.2)(x)))
    mean = layers.Dense(4, activation="relu" if "relu_mean" in wrong else None, name="z_mean")(x)
    return keras.Model(images, [mean, layers.Dense(4, name="z_log_var")(x)], name="encoder")


def decoder(*wrong: str) -> keras.Model:
    """The image of a mean."""
    z = keras.Input((4,))
    x = layers.Dense(150, name="dec_dense")(z)
    if "width_first" in wrong:
        x = layers.Permute((3, 2, 1))(layers.Reshape((10, 5, 3))(x))
    else:
        x = layers.Permute((2, 3, 1))(layers.Reshape((10, 3, 5))(x))
    if "same" in wrong:
        x = layers.Conv2DTranspose(7, 3, 2, padding="same", use_bias=False, name="dec_convt1")(x)
    else:
        x = layers.Conv2DTranspose(7, 3, 2, use_bias=False, name="dec_convt1")(x)
        x = layers.Cropping2D(((1, 0), (1, 0)))(x)
    x = layers.LeakyReLU(0.2)(layers.BatchNormalization(**BN, name="dec_bn1")(x))
    x = layers.Conv2DTranspose(5, 3, 2, name="dec_convt2")(x)
    x = layers.Cropping2D(((1, 1), (1, 0)))(x)
    x = (layers.LeakyReLU() if "default_slope" in wrong else layers.LeakyReLU(0.2))(x)
    last = "tanh" if "tanh" in wrong else "sigmoid"
    return keras.Model(z, layers.Conv2D(3, 3, padding="same", activation=last, name="dec_out")(x))


def functional(*wrong: str) -> keras.Model:
    """Two models in one, as in the example of Keras."""
    images = keras.Input((11, 20, 3))
    mean, log_var = encoder(*wrong)(images)
    image = decoder(*wrong)(log_var if "of_variance" in wrong else mean)
    return keras.Model(images, [image, log_var, mean] if "exchanged" in wrong else [image, mean, log_var])


class VAE(keras.Model):
    """Subclassed; it returns a dictionary or a tuple."""

    def __init__(self, as_dict: bool, *wrong: str) -> None:
        super().__init__()
        self.as_dict, self.wrong = as_dict, wrong
        conv, up = layers.Conv2D, layers.Conv2DTranspose
        self.conv1, self.conv2 = conv(6, 3, 2, use_bias=False), conv(10, 3, 2)
        self.log_var, self.mean, self.dense = layers.Dense(4), layers.Dense(4), layers.Dense(150)
        self.bn1, self.bn2 = layers.BatchNormalization(**BN), layers.BatchNormalization(**BN)
        self.up1, self.up2, self.last = up(7, 3, 2, use_bias=False), up(5, 3, 2), conv(3, 3, padding="same")

    def call(self, x: Any, training: bool | None = None) -> Any:
        border = [[0, 0], [1, 1], [1, 1], [0, 0]]
        x = ops.leaky_relu(self.bn1(self.conv1(ops.pad(x, border)), training=training), 0.2)
        x = ops.leaky_relu(self.conv2(ops.pad(x, border)), 0.2)
        x = ops.reshape(ops.transpose(x, (0, 3, 1, 2)), (-1, 150))
        mean, log_var = self.mean(x), self.log_var(x)
        x = ops.transpose(ops.reshape(self.dense(mean), (-1, 10, 3, 5)), (0, 2, 3, 1))
        x = self.up1(x)
        x = x[:, :-1, :-1] if "crops_the_end" in self.wrong else x[:, 1:, 1:]
        x = x if "no_norm" in self.wrong else self.bn2(x, training=training)
        x = ops.leaky_relu(x, 0.2)
        x = ops.leaky_relu(self.up2(x)[:, 1:-1, 1:], 0.2)
        image = ops.sigmoid(self.last(x))
        if "deviation" in self.wrong:
            log_var = ops.exp(log_var / 2)
        if self.as_dict:
            return {"recons": image, "mu": mean, "log_var": log_var}
        return image, mean, log_var


def subclassed(*wrong: str) -> keras.Model:
    """See `VAE`; it returns a tuple."""
    return VAE(False, *wrong)


def named(*wrong: str) -> keras.Model:
    """See `VAE`; it returns a dictionary."""
    return VAE(True, *wrong)


STYLES = {"functional": functional, "subclassed": subclassed, "named": named}


def __getattr__(name: str) -> Callable[[], keras.Model]:
    style, *wrong = name.split("__")
    if style not in STYLES:
        raise AttributeError(name)
    return partial(STYLES[style], *wrong)
