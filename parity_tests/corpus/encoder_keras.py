"""Ports of the encoders; `style__mistake` is the port with that mistake."""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
from keras import layers, ops


class Positions(layers.Layer):
    """Adds a learned vector for each position."""

    def build(self, shape: Any) -> None:
        self.table = self.add_weight(shape=(1, *shape[1:]), initializer="random_normal", name="table")

    def call(self, x: Any) -> Any:
        return x + self.table


def encoder_layer(x: Any, name: str, wrong: tuple[str, ...]) -> Any:
    """Keras' attention; the mistakes are in one of the layers."""
    heads = (4, 3) if "four_heads" in wrong else (3, 4)
    attention = layers.MultiHeadAttention(*heads, dropout=0.1, name=f"{name}_attention")
    y = attention(x, x, use_causal_mask="causal" in wrong)
    y = layers.Dropout(0.1)(y)
    y = y if "no_skip" in wrong else layers.Add()([x, y])
    x = layers.LayerNormalization(epsilon=1e-3 if "epsilon" in wrong else 1e-5, name=f"{name}_norm1")(y)
    activation = partial(ops.gelu, approximate="gelu_tanh" in wrong)
    y = layers.Dense(20, activation="relu" if "relu" in wrong else activation, name=f"{name}_ffn1")(x)
    y = layers.Dense(12, name=f"{name}_ffn2")(layers.Dropout(0.1)(y))
    y = layers.Dropout(0.4 if "rate" in wrong else 0.1)(y)
    y = layers.Add()([x, y])
    return y if "no_norm" in wrong else layers.LayerNormalization(epsilon=1e-5, name=f"{name}_norm2")(y)


def functional(*wrong: str) -> keras.Model:
    """With keras.layers.MultiHeadAttention."""
    tokens = keras.Input((9,), dtype="int64")
    x = Positions(name="positions")(layers.Embedding(30, 12, name="tokens")(tokens))
    x = encoder_layer(x, "layer0", wrong)
    x = encoder_layer(x, "layer1", ())
    x = layers.GlobalMaxPooling1D()(x) if "max" in wrong else layers.GlobalAveragePooling1D()(x)
    return keras.Model(tokens, layers.Dense(5, name="classes")(x))


class Heads(layers.Layer):
    """Attention written out, from three dense layers or from one."""

    def __init__(self, dim: int, heads: int, packed: bool, *wrong: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dim, self.heads, self.packed, self.wrong = dim, heads, packed, wrong
        self.out = layers.Dense(dim, name="out_proj")
        self.drop = layers.Dropout(0.2 if packed else 0.1)
        if packed:
            self.qkv = layers.Dense(3 * dim, name="in_proj")
        else:
            self.v, self.k, self.q = (layers.Dense(dim, name=f"{letter}_proj") for letter in "vkq")

    def build(self, shape: Any) -> None:
        for layer in [self.qkv] if self.packed else [self.q, self.k, self.v]:
            layer.build(shape)
        self.out.build(shape)

    def call(self, x: Any, padding: Any = None, training: bool | None = None) -> Any:
        steps, size = x.shape[1], self.dim // self.heads
        parts = ops.split(self.qkv(x), 3, axis=-1) if self.packed else [self.q(x), self.k(x), self.v(x)]
        if "reshaped" in self.wrong:
            q, k, v = (ops.reshape(part, (-1, self.heads, steps, size)) for part in parts)
        else:
            q, k, v = (
                ops.transpose(ops.reshape(part, (-1, steps, self.heads, size)), (0, 2, 1, 3))
                for part in parts
            )
        if "by_width" in self.wrong:
            q = q / self.dim**0.5
        elif "unscaled" not in self.wrong:
            q = q / size**0.5
        scores = ops.matmul(q, ops.transpose(k, (0, 1, 3, 2)))
        if padding is not None and "unmasked" not in self.wrong:
            seen = padding if "inverted" in self.wrong else ops.logical_not(padding)
            scores = ops.where(seen[:, None, None, :], scores, -1e9)
        weights = ops.softmax(scores, axis=-2 if "over_queries" in self.wrong else -1)
        x = ops.transpose(ops.matmul(self.drop(weights, training=training), v), (0, 2, 1, 3))
        return self.out(ops.reshape(x, (-1, steps, self.dim)))


class Encoder(keras.Model):
    """Subclassed, attention by hand from three dense layers."""

    def __init__(self, *wrong: str) -> None:
        super().__init__()
        self.embedding = layers.Embedding(30, 12)
        self.positions = Positions()
        self.attentions = [Heads(12, 3, False, *(wrong if i == 0 else ())) for i in range(2)]
        self.norms = [layers.LayerNormalization(epsilon=1e-5) for _ in range(4)]
        self.wide = [layers.Dense(20, activation="gelu") for _ in range(2)]
        narrow = layers.Dense(12)
        self.narrow = [narrow, narrow if "one_for_both" in wrong else layers.Dense(12)]
        self.fc, self.drop = layers.Dense(5), layers.Dropout(0.1)

    def call(self, tokens: Any, training: bool | None = None) -> Any:
        x = self.positions(self.embedding(tokens))
        for i in range(2):
            y = self.attentions[i](x, training=training)
            x = self.norms[2 * i](x + self.drop(y, training=training))
            y = self.narrow[i](self.drop(self.wide[i](x), training=training))
            x = self.norms[2 * i + 1](x + self.drop(y, training=training))
        return self.fc(ops.mean(x, axis=1))


def subclassed(*wrong: str) -> keras.Model:
    """See `Encoder`."""
    return Encoder(*wrong)


class CountedPositions(layers.Layer):
    """Adds an embedding of 0, 1, 2 ..."""

    def build(self, shape: Any) -> None:
        self.embedding = layers.Embedding(shape[1], shape[2])
        self.embedding.build(None)

    def call(self, x: Any) -> Any:
        return x + self.embedding(ops.arange(x.shape[1]))


class FirstToken(layers.Layer):
    """Puts a learned vector in front."""

    def build(self, shape: Any) -> None:
        self.token = self.add_weight(shape=(1, 1, shape[-1]), name="token")

    def call(self, x: Any) -> Any:
        token = ops.broadcast_to(self.token, (ops.shape(x)[0], 1, x.shape[-1]))
        return ops.concatenate([token, x], axis=1)


def masked(*wrong: str) -> keras.Model:
    """Keras' attention with a mask of keys."""
    return _masked(lambda: layers.MultiHeadAttention(2, 4, dropout=0.2), *wrong)


def masked_heads(*wrong: str) -> keras.Model:
    """One packed dense layer and heads by hand, with a mask of keys."""
    return _masked(lambda: Heads(8, 2, True, *wrong), *wrong)


def _masked(make: Callable[[], Any], *wrong: str) -> keras.Model:
    tokens = keras.Input((10,), dtype="int64")
    x = layers.Embedding(26, 8)(tokens)
    x = x if "unscaled_embedding" in wrong else layers.Rescaling(8**0.5)(x)
    x = FirstToken()(x)
    x = CountedPositions()(x)
    padding = ops.pad(ops.equal(tokens, 0), [[0, 0], [1, 0]], constant_values=False)
    for _ in range(2):
        y = layers.LayerNormalization(epsilon=1e-6)(x)
        attention = make()
        if isinstance(attention, Heads):
            y = attention(y, padding=padding)
        elif "no_mask" in wrong:
            y = attention(y, y)
        else:
            keys = ops.expand_dims(padding if "mask_inverted" in wrong else ops.logical_not(padding), 1)
            y = attention(y, y, attention_mask=keys)
        x = x + y
        y = layers.LayerNormalization(epsilon=1e-6)(x)
        x = x + layers.Dense(8)(layers.Dense(18, activation="relu")(y))
    x = ops.mean(x, axis=1) if "mean" in wrong else x[:, 0]
    return keras.Model(tokens, layers.Dense(3)(layers.LayerNormalization(epsilon=1e-6)(x)))


STYLES = {
    "functional": functional,
    "subclassed": subclassed,
    "masked": masked,
    "masked_heads": masked_heads,
}


def __getattr__(name: str) -> Callable[[], keras.Model]:
    style, *wrong = name.split("__")
    if style not in STYLES:
        raise AttributeError(name)
    return partial(STYLES[style], *wrong)
