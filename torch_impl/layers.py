"""Pieces that several techniques are built from."""

import torch.nn.functional as F
from torch import Tensor


def flatten_channels_first(x: Tensor) -> Tensor:
    """A feature map -> (B, C H W), channel by channel, as in the articles."""
    # PORT: PyTorch's feature maps are (B, C, H, W) already; Keras' are (B, H, W, C) and must be
    # transposed first, or the dense layer behind would be given its features in another order.
    return x.flatten(1)  # (B, C H W)


def max_pool(x: Tensor, size: int) -> Tensor:
    """The largest value of each size x size window; incomplete windows are dropped."""
    # PORT: PyTorch's stride defaults to the window; on jax `ops.max_pool` fails unless it is given.
    return F.max_pool2d(x, size, stride=size)


def require_maps(x: Tensor, in_channels: int) -> None:
    """Refuse what is no batch of feature maps (B, C, H, W) of so many channels."""
    # PyTorch's convolutions would take a single image without a batch, (C, H, W).
    if x.ndim != 4 or x.shape[1] != in_channels:
        raise ValueError(f"expected (batch, {in_channels}, height, width), got {tuple(x.shape)}")
