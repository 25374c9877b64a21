"""Ports of the mixers; `style__mistake` is the port with that mistake."""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
from keras import layers, ops


def mixer_block(x: Any, distributed: bool, *wrong: str) -> Any:
    """Along the tokens, then along the channels."""
    tokens, dim = x.shape[1:]
    wrap = layers.TimeDistributed if distributed else lambda layer: layer
    epsilon = 1e-3 if "epsilon" in wrong else 1e-5
    y = layers.LayerNormalization(axis=1 if "norm_of_tokens" in wrong else -1, epsilon=1e-5)(x)
    y = y if "not_transposed" in wrong else layers.Permute((2, 1))(y)
    y = wrap(layers.Dense(10, activation=None if "no_gelu" in wrong else "gelu"))(y)
    y = layers.Dropout(0.1)(wrap(layers.Dense(tokens))(y))
    if "reshaped_back" in wrong:
        y = layers.Reshape((tokens, dim))(y)
    elif "not_transposed" not in wrong:
        y = layers.Permute((2, 1))(y)
    x = y if "no_skip" in wrong else layers.Add()([x, y])
    y = layers.LayerNormalization(epsilon=epsilon)(x)
    y = wrap(layers.Dense(18, activation="gelu"))(y)
    y = layers.Dropout(0.5 if "rate" in wrong else 0.1)(wrap(layers.Dense(dim))(y))
    return layers.Subtract()([x, y]) if "subtracted" in wrong else layers.Add()([x, y])


def _functional(sides: tuple[int, int], dim: int, distributed: bool, *wrong: str) -> keras.Model:
    images = keras.Input((*sides, 3))
    x = layers.Conv2D(dim, 4, strides=4, name="patch")(images)
    x = layers.Permute((2, 1, 3))(x) if "by_columns" in wrong else x
    x = layers.Reshape((-1, dim))(x)
    x = mixer_block(x, distributed, *wrong)
    x = mixer_block(x, distributed)
    x = layers.LayerNormalization(epsilon=1e-5)(x)
    x = ops.mean(x, axis=-1 if "mean_of_channels" in wrong else 1)
    return keras.Model(images, layers.Dense(5, name="head")(x))


def functional(*wrong: str) -> keras.Model:
    """Dense layers on the last axis of three."""
    return _functional((12, 20), 8, False, *wrong)


def distributed(*wrong: str) -> keras.Model:
    """TimeDistributed dense layers."""
    return _functional((12, 20), 8, True, *wrong)


def square(*wrong: str) -> keras.Model:
    """As many tokens as channels."""
    return _functional((12, 16), 12, False, *wrong)


class Mlp(layers.Layer):
    """Two dense layers along an axis, as sums of products."""

    def __init__(self, hidden: int, over_tokens: bool, *wrong: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.hidden, self.over_tokens, self.wrong = hidden, over_tokens, wrong

    def build(self, shape: Any) -> None:
        dim = shape[1] if self.over_tokens else shape[2]
        self.fc1 = layers.Dense(self.hidden, name="fc1")
        self.fc2 = layers.Dense(dim, name="fc2", use_bias="no_bias" not in self.wrong)
        self.fc1.build((None, dim))
        self.fc2.build((None, self.hidden))
        self.drop = layers.Dropout(0.1)

    def call(self, x: Any, training: bool | None = None) -> Any:
        x = ops.swapaxes(x, 1, 2) if self.over_tokens else x
        x = ops.gelu(self.fc1(x), approximate="gelu_tanh" in self.wrong)
        x = self.drop(self.fc2(x), training=training)
        return ops.swapaxes(x, 1, 2) if self.over_tokens else x


class Mixer(keras.Model):
    """Subclassed."""

    def __init__(self, *wrong: str) -> None:
        super().__init__()
        self.patch = layers.Conv2D(8, 4, 4)
        self.norms = [layers.LayerNormalization(epsilon=1e-5) for _ in range(5)]
        self.mlps = [Mlp(10, True, *wrong), Mlp(18, False), Mlp(10, True), Mlp(18, False)]
        self.head = layers.Dense(5)

    def call(self, x: Any, training: bool | None = None) -> Any:
        x = ops.reshape(self.patch(x), (-1, 15, 8))
        for norm, mlp in zip(self.norms, self.mlps, strict=False):
            x = x + mlp(norm(x), training=training)
        return self.head(ops.mean(self.norms[4](x), axis=1))


def subclassed(*wrong: str) -> keras.Model:
    """See `Mixer`."""
    return Mixer(*wrong)


STYLES = {
    "functional": functional,
    "distributed": distributed,
    "square": square,
    "subclassed": subclassed,
}


def __getattr__(name: str) -> Callable[[], keras.Model]:
    style, *wrong = name.split("__")
    if style not in STYLES:
        raise AttributeError(name)
    return partial(STYLES[style], *wrong)
