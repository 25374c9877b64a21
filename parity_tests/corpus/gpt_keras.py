"""Ports of the causal decoder; `style__mistake` is the port with that mistake."""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
import numpy as np
from keras import layers, ops


class Attention(layers.Layer):
    """Causal attention by hand, from one dense layer."""

    def __init__(self, dim: int, heads: int, *wrong: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dim, self.heads, self.wrong = dim, heads, wrong
        self.c_attn = layers.Dense(3 * dim)
        self.c_proj = layers.Dense(dim)
        self.drop = layers.Dropout(0.1)

    def split(self, x: Any, steps: int) -> list[Any]:
        """Queries, keys and values: (batch, heads, steps, size) each."""
        size = self.dim // self.heads
        if "interleaved" in self.wrong:
            x = ops.reshape(self.c_attn(x), (-1, steps, self.heads, 3, size))
            return [ops.transpose(x[:, :, :, i], (0, 2, 1, 3)) for i in range(3)]
        parts = ops.split(self.c_attn(x), 3, axis=-1)
        if "key_query_value" in self.wrong:
            parts = [parts[1], parts[0], parts[2]]
        return [ops.transpose(ops.reshape(p, (-1, steps, self.heads, size)), (0, 2, 1, 3)) for p in parts]

    def call(self, x: Any, training: bool | None = None) -> Any:
        steps = x.shape[1]
        q, k, v = self.split(x, steps)
        scale = 1.0 if "unscaled" in self.wrong else float(self.dim // self.heads) ** -0.5
        scale = self.dim**-0.5 if "by_width" in self.wrong else scale
        scores = ops.matmul(q, ops.swapaxes(k, -2, -1)) * scale
        mask = np.tril(np.ones((steps, steps), bool), -1 if "not_itself" in self.wrong else 0)
        mask[0, 0] = True
        mask = mask.T if "future" in self.wrong else mask
        if "not_causal" not in self.wrong:
            scores = ops.where(mask, scores, -1e30)
        if "float32" in self.wrong:
            scores = ops.cast(ops.softmax(ops.cast(scores, "float32"), axis=-1), v.dtype)
        else:
            scores = ops.softmax(scores, axis=2 if "over_queries" in self.wrong else -1)
        y = ops.matmul(self.drop(scores, training=training), v)
        y = y if "not_transposed" in self.wrong else ops.transpose(y, (0, 2, 1, 3))
        return self.c_proj(ops.reshape(y, (-1, steps, self.dim)))


class Block(layers.Layer):
    """Attention and two dense layers, norms in front."""

    def __init__(self, *wrong: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        epsilon = 1e-3 if "epsilon" in wrong else 1e-5
        self.wrong = wrong
        self.ln_1, self.ln_2 = (
            layers.LayerNormalization(epsilon=1e-5),
            layers.LayerNormalization(epsilon=epsilon),
        )
        self.attn = Attention(12, 4 if "four_heads" in wrong else 3, *wrong)
        self.c_fc, self.c_proj = layers.Dense(32), layers.Dense(12)
        self.drop = layers.Dropout(0.1)

    def call(self, x: Any, training: bool | None = None) -> Any:
        x = x + self.drop(self.attn(self.ln_1(x), training=training), training=training)
        y = self.c_fc(self.ln_2(x))
        y = ops.relu(y) if "relu" in self.wrong else ops.gelu(y, approximate="exact_gelu" not in self.wrong)
        return self.c_proj(y) if "no_skip" in self.wrong else x + self.c_proj(y)


class GPT(keras.Model):
    """Subclassed, as near to the original as can be; the mistakes are in the first block."""

    def __init__(self, *wrong: str) -> None:
        super().__init__()
        self.wrong = wrong
        self.wte, self.wpe = layers.Embedding(31, 12), layers.Embedding(9, 12)
        self.drop = layers.Dropout(0.1)
        self.h = [Block(*wrong, name="h_0"), Block(name="h_1")]
        self.ln_f = layers.LayerNormalization(epsilon=1e-5)
        if "untied" in wrong:
            self.lm_head = layers.Dense(31, use_bias=False)

    def call(self, tokens: Any, training: bool | None = None) -> Any:
        x = self.wte(tokens)
        x = x * 12**0.5 if "scaled_embedding" in self.wrong else x
        positions = ops.arange(tokens.shape[1])
        x = x + self.wpe(positions[::-1] if "positions_backwards" in self.wrong else positions)
        x = self.drop(x, training=training)
        x = ops.stop_gradient(x) if "stop" in self.wrong else x
        for block in self.h:
            x = block(x, training=training)
        x = self.ln_f(x)
        if "untied" in self.wrong:
            return self.lm_head(x)
        return ops.matmul(x, ops.transpose(ops.convert_to_tensor(self.wte.embeddings)))


def subclassed(*wrong: str) -> keras.Model:
    """See `GPT`."""
    return GPT(*wrong)


class Positions(layers.Layer):
    """Learned positions as a raw weight."""

    def build(self, shape: Any) -> None:
        self.table = self.add_weight(shape=tuple(shape[1:]), name="table")

    def call(self, x: Any) -> Any:
        return x + self.table


class TiedHead(layers.Layer):
    """Products with the vectors of an embedding."""

    def __init__(self, embedding: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.embedding = embedding

    def call(self, x: Any) -> Any:
        return ops.einsum("btc,vc->btv", x, self.embedding.embeddings)


def with_keras_attention(*wrong: str) -> keras.Model:
    """Functional, with keras.layers.MultiHeadAttention."""
    tokens = keras.Input((9,), dtype="int32")
    wte = layers.Embedding(31, 12, name="token_embedding")
    x = layers.Dropout(0.1)(Positions(name="position_embedding")(wte(tokens)))
    for i in range(2):
        y = layers.LayerNormalization(epsilon=1e-5, name=f"ln_{i}a")(x)
        attention = layers.MultiHeadAttention(3, key_dim=4, dropout=0.1, name=f"mha_{i}")
        y = attention(y, y, use_causal_mask=i == 1 or "not_causal" not in wrong)
        x = layers.Add()([x, layers.Dropout(0.1)(y)])
        y = layers.LayerNormalization(epsilon=1e-5, name=f"ln_{i}b")(x)
        gelu = (
            "gelu" if "exact_gelu" in wrong and i == 0 else partial(keras.activations.gelu, approximate=True)
        )
        y = layers.Dense(12, name=f"down_{i}")(layers.Dense(32, activation=gelu, name=f"up_{i}")(y))
        x = layers.Add()([x, y])
    x = layers.LayerNormalization(epsilon=1e-5, name="ln_f")(x)
    return keras.Model(tokens, TiedHead(wte, name="head")(x))


STYLES = {"subclassed": subclassed, "with_keras_attention": with_keras_attention}


def __getattr__(name: str) -> Callable[[], keras.Model]:
    style, *wrong = name.split("__")
    if style not in STYLES:
        raise AttributeError(name)
    return partial(STYLES[style], *wrong)
