"""DenseNet and DenseNet-BC for CIFAR: every layer of a block is given all feature maps before it.

Source: article 002, arXiv 1608.06993. Contract: crosscheck/specs/densenet.py
"""

import math
from itertools import zip_longest

import keras
from keras import KerasTensor as Tensor
from keras import layers, ops

from keras_impl.techniques.normalization import BatchNorm

BLOCKS = 3


def join(x: Tensor, new: Tensor) -> Tensor:
    """What there was so far and behind it the new channels; the weights count on this order."""
    # PORT: channels are axis 1 in PyTorch and the last axis in Keras.
    return ops.concatenate((x, new), axis=-1)


def average_pool(x: Tensor) -> Tensor:
    """The mean of each 2 x 2 window; an odd row or column at the end is dropped.

    Raises:
        ValueError: the map is smaller than a window.
    """
    if min(x.shape[1:3]) < 2:
        raise ValueError(f"no 2 x 2 window fits into a map of shape {tuple(x.shape)}")
    # PORT: nothing is padded here; where it is, PyTorch by default counts padded zeros in the mean,
    # and Keras never does. PyTorch's stride defaults to the window; that of Keras' ops must be given on jax.
    return ops.average_pool(x, 2, strides=2)


def global_average_pool(x: Tensor) -> Tensor:
    """The mean of each channel; (B, H, W, C) -> (B, C)."""
    return ops.sum(x, axis=(1, 2)) / (x.shape[1] * x.shape[2])


class NormConv(layers.Layer):
    """Batch norm, ReLU, convolution, in this order.

    Input shape: (B, H, W, in). Output shape: (B, H, W, channels).

    Args:
        channels: of the output.
        kernel_size: of the filters, 1 or 3.
    """

    def __init__(self, channels: int, kernel_size: int, **kwargs):
        super().__init__(**kwargs)
        self.bn = BatchNorm(name="bn")
        # PORT: biases are on by default on both sides; the paper's convolutions have none.
        self.conv = layers.Conv2D(channels, kernel_size, padding="same", use_bias=False, name="conv")

    def build(self, input_shape):
        self.bn.build(input_shape)
        self.conv.build(input_shape)

    def compute_output_shape(self, input_shape):
        return self.conv.compute_output_shape(input_shape)

    def call(self, x: Tensor, training: bool | None = None) -> Tensor:
        return self.conv(ops.relu(self.bn(x, training=training)))


class DenseLayer(layers.Layer):
    """The paper's H: makes `growth_rate` new feature maps out of all there are.

    Input shape: (B, H, W, in). Output shape: (B, H, W, growth_rate).

    Args:
        growth_rate: k, channels of the output.
        bottleneck: whether a 1x1 convolution to 4 k channels comes first.
    """

    def __init__(self, growth_rate: int, bottleneck: bool, **kwargs):
        super().__init__(**kwargs)
        self.reduce = NormConv(4 * growth_rate, 1, name="reduce") if bottleneck else None
        self.grow = NormConv(growth_rate, 3, name="grow")

    def build(self, input_shape):
        if self.reduce is not None:
            self.reduce.build(input_shape)
            input_shape = self.reduce.compute_output_shape(input_shape)
        self.grow.build(input_shape)

    def compute_output_shape(self, input_shape):
        return self.grow.compute_output_shape(input_shape)

    def call(self, x: Tensor, training: bool | None = None) -> Tensor:
        return self.grow(x if self.reduce is None else self.reduce(x, training=training), training=training)


class DenseBlock(layers.Layer):
    """Layers of which each one is given the input and the outputs of all before it.

    Input shape: (B, H, W, in). Output shape: (B, H, W, in + length growth_rate).

    Args:
        length: how many layers.
        growth_rate: k, channels that each layer adds.
        bottleneck: see `DenseLayer`.
        connected: whether a layer's output is joined to what there was; without, it takes its place,
            and the block's output is (B, H, W, growth_rate).
    """

    def __init__(self, length: int, growth_rate: int, bottleneck: bool, connected: bool, **kwargs):
        super().__init__(**kwargs)
        self.connected = connected
        self.layers = []
        for number in range(1, length + 1):
            self.layers.append(DenseLayer(growth_rate, bottleneck, name=f"layer{number}"))

    def build(self, input_shape):
        for layer in self.layers:
            layer.build(input_shape)
            input_shape = self.shape_behind(layer, input_shape)

    def compute_output_shape(self, input_shape):
        for layer in self.layers:
            input_shape = self.shape_behind(layer, input_shape)
        return input_shape

    def shape_behind(self, layer: DenseLayer, input_shape: tuple) -> tuple:
        """The shape that the next layer is given."""
        *map_shape, new = layer.compute_output_shape(input_shape)
        return (*map_shape, input_shape[-1] + new if self.connected else new)

    def call(self, x: Tensor, training: bool | None = None) -> Tensor:
        for layer in self.layers:
            new = layer(x, training=training)
            x = join(x, new) if self.connected else new
        return x


class DenseNet(keras.Model):
    """Three dense blocks with transitions between them that shrink the image, and the channels.

    Input shape: (B, H, W, in). Output shape: (B, 10), logits.

    Args:
        depth: L, how many convolutions and dense layers lie behind one another.
        growth_rate: k, channels that each layer adds.
        bottleneck: the B of DenseNet-BC, see `DenseLayer`.
        compression: theta, the share of its channels that a transition lets pass; the C is one below 1.
        connected: see `DenseBlock`; a net of the same layers without the joining is for comparison.

    Raises:
        ValueError: the depth does not divide into three blocks, or there is no such compression.
    """

    def __init__(
        self,
        depth: int,
        growth_rate: int,
        bottleneck: bool = False,
        compression: float = 1.0,
        connected: bool = True,
        **kwargs,
    ):
        super().__init__(**kwargs)
        length = layers_in_block(depth, bottleneck)
        require_compression(compression)
        channels = 2 * growth_rate if bottleneck and compression < 1 else 16
        # PORT: padding=1 of PyTorch and "same" of Keras agree for a 3x3 kernel with stride 1; with stride 2
        # and an even size they look at other places.
        self.conv = layers.Conv2D(channels, 3, padding="same", use_bias=False, name="conv")
        self.blocks, self.transitions = [], []
        for number in range(1, BLOCKS + 1):
            self.blocks.append(DenseBlock(length, growth_rate, bottleneck, connected, name=f"block{number}"))
            channels = channels + length * growth_rate if connected else growth_rate
            if number < BLOCKS:
                channels = int(compression * channels)
                self.transitions.append(NormConv(channels, 1, name=f"transition{number}"))
        self.bn = BatchNorm(name="bn")
        self.fc = layers.Dense(10, name="fc")

    def build(self, input_shape):
        # Keras would find out by running everything twice, at each level: minutes for 250 layers.
        self.conv.build(input_shape)
        shape = self.conv.compute_output_shape(input_shape)
        for block, transition in zip_longest(self.blocks, self.transitions):
            for layer in filter(None, (block, transition)):
                layer.build(shape)
                shape = layer.compute_output_shape(shape)
        self.bn.build(shape)
        self.fc.build((shape[0], shape[-1]))

    def compute_output_shape(self, input_shape):
        return (input_shape[0], 10)

    def call(self, x: Tensor, training: bool | None = None) -> Tensor:
        x = self.blocks[0](self.conv(x), training=training)
        for transition, block in zip(self.transitions, self.blocks[1:], strict=True):
            x = block(average_pool(transition(x, training=training)), training=training)
        return self.fc(global_average_pool(ops.relu(self.bn(x, training=training))))


def parameter_count(depth: int, growth_rate: int, bottleneck: bool, compression: float) -> int:
    """How many trainable parameters such a net has, built for CIFAR and counted by the framework."""
    model = DenseNet(depth, growth_rate, bottleneck, compression)
    model.build((None, 32, 32, 3))
    # PORT: Keras' `count_params` counts moving statistics too; PyTorch's buffers are no parameters.
    return sum(math.prod(variable.shape) for variable in model.trainable_variables)


def layers_in_block(depth: int, bottleneck: bool) -> int:
    """How many layers each block has; a layer with a bottleneck is two convolutions deep.

    Raises:
        ValueError: the depth does not divide into three blocks.
    """
    convolutions = BLOCKS * (2 if bottleneck else 1)
    if depth <= 4 or (depth - 4) % convolutions:
        raise ValueError(f"depth is 4 and a multiple of {convolutions}, not {depth}")
    return (depth - 4) // convolutions


def require_compression(compression: float) -> None:
    """Refuse what is no share of the channels."""
    if not 0 < compression <= 1:
        raise ValueError(f"compression is above 0 and at most 1, not {compression}")
