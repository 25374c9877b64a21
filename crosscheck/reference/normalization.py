"""Batch and instance normalisation, with the variance in its two-pass form."""

from typing import NamedTuple

import numpy as np


class Normalized(NamedTuple):
    """What batch normalisation gives in training: the output and the moments of the batch."""

    output: np.ndarray
    mean: np.ndarray
    variance: np.ndarray  # biased: divided by n
    size: int  # n, the values behind each moment


def normalize(
    x: np.ndarray,
    mean: np.ndarray,
    variance: np.ndarray,
    gamma: np.ndarray | float,
    beta: np.ndarray | float,
    epsilon: float,
) -> np.ndarray:
    """gamma (x - mean) / sqrt(variance + epsilon) + beta; channels last."""
    return gamma * (x - mean) / np.sqrt(variance + epsilon) + beta


def batch_norm(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, epsilon: float) -> Normalized:
    """Normalisation by the batch's own moments, channel by channel; x (..., C) (arXiv 1502.03167)."""
    axes = tuple(range(x.ndim - 1))
    mean, variance = x.mean(axis=axes), x.var(axis=axes)
    output = normalize(x, mean, variance, gamma, beta, epsilon)
    return Normalized(output, mean, variance, x.size // x.shape[-1])


def instance_norm(
    x: np.ndarray, gamma: np.ndarray | float = 1.0, beta: np.ndarray | float = 0.0, epsilon: float = 1e-5
) -> np.ndarray:
    """Normalisation of each image and channel by itself; x (B, H, W, C) (arXiv 1607.08022)."""
    mean, variance = x.mean(axis=(1, 2), keepdims=True), x.var(axis=(1, 2), keepdims=True)
    return normalize(x, mean, variance, gamma, beta, epsilon)
