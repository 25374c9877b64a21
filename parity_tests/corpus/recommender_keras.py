"""Ports of the recommenders; `style__mistake` is the port with that mistake."""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
import numpy as np
from keras import layers, ops


def neumf(*wrong: str) -> keras.Model:
    """Functional, each id an input."""
    user, item = keras.Input((), dtype="int64", name="user"), keras.Input((), dtype="int64", name="item")
    user_mf, item_mf = layers.Embedding(15, 8, name="user_mf"), layers.Embedding(21, 8, name="item_mf")
    u, i = user_mf(user), item_mf(item)
    shared = "shared" in wrong
    deep_u = u if shared else layers.Embedding(15, 8, name="user_deep")(user)
    deep_i = i if shared else layers.Embedding(21, 8, name="item_deep")(item)
    x = layers.Concatenate()([deep_i, deep_u] if "item_first" in wrong else [deep_u, deep_i])
    for width in (11, 6):
        x = layers.Dropout(0.2)(layers.Dense(width, activation="selu" if "selu" in wrong else "relu")(x))
    product = layers.Add()([u, i]) if "added" in wrong else layers.Multiply()([u, i])
    x = layers.Concatenate()([product, x])
    x = layers.Dense(1, name="prediction")(x)
    biases = [layers.Embedding(21, 1, name="item_bias")(item)]
    if "no_user_bias" not in wrong:
        biases.append(layers.Embedding(15, 1, name="user_bias")(user))
    if "biases_behind" in wrong:
        x = layers.Add()([layers.Activation("sigmoid")(x), *biases])
    else:
        x = layers.Activation("sigmoid")(layers.Add()([x, *biases]))
    x = layers.Rescaling(5.0 if "five" in wrong else 4.5, offset=0.0 if "five" in wrong else 0.5)(x)
    return keras.Model([user, item], layers.Reshape(())(x))


class NeuMF(keras.Model):
    """Subclassed, the dense layers in a Sequential."""

    def __init__(self, *wrong: str) -> None:
        super().__init__()
        self.wrong = wrong
        self.item_bias, self.user_bias = layers.Embedding(21, 1), layers.Embedding(15, 1)
        self.mlp_item, self.mlp_user = layers.Embedding(21, 8), layers.Embedding(15, 8)
        self.gmf_item, self.gmf_user = layers.Embedding(21, 8), layers.Embedding(15, 8)
        self.tower = keras.Sequential(
            [layers.Dense(11, "relu"), layers.Dropout(0.2), layers.Dense(6, "relu"), layers.Dropout(0.2)]
        )
        self.final = layers.Dense(1)

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        user, item = inputs
        u, i = self.gmf_user(user), self.gmf_item(item)
        if "normalized" in self.wrong:
            u, i = ops.normalize(u, axis=-1), ops.normalize(i, axis=-1)
        deep = ops.concatenate([self.mlp_user(user), self.mlp_item(item)], axis=-1)
        deep = self.tower(deep, training=training)
        both = [deep, u * i] if "deep_first" in self.wrong else [u * i, deep]
        x = self.final(ops.concatenate(both, axis=-1))
        x = ops.squeeze(x + self.user_bias(user) + self.item_bias(item), -1)
        return x * 4.5 + 0.5 if "no_sigmoid" in self.wrong else 0.5 + 4.5 * ops.sigmoid(x)


def neumf_subclassed(*wrong: str) -> keras.Model:
    """See `NeuMF`."""
    return NeuMF(*wrong)


class FM(layers.Layer):
    """The pairwise products of a factorization machine."""

    def __init__(self, *wrong: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.wrong = wrong

    def call(self, e: Any) -> Any:
        axis = 2 if "other_axis" in self.wrong else 1
        square_of_sum = ops.square(ops.sum(e, axis=axis))
        sum_of_square = ops.sum(ops.square(e), axis=axis)
        y = ops.sum(square_of_sum - sum_of_square, axis=1, keepdims=True)
        return y if "no_half" in self.wrong else 0.5 * y


class Bias(layers.Layer):
    """Adds a number."""

    def build(self, shape: Any) -> None:
        self.bias = self.add_weight(shape=(1,), initializer="zeros", name="bias")

    def call(self, x: Any) -> Any:
        return x + self.bias


def deepfm(*wrong: str) -> keras.Model:
    """Functional, with layers for the machine and its bias."""
    x = keras.Input((4,), dtype="int64")
    ids = layers.Lambda(lambda i: i + np.array([0, 7, 16, 24]))(x)
    e = layers.Embedding(35, 5, name="factors")(ids)
    first = layers.Embedding(35, 1, name="weights")(ids)
    first = layers.Lambda(lambda w: ops.sum(w, axis=1), output_shape=(1,))(first)
    first = first if "no_bias" in wrong else Bias()(first)
    y = layers.Permute((2, 1))(e) if "factors_outside" in wrong else e
    y = layers.Flatten()(y)
    for width in (13, 6):
        y = layers.Dense(width)(y)
        y = layers.ReLU()(y) if "relu_first" in wrong else y
        y = layers.BatchNormalization(epsilon=1e-5, momentum=0.99 if "momentum" in wrong else 0.9)(y)
        y = y if "relu_first" in wrong else layers.ReLU()(y)
        y = layers.Dropout(0.2)(y)
    y = layers.Dense(1)(y)
    y = layers.Add()([first, y]) if "no_fm" in wrong else layers.Add()([first, FM(*wrong)(e), y])
    return keras.Model(x, layers.Reshape(())(layers.Activation("sigmoid")(y)))


class DeepFM(keras.Model):
    """Subclassed, the machine in `call`."""

    def __init__(self, *wrong: str) -> None:
        super().__init__()
        self.wrong = wrong
        self.linear, self.table = layers.Embedding(35, 1), layers.Embedding(35, 5)
        self.w0 = self.add_weight(shape=(1,), initializer="zeros", name="w0")
        norm = partial(layers.BatchNormalization, epsilon=1e-5, momentum=0.9)
        self.deep = keras.Sequential(
            [
                *(layers.Dense(13), norm(), layers.ReLU(), layers.Dropout(0.2)),
                *(layers.Dense(6), norm(), layers.ReLU(), layers.Dropout(0.2)),
                layers.Dense(1),
            ]
        )

    def call(self, x: Any, training: bool | None = None) -> Any:
        offsets = [0, 7, 9, 8] if "not_summed" in self.wrong else [0, 7, 16, 24]
        x = x + ops.cast(offsets, x.dtype)
        e = self.table(x)
        pairs = ops.square(ops.sum(e, axis=1)) - ops.sum(ops.square(e), axis=1)
        pairs = -pairs if "negative" in self.wrong else pairs
        y = self.w0 + ops.sum(self.linear(x), axis=1) + ops.sum(pairs, axis=-1, keepdims=True) / 2
        y = y + self.deep(ops.reshape(e, (-1, 20)), training=training)
        return ops.sigmoid(y[:, 0])


def deepfm_subclassed(*wrong: str) -> keras.Model:
    """See `DeepFM`."""
    return DeepFM(*wrong)


STYLES = {
    "neumf": neumf,
    "neumf_subclassed": neumf_subclassed,
    "deepfm": deepfm,
    "deepfm_subclassed": deepfm_subclassed,
}


def __getattr__(name: str) -> Callable[[], keras.Model]:
    style, *wrong = name.split("__")
    if style not in STYLES:
        raise AttributeError(name)
    return partial(STYLES[style], *wrong)
