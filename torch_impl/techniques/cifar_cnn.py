"""The small nets for CIFAR-10 of article 004: wider, deeper, with batch norm, residual.

Source: article 004 (tricks02_cifar10.ipynb). Contract: crosscheck/specs/cifar_cnn.py
"""

from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor, nn

from torch_impl.layers import flatten_channels_first, max_pool
from torch_impl.techniques.normalization import BatchNorm
from torch_impl.techniques.prelu import PReLU

BLOCKS = ("plain", "bn_before", "bn_after", "residual", "no_shortcut")


class ConvBlock(nn.Module):
    """Convolution 3x3, activation, pooling; batch norm before or after the activation, or none.

    Input shape: (B, in, H, W). Output shape: (B, channels, H/2, W/2).

    Args:
        in_shape: (in, H, W) of one feature map.
        channels: of the output.
        norm: where batch norm stands: "plain" (nowhere), "bn_before" or "bn_after".
        activation: "relu", or "prelu_" and how PReLU's slopes are shared.
    """

    def __init__(self, in_shape: tuple[int, int, int], channels: int, norm: str, activation: str):
        super().__init__()
        self.norm = norm
        # PORT: padding=1 of PyTorch and "same" of Keras agree for a 3x3 kernel with stride 1; with stride 2
        # and an even size they look at other places.
        # PORT: by default PyTorch draws kernel and bias from U(-b, b), b = 1 / sqrt(fan_in); Keras draws the
        # kernel from glorot_uniform and sets the bias to 0. Here initial weights come from outside.
        self.conv = nn.Conv2d(in_shape[0], channels, 3, padding=1)
        if norm != "plain":
            self.bn = BatchNorm(channels)
        self.act = _activation(activation, (channels, *in_shape[1:]))

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        x = self.bn(x) if self.norm == "bn_before" else x
        x = self.act(x)
        x = self.bn(x) if self.norm == "bn_after" else x
        return max_pool(x, 2)


class ResidualBlock(nn.Module):
    """Two convolutions with batch norm beside a 1x1 convolution; ReLU of the sum, pooling.

    Input shape: (B, in, H, W). Output shape: (B, channels, H/2, W/2).

    Args:
        in_channels: of the input.
        channels: of the output.
        shortcut: whether there is a 1x1 convolution beside; without, it is the article's block less
            its shortcut.
    """

    def __init__(self, in_channels: int, channels: int, shortcut: bool):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, channels, 3, padding=1)
        self.bn1 = BatchNorm(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.bn2 = BatchNorm(channels)
        self.shortcut = nn.Conv2d(in_channels, channels, 1) if shortcut else None

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        y = y if self.shortcut is None else y + self.shortcut(x)
        return max_pool(F.relu(y), 2)


class CifarNet(nn.Module):
    """Three blocks, each of which halves the image, then dense layers.

    Input shape: (B, 3, H, W). Output shape: (B, 10), logits.

    Args:
        in_size: height and width of the images; the article's are 32, 32.
        channels: of the three blocks; 32, 64, 64 in the article.
        hidden: units of the dense layers before the last one.
        block: "plain", "bn_before", "bn_after", "residual" or, for the ablation, "no_shortcut".
        activation: "relu", or "prelu_channel", "prelu_layer", "prelu_element"; not in residual blocks.

    Raises:
        ValueError: there is no such block or activation.
    """

    def __init__(
        self,
        in_size: tuple[int, int],
        channels: tuple[int, int, int],
        hidden: tuple[int, ...],
        block: str = "plain",
        activation: str = "relu",
    ):
        super().__init__()
        require_block(block, activation)
        shape = (3, *in_size)
        self.blocks = []
        for outputs in channels:
            if block in ("residual", "no_shortcut"):
                self.blocks.append(ResidualBlock(shape[0], outputs, block == "residual"))
            else:
                self.blocks.append(ConvBlock(shape, outputs, block, activation))
            shape = (outputs, shape[1] // 2, shape[2] // 2)
        sizes = (shape[0] * shape[1] * shape[2], *hidden, 10)
        self.fc = [nn.Linear(inputs, units) for inputs, units in pairwise(sizes)]
        self.act = [_activation(activation, (units,)) for units in hidden]
        # Under names of their own rather than in a ModuleList, so that they are called as in Keras.
        for name, modules in (("block", self.blocks), ("fc", self.fc), ("act", self.act)):
            for number, module in enumerate(modules, start=1):
                self.add_module(f"{name}{number}", module)

    def forward(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x = block(x)
        x = flatten_channels_first(x)
        for dense, activate in zip(self.fc[:-1], self.act, strict=True):
            # The article has dropout here, with probability 0.
            x = activate(dense(x))
        # PORT: the article ends in a log-softmax and feeds it to PyTorch's CrossEntropyLoss, which takes
        # logits; a second log-softmax changes nothing. Keras' loss is told `from_logits=True`.
        return self.fc[-1](x)


def _activation(name: str, shape: tuple[int, ...]) -> nn.Module:
    return nn.ReLU() if name == "relu" else PReLU(shape, name.removeprefix("prelu_"))


def require_block(block: str, activation: str) -> None:
    """Refuse what is no block of these nets."""
    if block not in BLOCKS:
        raise ValueError(f"block is one of {', '.join(BLOCKS)}, not {block!r}")
    if activation != "relu" and block in ("residual", "no_shortcut"):
        raise ValueError(f"{block!r} blocks have ReLU, not {activation!r}")
