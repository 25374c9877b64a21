"""Ports of the autoencoder; `style__mistake` is the port with that mistake."""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
from keras import layers, ops


class InstanceNorm(layers.Layer):
    """Each map is normed by itself."""

    def __init__(self, *wrong: str, affine: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.wrong, self.affine = wrong, affine

    def build(self, shape: Any) -> None:
        if self.affine:
            self.scale = self.add_weight(shape=(shape[-1],), initializer="ones", name="scale")
            self.offset = self.add_weight(shape=(shape[-1],), initializer="zeros", name="offset")

    def call(self, x: Any) -> Any:
        axes = (1, 2, 3) if "over_channels" in self.wrong else (1, 2)
        mean, variance = ops.moments(x, axes=axes, keepdims=True)
        x = (x - mean) / ops.sqrt(variance + (1e-3 if "epsilon" in self.wrong else 1e-5))
        return x * self.scale + self.offset if self.affine else x


def functional(*wrong: str) -> keras.Model:
    """Keras' own layers: an instance norm is a group norm of groups of one map."""
    images = keras.Input((16, 28, 3))
    x = layers.Conv2D(6, 4, 2, name="down1")(layers.ZeroPadding2D(1)(images))
    if "layer_norm" in wrong:
        x = layers.LayerNormalization(epsilon=1e-5, name="norm1")(x)
    else:
        x = layers.GroupNormalization(2 if "groups" in wrong else 3, epsilon=1e-5, name="norm1")(x)
    shared = {"one_slope": [1, 2, 3], "slope_for_each": None}.get((*wrong, "")[0], [1, 2])
    x = layers.PReLU(shared_axes=shared, name="slope1")(x)
    x = layers.Conv2D(10, 4, 2, use_bias="bias" in wrong, name="down2")(layers.ZeroPadding2D(1)(x))
    x = layers.GroupNormalization(-1, epsilon=1e-3 if "epsilon" in wrong else 1e-5, name="norm2")(x)
    x = layers.PReLU(shared_axes=[1, 2] if "many_slopes" in wrong else [1, 2, 3], name="slope2")(x)
    code = layers.Conv2D(5, 1, name="code")(x)
    code = ops.clip(code, -1.0 if "unit" in wrong else -2.0, 1.0 if "unit" in wrong else 2.0)
    x = layers.Conv2DTranspose(8, 4, 2, padding="same", use_bias=False, name="up1")(code)
    x = layers.GroupNormalization(4, epsilon=1e-4, name="norm3")(x)
    x = layers.LeakyReLU(0.25)(x) if "leaky" in wrong else layers.PReLU(shared_axes=[1, 2], name="slope3")(x)
    if "same" in wrong:
        x = layers.Conv2DTranspose(4, 5, 2, padding="same", name="up2")(x)
    else:
        x = layers.Cropping2D(((2, 1), (2, 1)))(layers.Conv2DTranspose(4, 5, 2, name="up2")(x))
    if "no_norm" not in wrong:
        x = layers.GroupNormalization(-1, epsilon=1e-5, center=False, scale=False, name="norm4")(x)
    x = layers.LeakyReLU(0.3 if "slope" in wrong else 0.2)(x)
    x = layers.Conv2D(3, 3, padding="same", activation="sigmoid", name="reconstruction")(x)
    return keras.Model(images, [x, code])


class Autoencoder(keras.Model):
    """Two Sequential models, an instance norm of one's own."""

    def __init__(self, *wrong: str) -> None:
        super().__init__()
        self.wrong = wrong
        self.decoder = keras.Sequential(
            [
                layers.Conv2DTranspose(8, 4, 2, use_bias=False),
                layers.Cropping2D(1),
                layers.GroupNormalization(4, epsilon=1e-4),
                layers.PReLU(shared_axes=(1, 2)),
                layers.Conv2DTranspose(4, 5, 2),
                layers.Cropping2D(((1, 2), (1, 2)) if "crop" in wrong else ((2, 1), (2, 1))),
                InstanceNorm(affine=False),
                layers.LeakyReLU(negative_slope=0.2),
                layers.Conv2D(3, 3, padding="same"),
            ]
        )
        self.encoder = keras.Sequential(
            [
                layers.ZeroPadding2D(1),
                layers.Conv2D(6, 4, 2),
                layers.GroupNormalization(3, epsilon=1e-5),
                layers.PReLU(shared_axes=(1, 2)),
                layers.ZeroPadding2D(1),
                layers.Conv2D(10, 4, 2, use_bias=False),
                layers.BatchNormalization(epsilon=1e-5) if "batch_norm" in wrong else InstanceNorm(*wrong),
                layers.PReLU(shared_axes=(1, 2, 3)),
                layers.Conv2D(5, 1),
            ]
        )

    def call(self, x: Any) -> Any:
        code = self.encoder(x)
        code = ops.tanh(code) if "tanh" in self.wrong else ops.clip(code, -2.0, 2.0)
        seen = ops.stop_gradient(code) if "stop" in self.wrong else code
        return ops.sigmoid(self.decoder(seen)), code


def subclassed(*wrong: str) -> keras.Model:
    """See `Autoencoder`."""
    return Autoencoder(*wrong)


STYLES = {"functional": functional, "subclassed": subclassed}


def __getattr__(name: str) -> Callable[[], keras.Model]:
    style, *wrong = name.split("__")
    if style not in STYLES:
        raise AttributeError(name)
    return partial(STYLES[style], *wrong)
