"""Enlarging images by a whole factor; pixels are squares, and their centres are what is sampled."""

import numpy as np


def nearest(x: np.ndarray, scale: int) -> np.ndarray:
    """Every pixel becomes scale x scale pixels; x (B, H, W, C) -> (B, scale H, scale W, C)."""
    rows, columns = (np.arange(size * scale) // scale for size in x.shape[1:3])
    return x[:, rows][:, :, columns]


def bilinear(x: np.ndarray, scale: int) -> np.ndarray:
    """Each pixel from the two nearest of either axis; x (B, H, W, C) -> (B, scale H, scale W, C).

    The centre of output pixel i lies at (i + 1/2) / scale - 1/2 (PyTorch's align_corners=False);
    outside of the outermost centres the image goes on unchanged.
    """
    for axis in (1, 2):
        size = x.shape[axis]
        place = np.clip((np.arange(size * scale) + 0.5) / scale - 0.5, 0, size - 1)
        below = np.floor(place).astype(int)
        above = np.minimum(below + 1, size - 1)
        share = (place - below).reshape([-1 if other == axis else 1 for other in range(x.ndim)])
        x = np.take(x, below, axis) * (1 - share) + np.take(x, above, axis) * share
    return x
