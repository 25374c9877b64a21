"""Split linear layer: one small dense layer shared by S equal parts of the features.

Source: article 000, "Best Machine Learning Hack of 2021". Contract: crosscheck/specs/split_linear.py
"""

import keras
from keras import KerasTensor as Tensor
from keras import layers, ops

from keras_impl.layers import flatten_channels_first, max_pool


def split_linear(x: Tensor, kernel: Tensor, bias: Tensor, splits: int) -> Tensor:
    """y[b, s] = x[b, s] @ W + c for each part s; x (B, D) -> y (B, U)."""
    D = x.shape[-1]
    x = ops.reshape(x, (-1, splits, D // splits))  # (B, S, D/S)
    # PORT: nn.Linear stores its weight as (out, in); Dense stores its kernel as (in, out). By default both
    # are drawn otherwise, too: U(-b, b) with b = 1 / sqrt(in), biases as well, against glorot_uniform and 0.
    y = ops.matmul(x, kernel) + bias  # (B, S, U/S)
    return ops.reshape(y, (-1, splits * kernel.shape[-1]))  # (B, U)


def untied_split_linear(x: Tensor, kernel: Tensor, bias: Tensor, splits: int) -> Tensor:
    """y[b, s] = x[b, s] @ W[s] + c[s] for each part s; x (B, D) -> y (B, U)."""
    D = x.shape[-1]
    x = ops.reshape(x, (-1, splits, D // splits))  # (B, S, D/S)
    # PORT: the kernel of each part is laid out as nn.Linear's (S, out, in); in Keras as Dense's (S, in, out).
    y = ops.einsum("bsi,sio->bso", x, kernel) + bias  # (B, S, U/S)
    return ops.reshape(y, (-1, splits * kernel.shape[-1]))  # (B, U)


class SplitLinear(layers.Layer):
    """One dense layer from D/S to U/S features, applied to each of S equal parts.

    Input shape: (B, D). Output shape: (B, U).

    Args:
        units: U, a multiple of `splits`.
        splits: S, the number of parts; 1 is a plain dense layer.

    Raises:
        ValueError: the sizes do not divide into the parts, or the input has another shape.
    """

    def __init__(self, units: int, splits: int, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.splits = splits
        self.input_spec = layers.InputSpec(ndim=2)

    def build(self, input_shape):
        features, splits, units = input_shape[-1], self.splits, self.units
        require_divisible(features, units, splits)
        # PORT: Keras checks shapes by `input_spec`; PyTorch checks by hand, since a reshape would take
        # any multiple of the parts.
        self.input_spec = layers.InputSpec(ndim=2, axes={-1: features})
        bound = (splits / features) ** 0.5
        uniform = keras.initializers.RandomUniform(-bound, bound)
        self.kernel = self.add_weight(
            shape=(features // splits, units // splits), initializer=uniform, name="kernel"
        )
        self.bias = self.add_weight(shape=(units // splits,), initializer=uniform.clone(), name="bias")

    def call(self, x: Tensor) -> Tensor:
        return split_linear(x, self.kernel, self.bias, self.splits)


class UntiedSplitLinear(layers.Layer):
    """The ablation: a dense layer of its own for each part, so that the kernel is block-diagonal.

    Input shape: (B, D). Output shape: (B, U). Arguments and errors as for `SplitLinear`.
    """

    def __init__(self, units: int, splits: int, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.splits = splits
        self.input_spec = layers.InputSpec(ndim=2)

    def build(self, input_shape):
        features, splits, units = input_shape[-1], self.splits, self.units
        require_divisible(features, units, splits)
        self.input_spec = layers.InputSpec(ndim=2, axes={-1: features})
        bound = (splits / features) ** 0.5
        uniform = keras.initializers.RandomUniform(-bound, bound)
        shape = (splits, features // splits, units // splits)
        self.kernel = self.add_weight(shape=shape, initializer=uniform, name="kernel")
        self.bias = self.add_weight(shape=(splits, units // splits), initializer=uniform.clone(), name="bias")

    def call(self, x: Tensor) -> Tensor:
        return untied_split_linear(x, self.kernel, self.bias, self.splits)


class SplitNet(keras.Model):
    """The article's net: two convolutions with pooling, fc1 (split), fc3.

    Input shape: (B, H, W, 3). Output shape: (B, 10), logits.

    Args:
        hidden: units of fc1; 120 in the control and split nets, 3720 in the adjusted one.
        splits: parts that fc1 is split into; 1 in the control net, 10 in the others.
        tied: whether the parts share one layer.

    Raises:
        ValueError: the sizes do not divide into the parts, or the input has another shape.
    """

    def __init__(self, hidden: int, splits: int, tied: bool, **kwargs):
        super().__init__(**kwargs)
        layer = SplitLinear if tied else UntiedSplitLinear
        self.conv1 = layers.Conv2D(13, 5, name="conv1")
        self.conv2 = layers.Conv2D(18, 5, name="conv2")
        self.fc1 = layer(hidden, splits, name="fc1")
        self.fc3 = layers.Dense(10, name="fc3")

    def call(self, x: Tensor) -> Tensor:
        x = max_pool(ops.relu(self.conv1(x)), 2)  # (B, (H-4)/2, (W-4)/2, 13)
        x = max_pool(ops.relu(self.conv2(x)), 2)  # (B, h, w, 18)
        x = flatten_channels_first(x)  # (B, 18 h w)
        x = ops.relu(self.fc1(x))  # (B, hidden)
        return self.fc3(x)  # (B, 10)


def require_divisible(features: int, units: int, splits: int) -> None:
    """Refuse sizes that do not divide into equal parts."""
    if splits < 1 or features % splits or units % splits:
        raise ValueError(f"{features} features and {units} units do not divide into {splits} equal parts")
