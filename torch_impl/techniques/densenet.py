"""DenseNet and DenseNet-BC for CIFAR: every layer of a block is given all feature maps before it.

Source: article 002, arXiv 1608.06993. Contract: crosscheck/specs/densenet.py
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from torch_impl.techniques.normalization import BatchNorm

BLOCKS = 3


def join(x: Tensor, new: Tensor) -> Tensor:
    """What there was so far and behind it the new channels; the weights count on this order."""
    # PORT: channels are axis 1 in PyTorch and the last axis in Keras.
    return torch.cat((x, new), dim=1)


def average_pool(x: Tensor) -> Tensor:
    """The mean of each 2 x 2 window; an odd row or column at the end is dropped.

    Raises:
        ValueError: the map is smaller than a window.
    """
    if min(x.shape[2:]) < 2:
        raise ValueError(f"no 2 x 2 window fits into a map of shape {tuple(x.shape)}")
    # PORT: nothing is padded here; where it is, PyTorch by default counts padded zeros in the mean,
    # and Keras never does. PyTorch's stride defaults to the window; that of Keras' ops must be given on jax.
    return F.avg_pool2d(x, 2)


def global_average_pool(x: Tensor) -> Tensor:
    """The mean of each channel; (B, C, H, W) -> (B, C)."""
    return x.mean(dim=(2, 3))


class NormConv(nn.Module):
    """Batch norm, ReLU, convolution, in this order.

    Input shape: (B, in, H, W). Output shape: (B, channels, H, W).

    Args:
        in_channels: of the input.
        channels: of the output.
        kernel_size: of the filters, 1 or 3.
    """

    def __init__(self, in_channels: int, channels: int, kernel_size: int):
        super().__init__()
        self.bn = BatchNorm(in_channels)
        # PORT: biases are on by default on both sides; the paper's convolutions have none.
        self.conv = nn.Conv2d(in_channels, channels, kernel_size, padding=kernel_size // 2, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(F.relu(self.bn(x)))


class DenseLayer(nn.Module):
    """The paper's H: makes `growth_rate` new feature maps out of all there are.

    Input shape: (B, in, H, W). Output shape: (B, growth_rate, H, W).

    Args:
        in_channels: of the input.
        growth_rate: k, channels of the output.
        bottleneck: whether a 1x1 convolution to 4 k channels comes first.
    """

    def __init__(self, in_channels: int, growth_rate: int, bottleneck: bool):
        super().__init__()
        self.reduce = NormConv(in_channels, 4 * growth_rate, 1) if bottleneck else None
        self.grow = NormConv(4 * growth_rate if bottleneck else in_channels, growth_rate, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.grow(x if self.reduce is None else self.reduce(x))


class DenseBlock(nn.Module):
    """Layers of which each one is given the input and the outputs of all before it.

    Input shape: (B, in, H, W). Output shape: (B, in + length growth_rate, H, W).

    Args:
        in_channels: of the input.
        length: how many layers.
        growth_rate: k, channels that each layer adds.
        bottleneck: see `DenseLayer`.
        connected: whether a layer's output is joined to what there was; without, it takes its place,
            and the block's output is (B, growth_rate, H, W).
    """

    def __init__(self, in_channels: int, length: int, growth_rate: int, bottleneck: bool, connected: bool):
        super().__init__()
        self.connected = connected
        self.layers = []
        for number in range(1, length + 1):
            self.layers.append(DenseLayer(in_channels, growth_rate, bottleneck))
            # Under a name of its own rather than in a ModuleList, so that it is called as in Keras.
            self.add_module(f"layer{number}", self.layers[-1])
            in_channels = in_channels + growth_rate if connected else growth_rate

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = join(x, layer(x)) if self.connected else layer(x)
        return x


class DenseNet(nn.Module):
    """Three dense blocks with transitions between them that shrink the image, and the channels.

    Input shape: (B, in, H, W). Output shape: (B, 10), logits.

    Args:
        in_channels: of the images.
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
        in_channels: int,
        depth: int,
        growth_rate: int,
        bottleneck: bool = False,
        compression: float = 1.0,
        connected: bool = True,
    ):
        super().__init__()
        length = layers_in_block(depth, bottleneck)
        require_compression(compression)
        channels = 2 * growth_rate if bottleneck and compression < 1 else 16
        # PORT: padding=1 of PyTorch and "same" of Keras agree for a 3x3 kernel with stride 1; with stride 2
        # and an even size they look at other places.
        self.conv = nn.Conv2d(in_channels, channels, 3, padding=1, bias=False)
        self.blocks, self.transitions = [], []
        for number in range(1, BLOCKS + 1):
            self.blocks.append(DenseBlock(channels, length, growth_rate, bottleneck, connected))
            self.add_module(f"block{number}", self.blocks[-1])
            channels = channels + length * growth_rate if connected else growth_rate
            if number < BLOCKS:
                self.transitions.append(NormConv(channels, int(compression * channels), 1))
                self.add_module(f"transition{number}", self.transitions[-1])
                channels = int(compression * channels)
        self.bn = BatchNorm(channels)
        self.fc = nn.Linear(channels, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.blocks[0](self.conv(x))
        for transition, block in zip(self.transitions, self.blocks[1:], strict=True):
            x = block(average_pool(transition(x)))
        return self.fc(global_average_pool(F.relu(self.bn(x))))


def parameter_count(depth: int, growth_rate: int, bottleneck: bool, compression: float) -> int:
    """How many trainable parameters such a net has, built for CIFAR and counted by the framework."""
    model = DenseNet(3, depth, growth_rate, bottleneck, compression)
    # PORT: Keras' `count_params` counts moving statistics too; PyTorch's buffers are no parameters.
    return sum(parameter.numel() for parameter in model.parameters())


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
