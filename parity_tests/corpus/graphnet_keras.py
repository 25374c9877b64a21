"""Ports of the graph net; `style__mistake` is the port with that mistake."""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
import numpy as np
from keras import layers, ops


class NormalizeAdjacency(layers.Layer):
    """Adds loops and divides by the roots of the degrees; returns the plain matrix, too."""

    def __init__(self, *wrong: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.wrong = wrong

    def call(self, a: Any) -> Any:
        a = ops.cast(a, self.compute_dtype)
        loops = a + ops.eye(a.shape[-1], dtype=a.dtype)
        if "rows_only" in self.wrong:
            return loops, loops / ops.sum(loops, axis=-1, keepdims=True)
        d = ops.rsqrt(ops.sum(loops, axis=-1))
        used = a if "no_loops" in self.wrong else loops
        return loops, used * d[:, :, None] * d[:, None, :]


class AddBias(layers.Layer):
    """A bias alone."""

    def build(self, shape: Any) -> None:
        self.bias = self.add_weight(shape=(shape[-1],), initializer="zeros", name="bias")

    def call(self, x: Any) -> Any:
        return x + self.bias


class GAT(layers.Layer):
    """Graph attention with one tensor of attention vectors for each direction."""

    def __init__(self, units: int, heads: int, dropout: float, *wrong: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units, self.heads, self.wrong = units, heads, wrong
        self.kernel = layers.Dense(units * heads, use_bias=False)
        self.drop = layers.Dropout(dropout)

    def build(self, x_shape: Any, adjacency_shape: Any) -> None:
        self.source = self.add_weight(shape=(self.heads, self.units), name="source")
        self.target = self.add_weight(shape=(self.heads, self.units), name="target")
        self.kernel.build(x_shape)

    def call(self, x: Any, adjacency: Any, training: bool | None = None) -> Any:
        n = x.shape[1]
        h = ops.reshape(self.kernel(x), (-1, n, self.heads, self.units))
        source = ops.einsum("bnhf,hf->bhn", h, self.source)
        target = ops.einsum("bnhf,hf->bhn", h, self.target)
        e = ops.leaky_relu(target[..., :, None] + source[..., None, :], 0.2)
        e = ops.where(adjacency[:, None] > 0, e, -1e12)
        e = ops.softmax(e, axis=-2 if "over_targets" in self.wrong else -1)
        y = ops.einsum("bhij,bjhf->bihf", self.drop(e, training=training), h)
        return ops.reshape(y, (-1, n, self.heads * self.units))


def functional(*wrong: str) -> keras.Model:
    """Functional."""
    nodes, adjacency = keras.Input((7, 5), name="nodes"), keras.Input((7, 7), dtype="int64", name="adjacency")
    loops, a = NormalizeAdjacency(*wrong)(adjacency)
    x = layers.Dense(8, use_bias="bias_first" in wrong, name="gcn")(nodes)
    x = layers.Dot(axes=(1, 1) if "along_edges" in wrong else (2, 1))([a, x])
    x = x if "bias_first" in wrong else AddBias(name="gcn_bias")(x)
    x = layers.ReLU()(x)
    x = layers.Dropout(0.6 if "kept" in wrong else 0.4)(x)
    x = layers.ELU()(GAT(6, 2, 0.3, *wrong, name="gat")(x, loops))
    x = layers.Dense(9, activation="relu", name="hidden")(layers.GlobalAveragePooling1D()(x))
    return keras.Model([nodes, adjacency], layers.Dense(4, name="classes")(x))


class GraphNet(keras.Model):
    """Subclassed, with the parameters in the model and loops over the heads."""

    def __init__(self, *wrong: str) -> None:
        super().__init__()
        self.wrong = wrong
        self.out, self.hidden = layers.Dense(4), layers.Dense(9, activation="relu")
        self.lin, self.gcn = layers.Dense(12, use_bias=False), layers.Dense(8, use_bias=False)
        self.gcn_bias = self.add_weight(shape=(8,), initializer="zeros", name="gcn_bias")
        self.att_dst = self.add_weight(shape=(1, 1, 2, 6), name="att_dst")
        self.att_src = self.add_weight(shape=(1, 1, 2, 6), name="att_src")
        self.drop, self.leaky = layers.Dropout(0.4), layers.LeakyReLU(0.3 if "slope" in wrong else 0.2)
        self.att_drop = layers.Dropout(0.3)

    def attend(self, x: Any, a: Any, training: bool | None) -> Any:
        """One head after the other."""
        h = self.lin(x)
        shape = (-1, x.shape[1], 6, 2) if "heads_inside" in self.wrong else (-1, x.shape[1], 2, 6)
        h = ops.reshape(h, shape)
        h = ops.swapaxes(h, 2, 3) if "heads_inside" in self.wrong else h
        src, dst = ops.sum(h * self.att_src, axis=-1), ops.sum(h * self.att_dst, axis=-1)
        heads = []
        for i in range(2):
            e = self.leaky(ops.expand_dims(dst[:, :, i], 2) + ops.expand_dims(src[:, :, i], 1))
            if "masked_by_product" in self.wrong:
                e = e * ops.cast(a > 0, e.dtype)
            else:
                e = ops.where(ops.equal(a, 0), -9e15, e)
            alpha = self.att_drop(ops.softmax(e, axis=-1), training=training)
            heads.append(ops.matmul(alpha, h[:, :, i]))
        return ops.concatenate(heads, axis=-1)

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        x, a = inputs
        a = ops.cast(a, x.dtype) + np.eye(x.shape[1])
        d = 1 / ops.sqrt(ops.sum(a, axis=-1, keepdims=True))
        x = ops.matmul(d * a * ops.swapaxes(d, 1, 2), self.gcn(x)) + self.gcn_bias
        x = self.drop(ops.relu(x), training=training)
        x = self.attend(x, a, training)
        x = x if "no_elu" in self.wrong else ops.elu(x)
        x = ops.sum(x, axis=1) if "summed" in self.wrong else ops.mean(x, axis=1)
        return self.out(self.hidden(x))


def subclassed(*wrong: str) -> keras.Model:
    """See `GraphNet`."""
    return GraphNet(*wrong)


STYLES = {"functional": functional, "subclassed": subclassed}


def __getattr__(name: str) -> Callable[[], keras.Model]:
    style, *wrong = name.split("__")
    if style not in STYLES:
        raise AttributeError(name)
    return partial(STYLES[style], *wrong)
