"""Ports of the Swin transformer; `style__mistake` is the port with that mistake."""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
import numpy as np
from keras import layers, ops

WINDOW, HEADS = 4, 2
TOKENS = WINDOW * WINDOW


def relative_index() -> np.ndarray:
    """Which row of the table belongs to a pair of tokens."""
    rows, columns = np.divmod(np.arange(TOKENS), WINDOW)
    side = 2 * WINDOW - 1
    return (rows[:, None] - rows + WINDOW - 1) * side + columns[:, None] - columns + WINDOW - 1


def shift_mask(height: int, width: int, shift: int) -> np.ndarray:
    """(windows, tokens, tokens): -100 where the two were no neighbours before the shift."""
    parts = [np.repeat([0, 1, 2], [n - WINDOW, WINDOW - shift, shift]) for n in (height, width)]
    regions = parts[0][:, None] * 3 + parts[1]
    regions = regions.reshape(height // WINDOW, WINDOW, width // WINDOW, WINDOW)
    regions = regions.transpose(0, 2, 1, 3).reshape(-1, TOKENS)
    return np.where(regions[:, :, None] == regions[:, None, :], 0.0, -100.0)


class WindowAttention(layers.Layer):
    """Attention inside windows, which lie in the batch."""

    def __init__(self, dim: int, mask: np.ndarray | None, *wrong: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dim, self.mask, self.wrong = dim, mask, wrong
        self.qkv, self.proj = layers.Dense(3 * dim, name="qkv"), layers.Dense(dim, name="proj")
        self.index = relative_index().T if "index_turned" in wrong else relative_index()

    def build(self, shape: Any) -> None:
        self.table = self.add_weight(shape=((2 * WINDOW - 1) ** 2, HEADS), name="relative_bias")
        self.qkv.build(shape)
        self.proj.build(shape)

    def call(self, x: Any) -> Any:
        qkv = ops.reshape(self.qkv(x), (-1, TOKENS, 3, HEADS, self.dim // HEADS))
        q, k, v = ops.unstack(ops.transpose(qkv, (2, 0, 3, 1, 4)), 3)
        scores = ops.matmul(q, ops.swapaxes(k, -1, -2)) * (self.dim // HEADS) ** -0.5
        bias = ops.reshape(ops.take(self.table, self.index.reshape(-1), axis=0), (TOKENS, TOKENS, HEADS))
        scores = scores + ops.transpose(bias, (2, 0, 1))
        if self.mask is not None and "no_mask" not in self.wrong:
            mask = ops.cast(self.mask[:, None], scores.dtype)
            scores = ops.reshape(scores, (-1, len(self.mask), HEADS, TOKENS, TOKENS)) + mask
            scores = ops.reshape(scores, (-1, HEADS, TOKENS, TOKENS))
        x = ops.matmul(ops.softmax(scores, axis=-1), v)
        return self.proj(ops.reshape(ops.swapaxes(x, 1, 2), (-1, TOKENS, self.dim)))


def swin_block(x: Any, shift: int, name: str, *wrong: str) -> Any:
    """Window attention and dense layers."""
    _, h, w, c = x.shape
    y = layers.LayerNormalization(epsilon=1e-5, name=f"{name}_norm1")(x)
    if shift:
        y = ops.roll(y, (-shift, -shift), axis=(1, 2))
    y = ops.reshape(y, (-1, h // WINDOW, WINDOW, w // WINDOW, WINDOW, c))
    y = ops.reshape(ops.transpose(y, (0, 1, 3, 2, 4, 5)), (-1, TOKENS, c))
    mask = shift_mask(h, w, shift) if shift else None
    y = WindowAttention(c, mask, *wrong, name=f"{name}_attn")(y)
    y = ops.reshape(y, (-1, h // WINDOW, w // WINDOW, WINDOW, WINDOW, c))
    y = ops.reshape(ops.transpose(y, (0, 1, 3, 2, 4, 5)), (-1, h, w, c))
    if shift and "not_rolled_back" not in wrong:
        y = ops.roll(y, (shift, shift), axis=(1, 2))
    x = layers.Add()([x, y])
    y = layers.LayerNormalization(epsilon=1e-5, name=f"{name}_norm2")(x)
    y = layers.Dropout(0.1)(layers.Dense(22, activation="gelu", name=f"{name}_fc1")(y))
    y = layers.Dropout(0.1)(layers.Dense(c, name=f"{name}_fc2")(y))
    return layers.Add()([x, y])


def functional(*wrong: str) -> keras.Model:
    """Functional, the attention a layer of its own."""
    image = keras.Input((16, 24, 3))
    x = layers.Conv2D(10, 2, strides=2, name="patches")(image)
    x = layers.LayerNormalization(epsilon=1e-5, name="patches_norm")(x)
    x = swin_block(x, 0, "block1", *(w for w in wrong if w == "index_turned"))
    x = swin_block(x, 2, "block2", *wrong)
    four = [x[:, i::2, j::2] for j in (0, 1) for i in (0, 1)]
    epsilon = 1e-3 if "epsilon" in wrong else 1e-5
    x = layers.LayerNormalization(epsilon=epsilon, name="merge_norm")(layers.Concatenate()(four))
    x = layers.Dense(14, use_bias="merge_bias" in wrong, name="merge")(x)
    x = layers.LayerNormalization(epsilon=1e-5, name="norm")(x)
    return keras.Model(image, layers.Dense(6, name="head")(layers.GlobalAveragePooling2D()(x)))


class SwinBlock(layers.Layer):
    """The windows have an axis of their own; the biases are an embedding."""

    def __init__(self, dim: int, size: tuple[int, int], shift: int, *wrong: str) -> None:
        super().__init__()
        self.dim, self.size, self.shift, self.wrong = dim, size, shift, wrong
        self.norms = [layers.LayerNormalization(epsilon=1e-5) for _ in range(2)]
        self.q, self.k, self.v, self.out = (layers.Dense(dim) for _ in range(4))
        self.bias = layers.Embedding((2 * WINDOW - 1) ** 2, HEADS)
        self.fc1, self.fc2, self.drop = layers.Dense(22), layers.Dense(dim), layers.Dropout(0.1)

    def attend(self, x: Any) -> Any:
        """Of (batch, windows, tokens, dim)."""
        q, k, v = (
            ops.reshape(f(x), (-1, x.shape[1], TOKENS, HEADS, self.dim // HEADS))
            for f in (self.q, self.k, self.v)
        )
        scores = ops.einsum("bwihc,bwjhc->bwhij", q, k)
        if "no_scale" not in self.wrong:
            scores = scores / np.sqrt(self.dim // HEADS)
        scores = scores + ops.transpose(self.bias(relative_index()), (2, 0, 1))
        if self.shift:
            scores = scores + ops.cast(shift_mask(*self.size, self.shift)[:, None], scores.dtype)
        x = ops.einsum("bwhij,bwjhc->bwihc", ops.softmax(scores), v)
        return self.out(ops.reshape(x, (-1, x.shape[1], TOKENS, self.dim)))

    def call(self, x: Any, training: bool | None = None) -> Any:
        h, w = self.size
        y = ops.roll(self.norms[0](x), (-self.shift, -self.shift), axis=(1, 2))
        y = ops.reshape(y, (-1, h // WINDOW, WINDOW, w // WINDOW, WINDOW, self.dim))
        y = self.attend(ops.reshape(ops.swapaxes(y, 2, 3), (-1, h * w // TOKENS, TOKENS, self.dim)))
        if "windows_in_rows" in self.wrong:
            y = ops.reshape(y, (-1, h, w, self.dim))
        else:
            y = ops.reshape(y, (-1, h // WINDOW, w // WINDOW, WINDOW, WINDOW, self.dim))
            y = ops.reshape(ops.swapaxes(y, 2, 3), (-1, h, w, self.dim))
        x = x + ops.roll(y, (self.shift, self.shift), axis=(1, 2))
        y = ops.gelu(self.fc1(self.norms[1](x)), approximate="gelu_tanh" in self.wrong)
        y = self.drop(self.fc2(self.drop(y, training=training)), training=training)
        return x + y


class Swin(keras.Model):
    """Subclassed."""

    def __init__(self, *wrong: str) -> None:
        super().__init__()
        self.wrong = wrong
        self.head, self.norm = layers.Dense(6), layers.LayerNormalization(epsilon=1e-5)
        self.patches = keras.Sequential([layers.Conv2D(10, 2, 2), layers.LayerNormalization(epsilon=1e-5)])
        self.merge = keras.Sequential(
            [layers.LayerNormalization(epsilon=1e-5), layers.Dense(14, use_bias=False)]
        )
        self.blocks = [SwinBlock(10, (8, 12), shift, *wrong) for shift in (0, 2)]

    def call(self, x: Any, training: bool | None = None) -> Any:
        x = self.patches(x)
        for block in self.blocks:
            x = block(x, training=training)
        x = ops.reshape(x, (-1, 4, 2, 6, 2, 10))
        order = (0, 1, 3, 2, 4, 5) if "merged_by_rows" in self.wrong else (0, 1, 3, 4, 2, 5)
        x = self.merge(ops.reshape(ops.transpose(x, order), (-1, 4, 6, 40)))
        return self.head(ops.mean(self.norm(x), axis=(1, 2)))


def subclassed(*wrong: str) -> keras.Model:
    """See `Swin`."""
    return Swin(*wrong)


STYLES = {"functional": functional, "subclassed": subclassed}


def __getattr__(name: str) -> Callable[[], keras.Model]:
    style, *wrong = name.split("__")
    if style not in STYLES:
        raise AttributeError(name)
    return partial(STYLES[style], *wrong)
