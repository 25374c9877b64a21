"""Ports of the models in `pairing_torch.py`; layers have the names that Keras gives them."""

from typing import Any

import keras
from keras import layers, ops


class Gated(layers.Layer):
    """A gate inside the layer."""

    def __init__(self) -> None:
        super().__init__()
        self.up_proj = layers.Dense(7, use_bias=False)
        self.gate_proj = layers.Dense(7, activation="silu", use_bias=False)
        self.down_proj = layers.Dense(6, use_bias=False)

    def build(self, shape: Any) -> None:
        self.up_proj.build(shape)
        self.gate_proj.build(shape)
        self.down_proj.build((*shape[:-1], 7))

    def call(self, x: Any) -> Any:
        return self.down_proj(self.gate_proj(x) * self.up_proj(x))


class Blocks(keras.Model):
    """Two of them."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = [Gated() for _ in range(2)]

    def call(self, x: Any) -> Any:
        for block in self.blocks:
            x = x + block(x)
        return x


def gated() -> keras.Model:
    """See `Blocks`."""
    return Blocks()


class Highway(keras.Model):
    """Layers in another order than PyTorch's."""

    def __init__(self, alike: bool = False) -> None:
        super().__init__()
        self.alike = alike
        self.gate, self.transform = layers.Dense(6), layers.Dense(6)

    def call(self, x: Any) -> Any:
        if self.alike:
            return ops.tanh(self.gate(x)) + ops.tanh(self.transform(x)) + x
        gate = ops.sigmoid(self.gate(x))
        return gate * ops.relu(self.transform(x)) + (1 - gate) * x


def highway() -> keras.Model:
    """See `Highway`."""
    return Highway()


def highway_alike() -> keras.Model:
    """Nothing but names tells its layers apart."""
    return Highway(True)


def _experts(x: Any, one: Any, two: Any, three: Any) -> Any:
    return layers.Add()([layers.Rescaling(2.0)(two), three, layers.Rescaling(3.0)(one)])


def experts() -> keras.Model:
    """Only numbers tell which is which."""
    x = keras.Input((6,))
    return keras.Model(x, _experts(x, *(layers.Dense(6)(x) for _ in range(3))))


def experts_squared() -> keras.Model:
    """With a mistake besides."""
    x = keras.Input((6,))
    y = _experts(x, *(layers.Dense(6)(x) for _ in range(3)))
    return keras.Model(x, layers.Lambda(lambda y: y * y, output_shape=(6,))(y))


def crossed() -> keras.Model:
    """The names are exchanged."""
    x = keras.Input((6,))
    one, two = (layers.Dense(6, "tanh", name=name)(x) for name in ("second", "first"))
    return keras.Model(x, layers.Subtract()([two, one]))


class Looped(keras.Model):
    """A cell in a loop."""

    def __init__(self, cell: keras.Layer) -> None:
        super().__init__()
        self.cell, self.out = cell, layers.Dense(3)

    def call(self, x: Any) -> Any:
        states = [ops.zeros_like(x[:, 0, :1]) * ops.ones((1, 5), x.dtype)] * len(
            self.cell.get_initial_state(1)
        )
        for i in range(x.shape[1]):
            _, states = self.cell(x[:, i], states)
        return self.out(states[0] if len(states) == 1 else ops.concatenate(states, 1)[:, 2:7])


def cells() -> keras.Model:
    """See `Looped`."""
    return Looped(layers.GRUCell(5))


def lstm_cells() -> keras.Model:
    """See `Looped`."""
    return Looped(layers.LSTMCell(5))


class Bilinear(layers.Layer):
    """A product of two inputs, by hand."""

    def build(self, x_shape: Any, y_shape: Any) -> None:
        self.kernel = self.add_weight(shape=(4, 5, 3), name="kernel")
        self.bias = self.add_weight(shape=(3,), name="bias")

    def call(self, x: Any, y: Any) -> Any:
        return ops.relu(ops.einsum("bi,bj,ijk->bk", x, y, self.kernel) + self.bias)


def bilinear() -> keras.Model:
    """See `Bilinear`."""
    x, y = keras.Input((4,)), keras.Input((5,))
    return keras.Model([x, y], Bilinear()(x, y))


class WeightNorm(layers.Layer):
    """A kernel made of a direction and a length, by hand."""

    def build(self, shape: Any) -> None:
        self.v, self.g = self.add_weight(shape=(5, 3), name="v"), self.add_weight(shape=(1, 3), name="g")
        self.bias = self.add_weight(shape=(3,), name="bias")

    def call(self, x: Any) -> Any:
        kernel = self.v * (self.g / ops.norm(self.v, axis=0, keepdims=True))
        return ops.tanh(ops.matmul(x, kernel) + self.bias)


def weight_norm() -> keras.Model:
    """See `WeightNorm`."""
    x = keras.Input((5,))
    return keras.Model(x, WeightNorm()(x))


def additive() -> keras.Model:
    """Keras' own layer."""
    x, y = keras.Input((5, 4)), keras.Input((7, 4))
    return keras.Model([x, y], layers.AdditiveAttention()([x, y]))


def grouped() -> keras.Model:
    """Keras' own layer."""
    x = keras.Input((5, 12))
    return keras.Model(x, layers.GroupQueryAttention(3, 4, 2)(x, x))


def one_hot() -> keras.Model:
    """The embedding as a product."""
    x = keras.Input((5,), dtype="int64")
    rows = layers.Lambda(lambda x: ops.one_hot(x, 9, dtype="float64"), output_shape=(5, 9))(x)
    return keras.Model(x, layers.Dense(3)(layers.Dense(4, use_bias=False)(rows)))


def bags() -> keras.Model:
    """A sum behind an embedding."""
    x = keras.Input((5,), dtype="int64")
    y = layers.Lambda(lambda y: ops.sum(y, axis=1), output_shape=(4,))(layers.Embedding(9, 4)(x))
    return keras.Model(x, layers.Dense(3)(y))


def own_norms() -> keras.Model:
    """Keras' norms."""
    x = y = keras.Input((6,))
    for _ in range(3):
        y = layers.ReLU()(layers.LayerNormalization(epsilon=1e-5)(layers.Dense(6)(y)))
    return keras.Model(x, y)


class Doubled(layers.Layer):
    """Hands the mask on."""

    def __init__(self) -> None:
        super().__init__()
        self.supports_masking = True

    def call(self, x: Any) -> Any:
        return x * 2.0


def masked() -> keras.Model:
    """Keras carries the mask from the embedding to the mean."""
    x = keras.Input((5,), dtype="int64")
    y = layers.Dense(6, "tanh")(Doubled()(layers.Embedding(5, 4, mask_zero=True)(x)))
    return keras.Model(x, layers.Dense(3)(layers.GlobalAveragePooling1D()(y)))


def branches() -> keras.Model:
    """In another order."""
    x = keras.Input((6,))
    three, one, two = (layers.Dense(6)(layers.Dense(5, "relu")(x)) for _ in range(3))
    return keras.Model(x, layers.Add()([one, layers.Rescaling(2.0)(two), layers.Rescaling(3.0)(three)]))


class Scaled(keras.Model):
    """A number, and a part of a table, as variables."""

    def __init__(self) -> None:
        super().__init__()
        self.out, self.factor = layers.Dense(3), self.add_weight(shape=(), name="factor")
        self.table = self.add_weight(shape=(8, 6), name="table")

    def call(self, x: Any) -> Any:
        return self.out(x + self.table[:3]) * ops.exp(self.factor)


def scaled() -> keras.Model:
    """See `Scaled`."""
    return Scaled()


def tied() -> keras.Model:
    """Keras' own layer for it."""
    x = keras.Input((5,), dtype="int64")
    table = layers.ReversibleEmbedding(9, 4)
    return keras.Model(x, table(layers.Dense(4, "tanh")(table(x)), reverse=True))


def tables_shared() -> keras.Model:
    """One table for both."""
    x = keras.Input((5,), dtype="int64")
    y = layers.Embedding(9, 4)(x)
    return keras.Model(x, layers.Dense(3)(layers.Multiply()([y, layers.Activation("tanh")(y)])))


def dense_shared() -> keras.Model:
    """One layer for both."""
    x = keras.Input((6,))
    y = layers.Dense(4)(x)
    both = layers.Activation("sigmoid")(y), layers.Activation("tanh")(y)
    return keras.Model(x, layers.Dense(3)(layers.Multiply()(both)))


def fields(turned: bool = False) -> keras.Model:
    """Fields x factors, flattened."""
    x = keras.Input((5,), dtype="int64")
    y = layers.Embedding(9, 4)(x)
    y = layers.Permute((2, 1))(y) if turned else y
    return keras.Model(x, layers.Dense(3)(layers.Flatten()(y)))


def fields_turned() -> keras.Model:
    """Factors x fields."""
    return fields(True)


def attention_keeps() -> keras.Model:
    """Without the dropout."""
    x = keras.Input((5, 12))
    return keras.Model(x, layers.MultiHeadAttention(3, 4)(x, x, x))
