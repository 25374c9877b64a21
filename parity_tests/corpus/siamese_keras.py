"""Ports of the nets with two inputs; `style__mistake` is the port with that mistake."""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
from keras import layers, ops


def encoder(*wrong: str) -> keras.Model:
    """A vector for an image."""
    images = keras.Input((14, 18, 3))
    x = layers.Conv2D(6, 3, padding="same", activation="relu")(images)
    x = layers.AveragePooling2D(2)(x) if "avg_pool" in wrong else layers.MaxPooling2D()(x)
    x = layers.Conv2D(10, 3, strides=2, activation="relu")(x)
    return keras.Model(images, layers.Dense(7)(layers.GlobalMaxPooling2D()(x)))


def functional(*wrong: str) -> keras.Model:
    """The encoder is a model that is called twice."""
    left, right = keras.Input((14, 18, 3), name="left"), keras.Input((14, 18, 3), name="right")
    first = encoder(*wrong)
    second = encoder() if "two_encoders" in wrong else first
    a, b = first(left), second(right)
    difference = layers.Subtract()([b, a] if "b_minus_a" in wrong else [a, b])
    distance = ops.square(difference) if "squared" in wrong else ops.abs(difference)
    score = layers.Dense(1, activation="sigmoid", name="score")(distance)
    last = layers.Multiply()([a, b]) if "product" in wrong else difference
    x = layers.Concatenate()([b, a, last] if "right_first" in wrong else [a, b, last])
    x = layers.Dense(9, activation="tanh")(x)
    return keras.Model([left, right], [score, layers.Dense(4, name="relation")(x)])


class Siamese(keras.Model):
    """Subclassed; the second head is called first."""

    def __init__(self, *wrong: str) -> None:
        super().__init__()
        self.wrong = wrong
        self.relation = keras.Sequential([layers.Dense(9, activation="tanh"), layers.Dense(4)])
        self.score = layers.Dense(1)
        stack = [layers.Conv2D(6, 3, padding="same", activation="relu"), layers.MaxPooling2D()]
        stack += [layers.Conv2D(10, 3, 2, activation="relu"), layers.GlobalMaxPooling2D(), layers.Dense(7)]
        self.encoder = keras.Sequential(stack)

    def call(self, inputs: Any) -> Any:
        a, b = (self.encoder(images) for images in inputs)
        b = ops.stop_gradient(b) if "stop" in self.wrong else b
        relation = self.relation(ops.concatenate([a, b, a - b], axis=-1))
        distance = a - b if "no_abs" in self.wrong else ops.abs(a - b)
        return ops.sigmoid(self.score(distance)), relation


def subclassed(*wrong: str) -> keras.Model:
    """See `Siamese`."""
    return Siamese(*wrong)


def joined(*wrong: str) -> keras.Model:
    """Both images go through the encoder as one batch."""
    left, right = keras.Input((14, 18, 3)), keras.Input((14, 18, 3))
    both = encoder(*wrong)(ops.concatenate([left, right], axis=0))
    a, b = ops.split(both, 2, axis=0)
    score = ops.sigmoid(layers.Dense(1)(ops.abs(a - b)))
    x = ops.tanh(layers.Dense(9)(ops.concatenate([a, b, a - b], axis=1)))
    return keras.Model([left, right], [score, layers.Dense(4)(x)])


def retrieval(*wrong: str) -> keras.Model:
    """Inputs and outputs by name."""
    query = keras.Input((9,), dtype="int64", name="query")
    document = keras.Input((13,), dtype="int64", name="document")
    embedding = layers.Embedding(20, 8)
    words = layers.Embedding(20, 8, name="words") if "two_embeddings" in wrong else embedding
    q, d = embedding(query), words(document)
    q = layers.GlobalMaxPooling1D()(q) if "max" in wrong else layers.GlobalAveragePooling1D()(q)
    q = layers.Dense(6, name="query_projection")(q)
    q = ops.normalize(q, axis=0 if "over_batch" in wrong else -1)
    d = layers.UnitNormalization()(
        layers.Dense(6, name="document_projection")(layers.GlobalMaxPooling1D()(d))
    )
    d = d if "not_stopped" in wrong else ops.stop_gradient(d)
    p = layers.Dense(6, name="predictor")(q)
    p = layers.ReLU()(p) if "relu" in wrong else p
    score = ops.sum(p * d, axis=-1) / (0.1 if "temperature" in wrong else 0.07)
    logits = (
        ops.matmul(d, ops.transpose(p)) if "document_by_query" in wrong else ops.matmul(p, ops.transpose(d))
    )
    return keras.Model({"query": query, "document": document}, {"score": score, "logits": logits})


STYLES = {"functional": functional, "subclassed": subclassed, "joined": joined, "retrieval": retrieval}


def __getattr__(name: str) -> Callable[[], keras.Model]:
    style, *wrong = name.split("__")
    if style not in STYLES:
        raise AttributeError(name)
    return partial(STYLES[style], *wrong)
