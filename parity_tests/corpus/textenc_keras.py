"""Ports of the text classifier; `style__mistake` is the port with that mistake."""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
import numpy as np
from keras import layers, ops

VOCAB, DIM, HEADS, HIDDEN, CLASSES = 19, 18, 3, 22, 5


def sinusoids(length: int, *wrong: str) -> Any:
    """Sines and cosines of positions, (1, length, DIM)."""
    step = np.arange(DIM) if "exponent" in wrong else 2 * (np.arange(DIM) // 2)
    angles = np.arange(length)[:, None] / np.power(10000, step / DIM)[None]
    if "halves" in wrong:
        table = np.concatenate([np.sin(angles[:, 0::2]), np.cos(angles[:, 1::2])], axis=-1)
    else:
        table = np.empty((length, DIM))
        table[:, 0::2], table[:, 1::2] = np.sin(angles[:, 0::2]), np.cos(angles[:, 1::2])
    return table[None]


class PositionalEmbedding(layers.Layer):
    """Tokens times the root of the width, plus positions; may hand the padding on as Keras' mask."""

    def __init__(self, masks: bool, *wrong: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.factor = 1.0 if "no_scale" in wrong else DIM**0.5
        self.embedding = layers.Embedding(VOCAB, DIM, mask_zero=masks)
        self.table = sinusoids(40, *wrong)

    def build(self, shape: Any) -> None:
        self.embedding.build()

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return self.embedding.compute_mask(inputs, mask)

    def call(self, tokens: Any) -> Any:
        x = self.embedding(tokens) * self.factor
        return x + ops.cast(self.table[:, : tokens.shape[1]], x.dtype)


class TransformerEncoder(layers.Layer):
    """A block, as in Keras' examples."""

    def __init__(self, *wrong: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.wrong = wrong
        inner = 0.0 if "attention_keeps_all" in wrong else 0.1
        self.attention = layers.MultiHeadAttention(HEADS, DIM // HEADS, dropout=inner)
        self.dense_proj = keras.Sequential(
            [layers.Dense(HIDDEN, activation="gelu" if "gelu" in wrong else "relu"), layers.Dropout(0.1)]
        )
        self.dense_out = layers.Dense(DIM)
        self.dropout_1, self.dropout_2 = layers.Dropout(0.1), layers.Dropout(0.1)
        self.layernorm_1 = layers.LayerNormalization(epsilon=1e-5)
        self.layernorm_2 = layers.LayerNormalization(epsilon=1e-3 if "epsilon" in wrong else 1e-5)

    def build(self, inputs_shape: Any, seen_shape: Any = None) -> None:
        shape = inputs_shape
        self.attention.build(shape, shape)
        self.dense_proj.build(shape)
        self.dense_out.build((*shape[:-1], HIDDEN))
        self.layernorm_1.build(shape)
        self.layernorm_2.build(shape)

    def call(self, inputs: Any, seen: Any = None, training: bool | None = None) -> Any:
        y = self.attention(inputs, inputs, attention_mask=seen, training=training)
        x = self.layernorm_1(inputs + self.dropout_1(y, training=training))
        y = self.dropout_2(self.dense_out(self.dense_proj(x, training=training)), training=training)
        return self.layernorm_2((inputs if "older_skip" in self.wrong else x) + y)


class MaskedMean(layers.Layer):
    """The mean over the tokens that are no padding."""

    def call(self, x: Any, real: Any) -> Any:
        kept = ops.expand_dims(ops.cast(real, x.dtype), -1)
        return ops.sum(x * kept, axis=1) / ops.maximum(ops.sum(kept, axis=1), 1)


def automatic(*wrong: str) -> keras.Model:
    """Functional; Keras carries the mask from the embedding to attention and pooling."""
    tokens = keras.Input((11,), dtype="int64")
    x = layers.Dropout(0.1)(PositionalEmbedding(True)(tokens))
    for _ in range(2):
        x = TransformerEncoder(*wrong)(x)
    return keras.Model(tokens, layers.Dense(CLASSES)(layers.GlobalAveragePooling1D()(x)))


def functional(*wrong: str) -> keras.Model:
    """Functional; the mask is computed once and handed to each block."""
    tokens = keras.Input((11,), dtype="int64")
    real = layers.Lambda(lambda t: ops.not_equal(t, 0), name="real")(tokens)
    seen = layers.Reshape((1, 11), name="seen")(real)
    x = layers.Dropout(0.1)(PositionalEmbedding(False, *wrong)(tokens))
    x = TransformerEncoder(*(w for w in wrong if w != "epsilon"))(x, seen=seen)
    x = TransformerEncoder(*wrong)(x, seen=seen)
    x = layers.GlobalMaxPooling1D()(x) if "max" in wrong else MaskedMean()(x, real)
    return keras.Model(tokens, layers.Dense(CLASSES)(x))


class Classifier(keras.Model):
    """Subclassed, masks by hand."""

    def __init__(self, *wrong: str) -> None:
        super().__init__()
        self.wrong = wrong
        self.embed = layers.Embedding(VOCAB, DIM)
        self.table = sinusoids(11, *wrong)
        self.attn = [layers.MultiHeadAttention(HEADS, DIM // HEADS, dropout=0.1) for _ in range(2)]
        self.norms = [layers.LayerNormalization(epsilon=1e-5) for _ in range(4)]
        self.up, self.down = [layers.Dense(HIDDEN) for _ in range(2)], [layers.Dense(DIM) for _ in range(2)]
        self.drops = [layers.Dropout(0.1) for _ in range(7)]
        self.out = layers.Dense(CLASSES)

    def block(self, x: Any, seen: Any, i: int, training: bool | None) -> Any:
        """The i-th layer of the encoder."""
        drops = self.drops[1 + 3 * i : 4 + 3 * i]
        y = self.attn[i](x, x, x, attention_mask=seen, training=training)
        x = self.norms[2 * i](x + drops[0](y, training=training))
        if "pre_norm" in self.wrong and i == 1:
            y = self.down[i](drops[1](ops.relu(self.up[i](self.norms[3](x))), training=training))
            return x + drops[2](y, training=training)
        y = self.down[i](drops[1](ops.relu(self.up[i](x)), training=training))
        return self.norms[2 * i + 1](x + drops[2](y, training=training))

    def call(self, tokens: Any, training: bool | None = None) -> Any:
        real = ops.equal(tokens, 0) if "mask_inverted" in self.wrong else ops.not_equal(tokens, 0)
        seen = None if "no_mask" in self.wrong else ops.expand_dims(real, 1)
        x = self.embed(tokens) * ops.sqrt(ops.cast(DIM, self.compute_dtype))
        x = self.drops[0](x + ops.cast(self.table, x.dtype), training=training)
        for i in range(2):
            x = self.block(x, seen, i, training)
        kept = ops.expand_dims(ops.cast(ops.not_equal(tokens, 0), x.dtype), -1)
        if "plain_mean" in self.wrong:
            return self.out(ops.mean(x, axis=1))
        if "by_length" in self.wrong:
            return self.out(ops.mean(x * kept, axis=1))
        return self.out(ops.sum(x * kept, axis=1) / ops.maximum(ops.sum(kept, axis=1), 1))


def subclassed(*wrong: str) -> keras.Model:
    """See `Classifier`."""
    return Classifier(*wrong)


STYLES = {"automatic": automatic, "functional": functional, "subclassed": subclassed}


def __getattr__(name: str) -> Callable[[], keras.Model]:
    style, *wrong = name.split("__")
    if style not in STYLES:
        raise AttributeError(name)
    return partial(STYLES[style], *wrong)
