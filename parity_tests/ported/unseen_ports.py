"""Ports, in Keras, that were once called equal to their originals, and right ones beside them."""

from typing import Any

import keras
from keras import layers, ops


class Scores(layers.Layer):
    """Scores of pairs of positions, (B, T, T).

    Args:
        hidden: the score of later positions; None hides none.
        slope: how much worse a position becomes with its distance.
        turned: whether queries and keys have changed places.
    """

    def __init__(self, hidden: float | None = None, slope: float = 0.0, turned: bool = False) -> None:
        super().__init__()
        self.query, self.key = layers.Dense(4, name="query"), layers.Dense(4, name="key")
        self.hidden, self.slope, self.turned = hidden, slope, turned

    def call(self, x: Any) -> Any:
        scores = ops.matmul(self.query(x), ops.transpose(self.key(x), (0, 2, 1)))
        if self.turned:
            scores = ops.transpose(scores, (0, 2, 1))
        if self.hidden is None:
            return scores
        places = ops.arange(x.shape[1])
        distances = ops.cast(ops.abs(places[:, None] - places[None, :]), scores.dtype)
        return ops.where(places[None, :] > places[:, None], self.hidden, scores - self.slope * distances)


class Positions(layers.Layer):
    """A dense layer, and positions that are learned, or not."""

    def __init__(self, trainable_positions: bool) -> None:
        super().__init__()
        self.dense = layers.Dense(4, name="dense")
        self.positions = self.add_weight(shape=(5, 4), name="positions", trainable=trainable_positions)

    def call(self, x: Any) -> Any:
        return ops.tanh(self.dense(x) + self.positions)


class BreaksInTraining(layers.Layer):
    """Does nothing, and that in evaluation mode only."""

    def call(self, x: Any, training: bool = False) -> Any:
        if training:
            raise ValueError("this layer was never meant to be trained")
        return x


def _of(layer: layers.Layer) -> keras.Model:
    x = keras.Input((5, 6))
    return keras.Model(x, layer(x))


def masked_inf() -> keras.Model:
    """As it should be."""
    return _of(Scores(float("-inf"), 0.5))


def masked_inf_slope() -> keras.Model:
    """Distances count for more."""
    return _of(Scores(float("-inf"), 0.75))


def masked_large() -> keras.Model:
    """As it should be."""
    return _of(Scores(-1e9, 0.5))


def masked_large_slope() -> keras.Model:
    """Distances count for more."""
    return _of(Scores(-1e9, 0.75))


def pairs() -> keras.Model:
    """As it should be."""
    return _of(Scores())


def pairs_turned() -> keras.Model:
    """Queries and keys have changed places."""
    return _of(Scores(turned=True))


def pairs_tripled() -> keras.Model:
    """What comes out is not only the scores."""
    x = keras.Input((5, 6))
    scores = Scores()(x)
    return keras.Model(x, ops.sin(scores) + ops.cumsum(scores, 1))


def rectified() -> keras.Model:
    """A plain GRU."""
    return _of(layers.GRU(4, return_sequences=True))


def positions() -> keras.Model:
    """As it should be."""
    return _of(Positions(trainable_positions=True))


def positions_frozen() -> keras.Model:
    """The positions are not learned."""
    return _of(Positions(trainable_positions=False))


def _dense(*more: layers.Layer) -> keras.Model:
    return keras.Sequential([keras.Input((6,)), layers.Dense(8, activation="tanh"), *more, layers.Dense(3)])


def dense() -> keras.Model:
    """As it should be."""
    return _dense()


def dense_breaks() -> keras.Model:
    """Cannot be trained."""
    return _dense(BreaksInTraining())


def dense_epsilon() -> keras.Model:
    """Another activation."""
    return keras.Sequential([keras.Input((6,)), layers.Dense(8, activation="sigmoid"), layers.Dense(3)])


def diverging() -> tuple[keras.Model, Any, Any]:
    """As it should be."""
    return _dense(), keras.optimizers.SGD(1e30), keras.losses.MeanSquaredError()


class Weighted(layers.Layer):
    """The mean of embedded tokens that are not 0."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.last = layers.Embedding(12, 6, name="embedding"), layers.Dense(3, name="last")

    def call(self, x: Any) -> Any:
        mask = ops.cast(ops.not_equal(x, 0), "float32")[..., None]  # exact, in whatever precision
        mask = ops.cast(mask, self.compute_dtype)
        return self.last(ops.sum(self.embedding(x) * mask, 1) / ops.sum(mask, 1))


def _twice(momentum: float) -> keras.Model:
    encoder = keras.Sequential(
        [
            layers.Dense(8),
            layers.BatchNormalization(momentum=momentum, epsilon=1e-5),
            layers.ReLU(),
            layers.Dense(3),
        ]
    )
    x, y = keras.Input((6,)), keras.Input((6,))
    return keras.Model([x, y], encoder(x) - encoder(y))


def twice() -> keras.Model:
    """As it should be."""
    return _twice(0.9)


def twice_momentum() -> keras.Model:
    """Keras' own momentum."""
    return _twice(0.99)


def twice_trained() -> tuple[keras.Model, Any, Any]:
    """As it should be; the model takes its two inputs together."""
    return _twice(0.9), keras.optimizers.SGD(0.1), keras.losses.MeanSquaredError()


def of_bytes() -> keras.Model:
    """As it should be."""
    x = keras.Input((8, 9, 3), dtype="uint8")
    return keras.Model(x, layers.Conv2D(5, 3)(layers.Rescaling(1 / 255)(x)))


def weighted() -> keras.Model:
    """As it should be."""
    x = keras.Input((5,), dtype="int64")
    return keras.Model(x, Weighted()(x))


def tied() -> keras.Model:
    """One embedding, called twice."""
    embedding = layers.Embedding(12, 6)
    x, y = keras.Input((5,), dtype="int64"), keras.Input((5,), dtype="int64")
    means = ops.mean(embedding(x), 1) - ops.mean(embedding(y), 1)
    return keras.Model([x, y], layers.Dense(3)(means))


def heads() -> keras.Model:
    """As it should be."""
    x = keras.Input((5, 6))
    return keras.Model(x, ops.transpose(ops.reshape(layers.Dense(8)(x), (-1, 5, 2, 4)), (0, 2, 1, 3)))
