"""Ports of the vision transformer; `style__mistake` is the port with that mistake."""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
from keras import layers, ops

DIM, HEADS, MLP, DEPTH, CLASSES = 20, 4, 28, 2, 7


class ClassToken(layers.Layer):
    """Puts a trained token before the patches."""

    def __init__(self, last: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.last = last

    def build(self, shape: Any) -> None:
        self.cls = self.add_weight(shape=(1, 1, shape[-1]), initializer="zeros", name="cls")

    def call(self, x: Any) -> Any:
        cls = ops.broadcast_to(self.cls, (ops.shape(x)[0], 1, x.shape[-1]))
        return ops.concatenate([x, cls] if self.last else [cls, x], axis=1)


class PositionEmbedding(layers.Layer):
    """Positions by an embedding, as in Keras' examples."""

    def __init__(self, length: int, dim: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.length = length
        self.position_embedding = layers.Embedding(length, dim)

    def build(self, shape: Any) -> None:
        self.position_embedding.build()

    def call(self, x: Any) -> Any:
        return x + self.position_embedding(ops.expand_dims(ops.arange(self.length), 0))


def mlp(x: Any, approximate: bool = False) -> Any:
    """Two dense layers with GELU."""
    x = layers.Dense(MLP)(x)
    x = layers.Lambda(partial(keras.activations.gelu, approximate=approximate))(x)
    x = layers.Dropout(0.1)(x)
    return layers.Dropout(0.1)(layers.Dense(DIM)(x))


def functional(*wrong: str) -> keras.Model:
    """Functional, with Keras' attention."""
    norm = partial(layers.LayerNormalization, epsilon=1e-3 if "epsilon" in wrong else 1e-6)
    images = keras.Input((12, 20, 3))
    x = layers.Conv2D(DIM, 4, strides=4, name="patches")(images)
    if "columns_first" in wrong:
        x = layers.Permute((2, 1, 3))(x)
    x = layers.Reshape((15, DIM))(x)
    x = ClassToken("class_last" in wrong, name="class_token")(x)
    x = layers.Dropout(0.1)(PositionEmbedding(16, DIM, name="positions")(x))
    for i in range(DEPTH):
        y = norm()(x)
        width = DIM if "key_dim" in wrong else DIM // HEADS
        y = layers.MultiHeadAttention(HEADS, key_dim=width, name=f"attention_{i}")(y, y)
        x = layers.Add()([x, y])
        y = mlp(norm()(x), "gelu_tanh" in wrong)
        x = y if "no_skip" in wrong and i == 1 else layers.Add()([x, y])
    if "no_final_norm" not in wrong:
        x = norm(name="encoder_norm")(x)
    x = layers.GlobalAveragePooling1D()(x) if "mean" in wrong else x[:, -1 if "class_last" in wrong else 0]
    return keras.Model(images, layers.Dense(CLASSES, name="head")(x))


class Attention(layers.Layer):
    """By keras.ops, with a qkv layer."""

    def __init__(self, dim: int, heads: int, *wrong: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dim, self.heads, self.wrong = dim, heads, wrong
        self.scale = (dim if "whole_width" in wrong else dim // heads) ** -0.5
        self.qkv = layers.Dense(dim * 3, use_bias="no_bias" not in wrong, name="qkv")
        self.proj = layers.Dense(dim, name="proj")

    def build(self, shape: Any) -> None:
        self.qkv.build(shape)
        self.proj.build(shape)

    def call(self, x: Any) -> Any:
        n, width = x.shape[1], self.dim // self.heads
        if "heads_outside" in self.wrong:
            qkv = ops.transpose(ops.reshape(self.qkv(x), (-1, n, self.heads, 3, width)), (3, 0, 2, 1, 4))
        else:
            qkv = ops.transpose(ops.reshape(self.qkv(x), (-1, n, 3, self.heads, width)), (2, 0, 3, 1, 4))
        scores = ops.matmul(qkv[0] * self.scale, ops.swapaxes(qkv[1], -2, -1))
        y = ops.matmul(ops.softmax(scores, axis=-2 if "softmax_axis" in self.wrong else -1), qkv[2])
        if "not_turned_back" not in self.wrong:
            y = ops.transpose(y, (0, 2, 1, 3))
        return self.proj(ops.reshape(y, (-1, n, self.dim)))


class Block(layers.Layer):
    """A block of the encoder."""

    def __init__(self, *wrong: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.wrong = wrong
        self.ln_1 = layers.LayerNormalization(epsilon=1e-6)
        self.attention = Attention(DIM, HEADS, *wrong)
        self.ln_2 = layers.LayerNormalization(epsilon=1e-6)
        self.mlp = keras.Sequential(
            [layers.Dense(MLP, "gelu"), layers.Dropout(0.1), layers.Dense(DIM), layers.Dropout(0.1)]
        )

    def build(self, shape: Any) -> None:
        for layer in (self.ln_1, self.attention, self.ln_2, self.mlp):
            layer.build(shape)

    def call(self, x: Any, training: bool | None = None) -> Any:
        if "post_norm" in self.wrong:
            x = self.ln_1(x + self.attention(x))
        else:
            x = x + self.attention(self.ln_1(x))
        return x + self.mlp(self.ln_2(x), training=training)


class ViT(keras.Model):
    """Subclassed, all weights by itself."""

    def __init__(self, *wrong: str) -> None:
        super().__init__()
        self.wrong = wrong
        self.projection = layers.Conv2D(DIM, 4, 4)
        self.cls = self.add_weight(shape=(1, 1, DIM), initializer="zeros", name="cls")
        self.pos = self.add_weight(shape=(1, 16, DIM), initializer="random_normal", name="pos")
        self.drop = layers.Dropout(0.1)
        self.encoder = [Block(*wrong) for _ in range(DEPTH)]
        self.ln = layers.LayerNormalization(epsilon=1e-6)
        self.classifier = layers.Dense(CLASSES, activation="tanh" if "tanh" in wrong else None)

    def call(self, x: Any, training: bool | None = None) -> Any:
        x = ops.reshape(self.projection(x), (-1, 15, DIM))
        if "patches_only" in self.wrong:
            x = x + self.pos[:, 1:]
            x = ops.concatenate([ops.tile(self.cls, (ops.shape(x)[0], 1, 1)), x], axis=1)
        else:
            x = ops.concatenate([ops.tile(self.cls, (ops.shape(x)[0], 1, 1)), x], axis=1) + self.pos
        x = self.drop(x, training=training)
        for block in self.encoder:
            x = block(x, training=training)
        return self.classifier(self.ln(x[:, 0]))


def subclassed(*wrong: str) -> keras.Model:
    """See `ViT`."""
    return ViT(*wrong)


STYLES = {"functional": functional, "subclassed": subclassed}


def __getattr__(name: str) -> Callable[[], keras.Model]:
    style, *wrong = name.split("__")
    if style not in STYLES:
        raise AttributeError(name)
    return partial(STYLES[style], *wrong)
