"""Batch normalisation and instance normalisation of feature maps.

Source: article 003, arXiv 1502.03167 and 1607.08022. Contract: crosscheck/specs/normalization.py
"""

import torch.nn.functional as F
from torch import Tensor, nn


class BatchNorm(nn.BatchNorm2d):
    """Each channel normalised over the batch; after training, by moving averages of the moments.

    Input and output shape: (B, C, H, W).

    Args:
        in_channels: C.
        affine: whether gamma and beta are learned.

    Raises:
        ValueError: the input is no batch of feature maps, or has one value a channel in training.
    """

    # PORT: PyTorch's `momentum` is the weight of the new moments (default 0.1), Keras' of the old ones
    # (default 0.99); epsilon is 1e-5 by default in PyTorch and 1e-3 in Keras.
    # PORT: both divide by the root of the biased variance in training, but PyTorch keeps the unbiased one
    # for later, n / (n - 1) times as large, and Keras the biased one. Here both keep the unbiased one.
    # PORT: a Keras batch norm that is frozen (`trainable` is False) normalises with its moving moments and
    # leaves them as they are; in PyTorch `requires_grad` stops neither, only `eval()` of the layer does.
    # PORT: on a CPU PyTorch adds up a channel's values one by one, in float64 and, with the channels last in
    # memory, in float32; the error of the sums is then some ten times what it is axis by axis, as in Keras.
    def __init__(self, in_channels: int, affine: bool = True):
        super().__init__(in_channels, eps=1e-5, momentum=0.1, affine=affine)


class InstanceNorm(nn.InstanceNorm2d):
    """Each channel of each image normalised by itself, in training and afterwards alike.

    Input and output shape: (B, C, H, W).

    Args:
        in_channels: C.
        affine: whether gamma and beta are learned.

    Raises:
        ValueError: the input is no batch of feature maps, or has one value a channel.
    """

    # PORT: PyTorch has a layer for instance norm, by default without gamma and beta and with epsilon 1e-5.
    # In Keras it is GroupNormalization with a group for each channel, by default with both and with 1e-3.
    def __init__(self, in_channels: int, affine: bool = False):
        super().__init__(in_channels, eps=1e-5, affine=affine)

    def forward(self, x: Tensor) -> Tensor:
        # PORT: PyTorch warns of another number of channels where there is no gamma, takes an image
        # without a batch, and refuses a single value, in evaluation as well. Keras takes a single value; once
        # built, its layer refuses the other two.
        if x.ndim != 4 or x.shape[1] != self.num_features or x.shape[2] * x.shape[3] < 2:
            raise ValueError(f"expected (batch, {self.num_features}, height, width), got {tuple(x.shape)}")
        return super().forward(x)


class Restorer(nn.Module):
    """A small net from image to image: convolution, normalisation, ReLU, convolution.

    Input and output shape: (B, 3, H, W).

    Args:
        channels: of the feature map between the convolutions.
        norm: "none", "batch" or "instance".

    Raises:
        ValueError: there is no such normalisation.
    """

    def __init__(self, channels: int, norm: str):
        super().__init__()
        self.conv1 = nn.Conv2d(3, channels, 3, padding=1)
        self.norm = make_norm(norm, channels)
        self.conv2 = nn.Conv2d(channels, 3, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv1(x)
        x = x if self.norm is None else self.norm(x)
        return self.conv2(F.relu(x))


def make_norm(norm: str, channels: int) -> nn.Module | None:
    """The normalisation of this name, with gamma and beta."""
    if norm not in ("none", "batch", "instance"):
        raise ValueError(f'norm is "none", "batch" or "instance", not {norm!r}')
    if norm == "none":
        return None
    return BatchNorm(channels) if norm == "batch" else InstanceNorm(channels, affine=True)
