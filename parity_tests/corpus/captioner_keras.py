"""Ports of the decoder of captions; `style__mistake` is the port with that mistake."""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
import numpy as np
from keras import layers, ops


class WordsAndPositions(layers.Layer):
    """Scaled embeddings of words, and of positions."""

    def __init__(self, vocabulary: int, width: int, length: int, *wrong: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.factor = 1.0 if "no_scale" in wrong else width**0.5
        self.words = layers.Embedding(vocabulary, width, name="words")
        self.positions = layers.Embedding(length, width, name="positions")

    def call(self, tokens: Any) -> Any:
        return self.words(tokens) * self.factor + self.positions(ops.arange(tokens.shape[1]))


def decoder_block(x: Any, memory: Any, mask: Any, name: str, *wrong: str) -> Any:
    """Three sublayers, each with a shortcut and then a norm."""

    def add_norm(x: Any, y: Any, i: int) -> Any:
        epsilon = 1e-6 if "epsilon" in wrong and i == 3 else 1e-5
        return layers.LayerNormalization(epsilon=epsilon, name=f"{name}_norm{i}")(layers.Add()([x, y]))

    key_dim = 10 if "key_dim" in wrong else 5
    y = layers.MultiHeadAttention(2, key_dim, dropout=0.1, name=f"{name}_self")(
        x, x, use_causal_mask="not_causal" not in wrong
    )
    x = add_norm(x, layers.Dropout(0.1)(y), 1)
    y = layers.MultiHeadAttention(2, 5, dropout=0.1, name=f"{name}_cross")(x, memory, attention_mask=mask)
    x = add_norm(x, layers.Dropout(0.1)(y), 2)
    y = layers.Dense(14, activation="gelu" if "gelu" in wrong else "relu", name=f"{name}_ffn1")(x)
    y = layers.Dense(10, name=f"{name}_ffn2")(layers.Dropout(0.1)(y))
    return add_norm(x, layers.Dropout(0.1)(y), 3)


def functional(*wrong: str) -> keras.Model:
    """Functional, with Keras' attention."""
    regions, captions = keras.Input((7, 9)), keras.Input((6,), dtype="int64")
    lengths = keras.Input((), dtype="int64")
    compare = ops.greater_equal if "mask_inverted" in wrong else ops.less
    mask = compare(np.arange(7)[None, None, :], lengths[:, None, None])
    memory = layers.Dense(10, activation="relu", name="regions")(regions)
    x = layers.Dropout(0.1)(WordsAndPositions(17, 10, 12, *wrong, name="embedding")(captions))
    x = decoder_block(x, memory, mask, "layer1", *(w for w in wrong if w in ("not_causal", "key_dim")))
    x = decoder_block(x, memory, mask, "layer2", *(w for w in wrong if w in ("gelu", "epsilon")))
    return keras.Model([regions, captions, lengths], layers.Dense(17, name="words")(x))


class Attention(layers.Layer):
    """Multi-head attention by hand."""

    def __init__(self, width: int, heads: int, *wrong: str) -> None:
        super().__init__()
        self.width, self.heads, self.wrong = width, heads, wrong
        self.query, self.key, self.value, self.out = (layers.Dense(width) for _ in range(4))
        self.drop = layers.Dropout(0.1)

    def split(self, x: Any) -> Any:
        """(batch, heads, steps, width of a head)."""
        if "heads_inside" in self.wrong:
            x = ops.reshape(x, (-1, x.shape[1], self.width // self.heads, self.heads))
            return ops.transpose(x, (0, 3, 1, 2))
        x = ops.reshape(x, (-1, x.shape[1], self.heads, self.width // self.heads))
        return ops.transpose(x, (0, 2, 1, 3))

    def call(self, x: Any, y: Any, mask: Any, training: bool | None = None) -> Any:
        q, k, v = self.split(self.query(x)), self.split(self.key(y)), self.split(self.value(y))
        width = self.width if "whole_width" in self.wrong else self.width // self.heads
        scores = ops.matmul(q, ops.transpose(k, (0, 1, 3, 2))) / ops.sqrt(ops.cast(width, q.dtype))
        scores = ops.where(mask, scores, -1e9)
        y = ops.matmul(self.drop(ops.softmax(scores, axis=-1), training=training), v)
        return self.out(ops.reshape(ops.transpose(y, (0, 2, 1, 3)), (-1, x.shape[1], self.width)))


class DecoderLayer(layers.Layer):
    """One of the two."""

    def __init__(self, *wrong: str) -> None:
        super().__init__()
        self.wrong = wrong
        self.attention = Attention(10, 2, *(w for w in wrong if w == "heads_inside"))
        self.cross = Attention(10, 2, *(w for w in wrong if w == "whole_width"))
        self.norms = [layers.LayerNormalization(epsilon=1e-5) for _ in range(3)]
        self.ffn = keras.Sequential([layers.Dense(14, "relu"), layers.Dropout(0.1), layers.Dense(10)])
        self.drop = layers.Dropout(0.1)

    def call(self, x: Any, memory: Any, masks: Any, training: bool | None = None) -> Any:
        causal, known = masks
        a, b, c = self.norms
        if "pre_norm" in self.wrong:
            y = a(x)
            x = x + self.drop(self.attention(y, y, causal, training=training), training=training)
            x = x + self.drop(self.cross(b(x), memory, known, training=training), training=training)
            return x + self.drop(self.ffn(c(x), training=training), training=training)
        x = a(x + self.drop(self.attention(x, x, causal, training=training), training=training))
        y = self.drop(self.cross(x, memory, known, training=training), training=training)
        x = b(y if "no_cross_skip" in self.wrong else x + y)
        return c(x + self.drop(self.ffn(x, training=training), training=training))


class Captioner(keras.Model):
    """Subclassed."""

    def __init__(self, *wrong: str) -> None:
        super().__init__()
        self.wrong = wrong
        self.words, self.fc = layers.Dense(17), layers.Dense(10)
        self.positions, self.tokens = layers.Embedding(12, 10), layers.Embedding(17, 10)
        self.stack = [
            DecoderLayer(*(w for w in wrong if w in ("heads_inside", "whole_width", "no_cross_skip"))),
            DecoderLayer(*(w for w in wrong if w == "pre_norm")),
        ]
        self.drop = layers.Dropout(0.1)

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        regions, captions, lengths = inputs
        n = captions.shape[1]
        first = 1 if "positions_from_one" in self.wrong else 0
        memory = self.fc(regions) if "linear_memory" in self.wrong else ops.relu(self.fc(regions))
        known = ops.arange(regions.shape[1]) < ops.cast(lengths, "int32")[:, None]
        masks = ops.tril(ops.ones((n, n), dtype="bool")), known[:, None, None, :]
        x = self.tokens(captions) * 10**0.5 + self.positions(ops.arange(first, first + n))
        x = self.drop(x, training=training)
        for layer in self.stack:
            x = layer(x, memory, masks, training=training)
        return self.words(x)


def subclassed(*wrong: str) -> keras.Model:
    """See `Captioner`."""
    return Captioner(*wrong)


STYLES = {"functional": functional, "subclassed": subclassed}


def __getattr__(name: str) -> Callable[[], keras.Model]:
    style, *wrong = name.split("__")
    if style not in STYLES:
        raise AttributeError(name)
    return partial(STYLES[style], *wrong)
