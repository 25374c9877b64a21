"""The generator of fast style transfer, as in PyTorch's examples."""

import torch
from torch import Tensor, nn


class ConvLayer(nn.Module):
    """Reflection padding and a convolution."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, stride: int) -> None:
        super().__init__()
        self.reflection_pad = nn.ReflectionPad2d(kernel_size // 2)
        self.conv2d = nn.Conv2d(in_channels, out_channels, kernel_size, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Keeps the size for stride 1."""
        return self.conv2d(self.reflection_pad(x))


class ResidualBlock(nn.Module):
    """Two convolutions with instance norm, nothing behind the addition."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = ConvLayer(channels, channels, 3, 1)
        self.in1 = nn.InstanceNorm2d(channels, affine=True)
        self.conv2 = ConvLayer(channels, channels, 3, 1)
        self.in2 = nn.InstanceNorm2d(channels, affine=True)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """The input and what is to be added."""
        out = self.relu(self.in1(self.conv1(x)))
        return self.in2(self.conv2(out)) + x


class UpsampleConvLayer(nn.Module):
    """Nearest-neighbour enlargement, then a convolution."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, upsample: int) -> None:
        super().__init__()
        self.upsample = upsample
        self.reflection_pad = nn.ReflectionPad2d(kernel_size // 2)
        self.conv2d = nn.Conv2d(in_channels, out_channels, kernel_size)

    def forward(self, x: Tensor) -> Tensor:
        """Twice the size for upsample 2."""
        x = nn.functional.interpolate(x, mode="nearest", scale_factor=self.upsample)
        return self.conv2d(self.reflection_pad(x))


class TransformerNet(nn.Module):
    """Down, residual blocks, up."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = ConvLayer(3, 5, 5, 1)
        self.in1 = nn.InstanceNorm2d(5, affine=True)
        self.conv2 = ConvLayer(5, 8, 3, 2)
        self.in2 = nn.InstanceNorm2d(8, affine=True)
        self.res1 = ResidualBlock(8)
        self.res2 = ResidualBlock(8)
        self.deconv1 = UpsampleConvLayer(8, 6, 3, 2)
        self.in4 = nn.InstanceNorm2d(6, affine=True)
        self.deconv2 = ConvLayer(6, 3, 5, 1)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """Images of 0 to 255."""
        y = self.relu(self.in1(self.conv1(x)))
        y = self.relu(self.in2(self.conv2(y)))
        y = self.res2(self.res1(y))
        y = self.relu(self.in4(self.deconv1(y)))
        return 127.5 * torch.tanh(self.deconv2(y)) + 127.5


def build() -> nn.Module:
    """For images of 3 x 20 x 26."""
    return TransformerNet()
