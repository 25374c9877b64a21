"""Ports of the VQ-VAE; `style__mistake` is the port with that mistake."""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
from keras import layers, ops


class VectorQuantizer(layers.Layer):
    """The codes are columns, as in Keras' example."""

    def __init__(self, codes: int, width: int, *wrong: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.codes, self.width, self.wrong = codes, width, wrong

    def build(self, shape: Any) -> None:
        self.embeddings = self.add_weight(
            shape=(self.width, self.codes), initializer="random_uniform", name="embeddings"
        )

    def call(self, x: Any) -> Any:
        stop = (lambda t: t) if "nothing_stopped" in self.wrong else ops.stop_gradient
        flat = ops.reshape(x, (-1, self.width))
        distances = ops.sum(flat**2, axis=1, keepdims=True) - 2 * ops.matmul(flat, self.embeddings)
        if "no_code_norm" not in self.wrong:
            distances = distances + ops.sum(self.embeddings**2, axis=0)
        encodings = ops.one_hot(ops.argmin(distances, axis=1), self.codes, dtype=flat.dtype)
        quantized = ops.reshape(ops.matmul(encodings, ops.transpose(self.embeddings)), ops.shape(x))
        commitment = ops.mean((stop(quantized) - x) ** 2)
        codebook = ops.mean((quantized - stop(x)) ** 2)
        loss = commitment + 0.25 * codebook if "beta_on_codes" in self.wrong else codebook + 0.25 * commitment
        if "not_straight" not in self.wrong:
            quantized = x + ops.stop_gradient(quantized - x)
        return quantized, loss


def residual(x: Any, hidden: int, name: str) -> Any:
    """ReLU, 3x3, ReLU, 1x1, and x."""
    y = layers.Conv2D(hidden, 3, padding="same", use_bias=False, activation="relu", name=f"{name}_3x3")(
        layers.ReLU()(x)
    )
    y = layers.Conv2D(x.shape[-1], 1, use_bias=False, name=f"{name}_1x1")(y)
    return layers.Add()([x, y])


def functional(*wrong: str) -> keras.Model:
    """Functional, "same" everywhere: with windows of four it is PyTorch's padding of one."""
    image = keras.Input((12, 20, 3))
    x = layers.Conv2D(6, 4, 2, "same", activation="relu", name="encoder1")(image)
    x = layers.Conv2D(9, 4, 2, "same", name="encoder2")(x)
    x = layers.ReLU()(residual(x, 7, "encoder_residual"))
    x = layers.Conv2D(4, 1, name="to_codes")(x)
    x, loss = VectorQuantizer(11, 4, *wrong, name="vq")(x)
    x = layers.Conv2D(10, 3, padding="same", name="decoder1")(x)
    x = layers.ReLU()(residual(x, 8, "decoder_residual"))
    last = "tanh" if "tanh" in wrong else None
    x = layers.Conv2DTranspose(6, 4, 2, "same", activation="relu", name="decoder2")(x)
    return keras.Model(
        image, [layers.Conv2DTranspose(3, 4, 2, "same", activation=last, name="decoder3")(x), loss]
    )


class Residual(layers.Layer):
    """The same with its ReLU in front."""

    def __init__(self, channels: int, hidden: int, *wrong: str) -> None:
        super().__init__()
        self.wrong = wrong
        self.out = layers.Conv2D(channels, 1, use_bias=False)
        self.inner = layers.Conv2D(hidden, 3, padding="same", use_bias=False)

    def call(self, x: Any) -> Any:
        y = ops.relu(x)
        if "changed_in_place" in self.wrong:
            x = y
        return x + self.out(ops.relu(self.inner(y)))


class VQVAE(keras.Model):
    """Subclassed, the codes in the model."""

    def __init__(self, *wrong: str) -> None:
        super().__init__()
        self.wrong = wrong
        self.codes = layers.Embedding(11, 4)
        self.codes.build()
        self.decoder = keras.Sequential(
            [
                layers.Conv2D(10, 3, padding="same"),
                Residual(10, 8, *(w for w in wrong if w == "changed_in_place")),
                layers.ReLU(),
                layers.Conv2DTranspose(6, 4, strides=2, padding="same"),
                *([] if "linear" in wrong else [layers.ReLU()]),
                layers.Conv2DTranspose(3, 4, strides=2, padding="same"),
            ]
        )
        self.encoder = keras.Sequential(
            [
                layers.ZeroPadding2D(1),
                layers.Conv2D(6, 4, strides=2, activation="relu"),
                layers.ZeroPadding2D(1),
                layers.Conv2D(9, 4, strides=2),
                Residual(9, 7),
                layers.ReLU(),
                layers.Conv2D(4, 1),
            ]
        )

    def look_up(self, z: Any) -> Any:
        """The nearest codes, and the loss."""
        table = ops.convert_to_tensor(self.codes.embeddings)
        distances = ops.sum((z[..., None, :] - table) ** 2, axis=-1)
        pick = ops.argmax if "farthest" in self.wrong else ops.argmin
        q = self.codes(pick(distances, axis=-1))
        reduce = ops.sum if "summed" in self.wrong else ops.mean
        loss = reduce(ops.square(q - ops.stop_gradient(z)))
        loss = loss + 0.25 * reduce(ops.square(ops.stop_gradient(q) - z))
        return z + ops.stop_gradient(q - z), loss

    def call(self, x: Any) -> Any:
        z = self.encoder(x)
        if "rows_first" in self.wrong:
            shape = z.shape
            z = ops.reshape(ops.transpose(z, (0, 3, 1, 2)), shape)
        q, loss = self.look_up(z)
        return self.decoder(q), loss


def subclassed(*wrong: str) -> keras.Model:
    """See `VQVAE`."""
    return VQVAE(*wrong)


STYLES = {"functional": functional, "subclassed": subclassed}


def __getattr__(name: str) -> Callable[[], keras.Model]:
    style, *wrong = name.split("__")
    if style not in STYLES:
        raise AttributeError(name)
    return partial(STYLES[style], *wrong)
