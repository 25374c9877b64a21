"""Ports of the conditional generator; `style__mistake` is the port with that mistake."""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
from keras import layers, ops


class PixelShuffle(layers.Layer):
    """As PyTorch's: the channel outermost."""

    def __init__(self, factor: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, x: Any) -> Any:
        _, h, w, c = x.shape
        r = self.factor
        x = ops.reshape(x, (-1, h, w, c // r**2, r, r))
        return ops.reshape(ops.transpose(x, (0, 1, 4, 2, 5, 3)), (-1, h * r, w * r, c // r**2))


def conditional_norm(x: Any, label: Any, name: str, *wrong: str) -> Any:
    """Batch norm, scaled and shifted by an embedding of the class."""
    c = x.shape[-1]
    both = layers.Reshape((1, 1, 2 * c))(layers.Embedding(7, 2 * c, name=f"{name}_table")(label))
    gamma, beta = both[..., :c], both[..., c:]
    if "beta_first" in wrong:
        gamma, beta = beta, gamma
    x = layers.BatchNormalization(epsilon=1e-5, momentum=0.9, center=False, scale=False, name=f"{name}_bn")(x)
    scaled = layers.Multiply()([x, gamma])
    scaled = layers.Add()([scaled, x]) if "one_plus" in wrong else scaled
    return layers.Add()([scaled, beta])


def up(x: Any, label: Any, filters: int, name: str, *wrong: str) -> Any:
    """A block that doubles the size."""
    x = conditional_norm(x, label, f"{name}_cbn", *wrong)
    x = layers.LeakyReLU(negative_slope=0.2)(x)
    x = layers.Conv2D(4 * filters, 3, padding="same", name=f"{name}_conv")(x)
    if "depth_to_space" in wrong:
        return ops.depth_to_space(x, 2)
    return PixelShuffle(2, name=f"{name}_shuffle")(x)


def functional(*wrong: str) -> keras.Model:
    """Functional."""
    noise, label = keras.Input((9,), name="noise"), keras.Input((), dtype="int64", name="label")
    embedded = layers.Embedding(7, 5, name="labels")(label)
    x = layers.Concatenate()([embedded, noise] if "labels_first" in wrong else [noise, embedded])
    x = layers.Dense(144, name="project")(x)
    if "width_first" in wrong:
        x = layers.Permute((3, 2, 1))(layers.Reshape((12, 4, 3))(x))
    else:
        x = layers.Permute((2, 3, 1))(layers.Reshape((12, 3, 4))(x))
    x = up(x, label, 8, "up1", *(w for w in wrong if w in ("beta_first", "depth_to_space")))
    x = up(x, label, 6, "up2", *(w for w in wrong if w == "one_plus"))
    x = layers.ReLU()(layers.BatchNormalization(epsilon=1e-5, momentum=0.9, name="bn")(x))
    return keras.Model([noise, label], layers.Conv2D(3, 3, padding="same", activation="tanh", name="rgb")(x))


class ConditionalNorm(layers.Layer):
    """One table of scales and shifts."""

    def __init__(self, channels: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.table = layers.Embedding(7, 2 * channels)
        self.norm = layers.BatchNormalization(epsilon=1e-5, momentum=0.9, center=False, scale=False)

    def call(self, x: Any, label: Any, training: bool | None = None) -> Any:
        scale, shift = ops.split(self.table(label)[:, None, None, :], 2, axis=-1)
        return self.norm(x, training=training) * scale + shift


class Generator(keras.Model):
    """Subclassed."""

    def __init__(self, *wrong: str) -> None:
        super().__init__()
        self.wrong = wrong
        self.rgb = layers.Conv2D(3, 3, padding="same")
        self.bn = layers.BatchNormalization(epsilon=1e-5, momentum=0.99 if "momentum" in wrong else 0.9)
        self.convs = [layers.Conv2D(4 * n, 3, padding="same") for n in (8, 6)]
        self.norms = [ConditionalNorm(n) for n in (12, 8)]
        self.fc, self.labels = layers.Dense(144), layers.Embedding(7, 5)

    def shuffle(self, x: Any) -> Any:
        """Positions become pixels."""
        b, h, w, c = ops.shape(x)
        x = ops.reshape(x, (b, h, w, c // 4, 2, 2))
        # (batch, h, row, w, column, channel)
        order = (0, 1, 5, 2, 4, 3) if "columns_first" in self.wrong else (0, 1, 4, 2, 5, 3)
        return ops.reshape(ops.transpose(x, order), (b, 2 * h, 2 * w, c // 4))

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        z, label = inputs
        x = self.fc(ops.concatenate([z, self.labels(label)], axis=-1))
        x = ops.transpose(ops.reshape(x, (-1, 12, 3, 4)), (0, 2, 3, 1))
        for i, (norm, conv) in enumerate(zip(self.norms, self.convs, strict=True)):
            x = norm(x, label, training=training)
            slope = 0.01 if "slope" in self.wrong and i else 0.2
            x = self.shuffle(conv(ops.leaky_relu(x, negative_slope=slope)))
        x = self.bn(x, training=training)
        x = self.rgb(x if "linear" in self.wrong else ops.relu(x))
        return ops.sigmoid(x) if "sigmoid" in self.wrong else ops.tanh(x)


def subclassed(*wrong: str) -> keras.Model:
    """See `Generator`."""
    return Generator(*wrong)


STYLES = {"functional": functional, "subclassed": subclassed}


def __getattr__(name: str) -> Callable[[], keras.Model]:
    style, *wrong = name.split("__")
    if style not in STYLES:
        raise AttributeError(name)
    return partial(STYLES[style], *wrong)
