"""Batch normalisation and instance normalisation of feature maps.

Source: article 003, arXiv 1502.03167 and 1607.08022. Contract: crosscheck/specs/normalization.py
"""

import math

import keras
from keras import KerasTensor as Tensor
from keras import layers, ops

from keras_impl.replicas import moment_total


def moments(x: Tensor, axes: tuple[int, ...]) -> tuple[Tensor, Tensor, Tensor]:
    """Mean and biased variance over some axes, which are kept, and how many values they are of."""
    count = moment_total(ops.cast(math.prod(ops.shape(x)[axis] for axis in axes), x.dtype))
    # `ops.moments` computes in float32 on jax, even where x is float64; sums do not.
    mean = _total(x, axes) / count
    return mean, _total(ops.square(x - mean), axes) / count, count


def _total(x: Tensor, axes: tuple[int, ...]) -> Tensor:
    """The sum over some axes, which are kept; axis by axis, since TensorFlow adds up one by one."""
    for axis in reversed(axes):
        x = ops.sum(x, axis, keepdims=True)
    return moment_total(x)


class BatchNorm(layers.BatchNormalization):
    """Each channel normalised over the batch; after training, by moving averages of the moments.

    Input and output shape: (B, H, W, C).

    Args:
        affine: whether gamma and beta are learned.

    Raises:
        ValueError: the input is no batch of feature maps, or has one value a channel in training.
    """

    ndim = 4

    # PORT: PyTorch's `momentum` is the weight of the new moments (default 0.1), Keras' of the old ones
    # (default 0.99); epsilon is 1e-5 by default in PyTorch and 1e-3 in Keras.
    # PORT: both divide by the root of the biased variance in training, but PyTorch keeps the unbiased one
    # for later, n / (n - 1) times as large, and Keras the biased one. Here both keep the unbiased one.
    # PORT: a Keras batch norm that is frozen (`trainable` is False) normalises with its moving moments and
    # leaves them as they are; in PyTorch `requires_grad` stops neither, only `eval()` of the layer does.
    # PORT: on a CPU PyTorch adds up a channel's values one by one, in float64 and, with the channels last in
    # memory, in float32; the error of the sums is then some ten times what it is axis by axis, as in Keras.
    def __init__(self, affine: bool = True, **kwargs):
        super().__init__(momentum=0.9, epsilon=1e-5, center=affine, scale=affine, **kwargs)
        self.input_spec = layers.InputSpec(ndim=self.ndim)

    def call(self, x: Tensor, training: bool | None = None) -> Tensor:
        x = ops.cast(x, self.variable_dtype)  # in mixed precision moments of bfloat16 would lose too much
        mean, variance = self.moving_mean, self.moving_variance
        if training and self.trainable:
            if math.prod(size or 2 for size in x.shape[:-1]) < 2:
                raise ValueError(f"expected more than one value a channel in training, got {tuple(x.shape)}")
            mean, variance, n = moments(x, tuple(range(self.ndim - 1)))
            for kept, new in ((self.moving_mean, mean), (self.moving_variance, variance * (n / (n - 1)))):
                kept.assign(kept * self.momentum + ops.reshape(new, (-1,)) * (1 - self.momentum))
        # One factor a channel: on TensorFlow a good deal faster than a division of the whole feature map.
        factor = 1 / ops.sqrt(variance + self.epsilon)
        y = (x - mean) * (self.gamma * factor) + self.beta if self.scale else (x - mean) * factor
        return ops.cast(y, self.compute_dtype)


class InstanceNorm(layers.GroupNormalization):
    """Each channel of each image normalised by itself, in training and afterwards alike.

    Input and output shape: (B, H, W, C).

    Args:
        affine: whether gamma and beta are learned.

    Raises:
        ValueError: the input is no batch of feature maps, or has one value a channel.
    """

    # PORT: PyTorch has a layer for instance norm, by default without gamma and beta and with epsilon 1e-5.
    # In Keras it is GroupNormalization with a group for each channel, by default with both and with 1e-3.
    def __init__(self, affine: bool = False, **kwargs):
        super().__init__(groups=-1, epsilon=1e-5, center=affine, scale=affine, **kwargs)
        self.input_spec = layers.InputSpec(ndim=4)

    def call(self, x: Tensor, training: bool | None = None) -> Tensor:
        # PORT: PyTorch warns of another number of channels where there is no gamma, takes an image
        # without a batch, and refuses a single value, in evaluation as well. Keras takes a single value; once
        # built, its layer refuses the other two.
        if math.prod(size or 2 for size in x.shape[1:3]) < 2:
            raise ValueError(f"expected (batch, height, width, {x.shape[-1]}), got {tuple(x.shape)}")
        x = ops.cast(x, self.variable_dtype)
        mean, variance, _ = moments(x, (1, 2))
        y = ops.cast((x - mean) / ops.sqrt(variance + self.epsilon), self.compute_dtype)
        return y * self.gamma + self.beta if self.scale else y


class Restorer(keras.Model):
    """A small net from image to image: convolution, normalisation, ReLU, convolution.

    Input and output shape: (B, H, W, 3).

    Args:
        channels: of the feature map between the convolutions.
        norm: "none", "batch" or "instance".

    Raises:
        ValueError: there is no such normalisation.
    """

    def __init__(self, channels: int, norm: str, **kwargs):
        super().__init__(**kwargs)
        self.conv1 = layers.Conv2D(channels, 3, padding="same", name="conv1")
        self.norm = make_norm(norm, channels)
        self.conv2 = layers.Conv2D(3, 3, padding="same", name="conv2")

    def call(self, x: Tensor, training: bool | None = None) -> Tensor:
        x = self.conv1(x)
        x = x if self.norm is None else self.norm(x, training=training)
        return self.conv2(ops.relu(x))


def make_norm(norm: str, channels: int) -> layers.Layer | None:
    """The normalisation of this name, with gamma and beta."""
    if norm not in ("none", "batch", "instance"):
        raise ValueError(f'norm is "none", "batch" or "instance", not {norm!r}')
    if norm == "none":
        return None
    return BatchNorm(name="norm") if norm == "batch" else InstanceNorm(affine=True, name="norm")
