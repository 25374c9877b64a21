"""Ports of the small LLaMA; `style__mistake` is the port with that mistake."""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
import numpy as np
from keras import layers, ops

VOCAB, DIM, HEADS, GROUPS, WIDTH, HIDDEN = 31, 24, 4, 2, 6, 40


def rotary(x: Any, *wrong: str) -> Any:
    """Rotary positions of x, (batch, time, heads, width)."""
    time, width = x.shape[1], x.shape[-1]
    theta = 1000.0 if "theta" in wrong else 10000.0
    angles = np.arange(time)[:, None] / theta ** (np.arange(0, width, 2) / width)
    cos = ops.cast(np.cos(angles)[None, :, None], x.dtype)
    sin = ops.cast(np.sin(angles)[None, :, None], x.dtype)
    if "halves" in wrong:
        a, b = x[..., : width // 2], x[..., width // 2 :]
        return ops.concatenate([a * cos - b * sin, a * sin + b * cos], axis=-1)
    a, b = x[..., 0::2], x[..., 1::2]
    return ops.reshape(ops.stack([a * cos - b * sin, a * sin + b * cos], axis=-1), ops.shape(x))


class GroupedAttention(layers.Layer):
    """Causal attention with fewer heads of keys and values; its layers have names of their own or none."""

    def __init__(self, named: bool, *wrong: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.wrong = wrong
        dense = partial(layers.Dense, use_bias="biases" in wrong)
        names = ("wq", "wk", "wv", "wo") if named else (None,) * 4
        self.q_proj, self.k_proj = dense(HEADS * WIDTH, name=names[0]), dense(GROUPS * WIDTH, name=names[1])
        self.v_proj = dense(GROUPS * WIDTH, name=names[2])
        self.o_proj = layers.Dense(DIM, use_bias=False, name=names[3])

    def build(self, shape: Any) -> None:
        for layer in (self.q_proj, self.k_proj, self.v_proj):
            layer.build(shape)
        self.o_proj.build((*shape[:-1], HEADS * WIDTH))

    def call(self, x: Any) -> Any:
        t, wrong = x.shape[1], self.wrong
        q = rotary(ops.reshape(self.q_proj(x), (-1, t, HEADS, WIDTH)), *wrong)
        k = ops.reshape(self.k_proj(x), (-1, t, GROUPS, WIDTH))
        k = k if "keys_not_turned" in wrong else rotary(k, *wrong)
        v = ops.reshape(self.v_proj(x), (-1, t, GROUPS, WIDTH))
        v = rotary(v) if "values_turned" in wrong else v
        if "tiled" in wrong:
            k, v = (ops.tile(z, (1, 1, HEADS // GROUPS, 1)) for z in (k, v))
        else:
            k, v = (ops.repeat(z, HEADS // GROUPS, axis=2) for z in (k, v))
        scores = ops.einsum("bqhd,bkhd->bhqk", q, k) / np.sqrt(WIDTH)
        if "not_causal" not in wrong:
            future = np.triu(np.ones((t, t), bool), 0 if "itself_hidden" in wrong else 1)
            scores = ops.where(future, -1e9, scores)
        y = ops.einsum("bhqk,bkhd->bqhd", ops.softmax(scores), v)
        return self.o_proj(ops.reshape(y, (-1, t, HEADS * WIDTH)))


class SwiGLU(layers.Layer):
    """The dense layers of a block, with names of their own or none."""

    def __init__(self, named: bool, activation: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        names = ("w1", "w3", "w2") if named else (None,) * 3
        self.gate_proj = layers.Dense(HIDDEN, activation=activation, use_bias=False, name=names[0])
        self.up_proj = layers.Dense(HIDDEN, use_bias=False, name=names[1])
        self.down_proj = layers.Dense(DIM, use_bias=False, name=names[2])

    def build(self, shape: Any) -> None:
        self.gate_proj.build(shape)
        self.up_proj.build(shape)
        self.down_proj.build((*shape[:-1], HIDDEN))

    def call(self, x: Any) -> Any:
        return self.down_proj(self.gate_proj(x) * self.up_proj(x))


class RMSNorm(layers.Layer):
    """With a weight of its own."""

    def __init__(self, epsilon: float = 1e-5, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.epsilon = epsilon

    def build(self, shape: Any) -> None:
        self.scale = self.add_weight(shape=(shape[-1],), initializer="ones", name="scale")

    def call(self, x: Any) -> Any:
        return self.scale * x / ops.sqrt(ops.mean(ops.square(x), axis=-1, keepdims=True) + self.epsilon)


def functional(*wrong: str, rms: type[layers.Layer] = RMSNorm) -> keras.Model:
    """Functional, with an embedding that is used in reverse."""
    norm = partial(rms, epsilon=1e-6 if "epsilon" in wrong else 1e-5)
    last = partial(layers.LayerNormalization, epsilon=1e-5, center=False) if "layer_norm" in wrong else norm
    tokens = keras.Input((9,), dtype="int64")
    embedding = layers.ReversibleEmbedding(VOCAB, DIM, tie_weights="untied" not in wrong, name="embedding")
    x = embedding(tokens)
    if "gemma_scale" in wrong:
        x = layers.Rescaling(DIM**0.5)(x)
    for i in range(2):
        x = layers.Add()([x, GroupedAttention(True, *wrong, name=f"attention_{i}")(norm()(x))])
        mlp = SwiGLU(True, "gelu" if "geglu" in wrong else "silu", name=f"mlp_{i}")
        x = layers.Add()([x, mlp(norm()(x))])
    return keras.Model(tokens, embedding(last(name="last_norm")(x), reverse=True))


def builtin(*wrong: str) -> keras.Model:
    """The same with Keras' own RMS norm."""
    return functional(*wrong, rms=layers.RMSNormalization)


class DecoderLayer(layers.Layer):
    """A block."""

    def __init__(self, named: str, *wrong: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.wrong = wrong
        self.input_norm, self.self_attn = RMSNorm(), GroupedAttention("attention" in named, *wrong)
        self.post_norm, self.mlp = RMSNorm(), SwiGLU("dense" in named, "swish")

    def build(self, shape: Any) -> None:
        for layer in (self.input_norm, self.self_attn, self.post_norm, self.mlp):
            layer.build(shape)

    def call(self, x: Any) -> Any:
        y = self.self_attn(self.input_norm(x))
        if "parallel" in self.wrong:
            return x + y + self.mlp(self.post_norm(x))
        x = x + y
        return self.mlp(self.post_norm(x)) + (0 if "no_skip" in self.wrong else x)


class Llama(keras.Model):
    """Subclassed; the logits by a product with the embedding's matrix."""

    def __init__(self, named: str, *wrong: str) -> None:
        super().__init__()
        self.wrong = wrong
        self.embed_tokens = layers.Embedding(VOCAB, DIM)
        self.blocks = [DecoderLayer(named, *wrong, name=f"block_{i}") for i in range(2)]
        self.final_norm = RMSNorm()

    def call(self, tokens: Any) -> Any:
        x = self.embed_tokens(tokens)
        for block in self.blocks:
            x = block(x)
        x = x if "no_final_norm" in self.wrong else self.final_norm(x)
        return ops.matmul(x, ops.transpose(self.embed_tokens.embeddings))


def subclassed(*wrong: str) -> keras.Model:
    """See `Llama`; layers have the names that Keras gives them."""
    return Llama("", *wrong)


def half_named(*wrong: str) -> keras.Model:
    """See `Llama`; the layers of attention have PyTorch's names."""
    return Llama("attention", *wrong)


def named(*wrong: str) -> keras.Model:
    """See `Llama`; all dense layers have PyTorch's names."""
    return Llama("attention, dense", *wrong)


STYLES = {
    "functional": functional,
    "builtin": builtin,
    "subclassed": subclassed,
    "half_named": half_named,
    "named": named,
}


def __getattr__(name: str) -> Callable[[], keras.Model]:
    style, *wrong = name.split("__")
    if style not in STYLES:
        raise AttributeError(name)
    return partial(STYLES[style], *wrong)
