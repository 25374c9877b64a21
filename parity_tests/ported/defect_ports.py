"""Ports, in Keras, on which other tools are known to fail, and the right ones beside them."""

from collections.abc import Callable
from typing import Any

import keras
from keras import layers, ops


class Doing(layers.Layer):
    """A function as a layer."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        super().__init__()
        self.function = function

    def call(self, x: Any) -> Any:
        return self.function(x)


def _plain(end: Callable[[Any], Any] | None = None) -> keras.Model:
    x = keras.Input((6,))
    y = layers.Dense(5, name="last")(layers.Dense(8, activation="tanh", name="first")(x))
    return keras.Model(x, y if end is None else Doing(end)(y))


def _at_largest(y: Any) -> Any:
    return ops.where(ops.equal(y, ops.max(y)), float("nan"), y)


def plain() -> keras.Model:
    """Plain."""
    return _plain()


def plain_all_nan() -> keras.Model:
    """Plain all nan."""
    return _plain(lambda y: y * float("nan"))


def plain_one_nan() -> keras.Model:
    """Plain one nan."""
    return _plain(_at_largest)


def plain_operator() -> keras.Model:
    """Plain operator."""
    # Of symbolic tensors Python asks whether they are the same object.
    return _plain(lambda y: ops.where(y == ops.max(y), float("nan"), y))


def with_nan() -> keras.Model:
    """With nan."""
    return _plain(_at_largest)


def cut() -> keras.Model:
    """Cut."""
    return _plain(lambda y: ops.where(y > 0, y, 0.0))


def cut_nan() -> keras.Model:
    """Cut nan."""
    return _plain(lambda y: ops.where(y > 0, y, float("nan")))


def plain_permuted() -> keras.Model:
    """Plain permuted."""
    return _plain(lambda y: ops.roll(y, 1, axis=-1))


def plain_sorted() -> keras.Model:
    """Plain sorted."""
    return _plain(lambda y: ops.sort(y, axis=-1))


def plain_longer() -> keras.Model:
    """Plain longer."""
    return _plain(lambda y: ops.concatenate([y, y], axis=0))


def plain_raising() -> keras.Model:
    """Plain raising."""
    return _plain(lambda y: ops.matmul(y, y))


def _chain(between: Callable[[Any], Any]) -> keras.Model:
    x = keras.Input((6,))
    y = Doing(between)(layers.Dense(7, activation="tanh", name="a")(x))
    return keras.Model(x, layers.Dense(5, name="c")(layers.Dense(8, activation="tanh", name="b")(y)))


def chain() -> keras.Model:
    """Chain."""
    return _chain(lambda y: y)


def chain_stopped() -> keras.Model:
    """Chain stopped."""
    return _chain(ops.stop_gradient)


def _square(axes: tuple[int, ...]) -> keras.Model:
    x = keras.Input((5, 5, 2))
    return keras.Model(x, layers.Permute(axes)(layers.Conv2D(3, 3, padding="same")(x)))


def square() -> keras.Model:
    """Square."""
    return _square((1, 2, 3))


def square_turned() -> keras.Model:
    """Square turned."""
    return _square((2, 1, 3))


def _pooled(pool: layers.Layer) -> keras.Model:
    x = keras.Input((7, 7, 2))
    return keras.Model(x, pool(layers.Conv2D(3, 1)(x)))


def pooled_not_counting() -> keras.Model:
    """Pooled not counting."""
    return _pooled(layers.AveragePooling2D(3, 2, padding="same"))


def pooled_ceil() -> keras.Model:
    """Pooled ceil."""
    return _pooled(layers.AveragePooling2D(2, 2, padding="same"))


def pooled_floor() -> keras.Model:
    """Pooled floor."""
    return _pooled(layers.AveragePooling2D(2, 2))


def misfit() -> keras.Model:
    """Misfit."""
    x = keras.Input((3,), dtype="int32")
    return keras.Model(x, layers.Embedding(12, 4)(x))


def misfit_other_shape() -> keras.Model:
    """Misfit other shape."""
    x = keras.Input((3,), dtype="int32")
    return keras.Model(x, layers.Embedding(6, 8)(x))


def _trained(momentum: float) -> keras.Model:
    model = _plain()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.1, momentum=momentum), loss)
    return model


def trained() -> keras.Model:
    """Trained."""
    return _trained(0.9)


def trained_momentum() -> keras.Model:
    """Trained momentum."""
    return _trained(0.5)
