"""Which images come when, and as what numbers: the same on both sides."""

from collections.abc import Iterator

import numpy as np

from crosscheck.data.split import Split

Chunk = tuple[np.ndarray, np.ndarray]


def epoch_order(size: int, seed: int, epoch: int) -> np.ndarray:
    """The order of an epoch's images: a function of seed and epoch alone, so that a run can resume."""
    return np.random.default_rng([seed, epoch]).permutation(size)


def normalize(images: np.ndarray, mean: float, std: float, dtype: str = "float32") -> np.ndarray:
    """uint8 pixels -> (pixel / 255 - mean) / std, in float32 as torchvision computes it.

    For float64 the same float32 numbers are widened, so that both precisions see the same images.
    """
    scaled = images.astype(np.float32) / np.float32(255)
    return ((scaled - np.float32(mean)) / np.float32(std)).astype(dtype, copy=False)


def chunks(order: np.ndarray, batch_size: int, steps: int) -> Iterator[np.ndarray]:
    """Cut an order into chunks (steps, batch_size) of indices; the last partial batch comes alone.

    Steps of a chunk run inside one call, without Python between them.
    """
    whole = len(order) // batch_size
    for start in range(0, whole, steps):
        stop = min(start + steps, whole)
        yield order[start * batch_size : stop * batch_size].reshape(-1, batch_size)
    if len(order) % batch_size:
        yield order[whole * batch_size :][None]


def gather(split: Split, indices: np.ndarray, mean: float, std: float, dtype: str = "float32") -> Chunk:
    """Images and labels at indices of any shape, normalised."""
    return normalize(split.images[indices], mean, std, dtype), split.labels[indices]
