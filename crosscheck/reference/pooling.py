"""Pooling over windows of a channels-last image."""

import numpy as np

from crosscheck.reference.convolution import VALID, Padding, Pair, windows


def max_pool(x: np.ndarray, size: Pair, stride: Pair | None = None, padding: Padding = VALID) -> np.ndarray:
    """The largest value of each window; x (B, H, W, C) -> (B, H', W', C). Incomplete windows are dropped."""
    return windows(x, size, stride or size, padding, fill=-np.inf).max(axis=(4, 5))


def average_pool(
    x: np.ndarray,
    size: Pair,
    stride: Pair | None = None,
    padding: Padding = VALID,
    count_padding: bool = False,
) -> np.ndarray:
    """The mean of each window; x (B, H, W, C) -> (B, H', W', C).

    `count_padding` tells whether padded zeros count as pixels: PyTorch's default is that they do,
    Keras never counts them.
    """
    total = windows(x, size, stride or size, padding).sum(axis=(4, 5))
    if count_padding:
        return total / (size[0] * size[1])
    return total / windows(np.ones_like(x), size, stride or size, padding).sum(axis=(4, 5))


def global_average_pool(x: np.ndarray) -> np.ndarray:
    """The mean over height and width; (B, H, W, C) -> (B, C)."""
    return x.mean(axis=(1, 2))
