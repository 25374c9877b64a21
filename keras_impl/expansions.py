"""Keras' layers that do in one what PyTorch has several modules for, taken apart while they are compared.

`code` gives what is run in place of such a layer's call.
"""

from collections.abc import Callable
from typing import Any

import keras
from keras import layers, ops


class PartOf(keras.Operation):
    """A part of a layer, which uses the variables of that layer."""

    def __init__(self, owner: keras.Layer):
        super().__init__()
        self.owner = owner

    def compute_output_spec(self, x: Any) -> Any:
        return keras.KerasTensor(keras.src.backend.compute_output_spec(self.call, x).shape, x.dtype)


class Depthwise(PartOf):
    """The first half of a separable convolution."""

    def call(self, x: Any) -> Any:
        own = self.owner
        window = (own.strides, own.padding, own.data_format, own.dilation_rate)
        return ops.depthwise_conv(x, own.depthwise_kernel, *window)


class Pointwise(PartOf):
    """The second half of a separable convolution."""

    def call(self, x: Any) -> Any:
        own = self.owner
        y = ops.conv(x, own.pointwise_kernel, 1, "valid", own.data_format)
        return y if own.bias is None else ops.add(y, own.bias)


# Layers whose own code calls the layers inside.
OPEN = (layers.Bidirectional, layers.MultiHeadAttention, layers.GroupQueryAttention, layers.Lambda)


def is_expanded(layer: keras.Layer) -> bool:
    """Whether the layer's parts are steps, and not the layer."""
    return isinstance(layer, (*OPEN, layers.SeparableConv1D, layers.SeparableConv2D, layers.TimeDistributed))


def code(layer: keras.Layer) -> Callable[..., Any]:
    """What the layer does, in steps that PyTorch has, too."""
    if isinstance(layer, layers.SeparableConv1D | layers.SeparableConv2D):
        return lambda x: _activated(layer, Pointwise(layer)(Depthwise(layer)(x)))
    if isinstance(layer, layers.TimeDistributed):
        return lambda x: _each(layer.layer, x)
    if isinstance(layer, layers.Bidirectional):
        # The two layers one by one, also where the backend has a function for both.
        layer.forward_layer.use_cudnn = layer.backward_layer.use_cudnn = False
    if isinstance(layer, layers.MultiHeadAttention | layers.GroupQueryAttention):
        _open_attention(layer)
    return layer.call


def _open_attention(layer: Any) -> None:
    """Attention as one step, and behind it a dropout that drops nothing and shows the rate.

    With dropout of the weights Keras goes another way to the same numbers.
    """
    setattr(layer, "dropout" if isinstance(layer, layers.GroupQueryAttention) else "_dropout", 0.0)
    attend = type(layer)._compute_attention

    def attended(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        mixed, scores = attend(layer, *args, **kwargs)
        return layer._dropout_layer(mixed), scores

    layer._compute_attention = attended


def _activated(layer: Any, x: Any) -> Any:
    linear = layer.activation in (None, keras.activations.linear)
    return x if linear else layer.activation(x)


def _each(inner: keras.Layer, x: Any) -> Any:
    """A layer done at every position: those that look at the last axis alone do so anyway."""
    if isinstance(inner, layers.Dense | layers.Activation | layers.Dropout | layers.LayerNormalization):
        return inner(x)
    batch, steps = x.shape[:2]
    y = inner(ops.reshape(x, (batch * steps, *x.shape[2:])))
    return ops.reshape(y, (batch, steps, *y.shape[1:]))
