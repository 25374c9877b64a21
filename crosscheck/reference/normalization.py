"""Batch and instance normalisation, with the variance in its two-pass form."""

from collections.abc import Mapping
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


def batch_norm(
    x: np.ndarray, gamma: np.ndarray | float, beta: np.ndarray | float, epsilon: float
) -> Normalized:
    """Normalisation by the batch's own moments, channel by channel; x (..., C) (arXiv 1502.03167)."""
    axes = tuple(range(x.ndim - 1))
    mean, variance = x.mean(axis=axes), x.var(axis=axes)
    output = normalize(x, mean, variance, gamma, beta, epsilon)
    return Normalized(output, mean, variance, x.size // x.shape[-1])


def moving(old: np.ndarray, new: np.ndarray, momentum: float) -> np.ndarray:
    """A moving average: `momentum` is the weight of the old value."""
    return momentum * old + (1 - momentum) * new


def batch_norm_layer(
    x: np.ndarray,
    weights: Mapping[str, np.ndarray],
    path: str,
    training: bool,
    epsilon: float = 1e-5,
    momentum: float = 0.9,
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The layer `path`, with its weights picked from all of them.

    Returns:
        the output, and in training the new moving mean and variance by name: the variance that is
        kept is the unbiased one, n / (n - 1) times the one that is divided by.
    """
    prefix = f"{path}." if path else ""
    gamma, beta = (
        weights.get(f"{prefix}{leaf}", default) for leaf, default in (("gamma", 1.0), ("beta", 0.0))
    )
    old_mean, old_variance = weights[f"{prefix}moving_mean"], weights[f"{prefix}moving_variance"]
    if not training:
        return normalize(x, old_mean, old_variance, gamma, beta, epsilon), {}
    found = batch_norm(x, gamma, beta, epsilon)
    unbiased = found.variance * found.size / (found.size - 1)
    return found.output, {
        f"{prefix}moving_mean": moving(old_mean, found.mean, momentum),
        f"{prefix}moving_variance": moving(old_variance, unbiased, momentum),
    }


def instance_norm(
    x: np.ndarray, gamma: np.ndarray | float = 1.0, beta: np.ndarray | float = 0.0, epsilon: float = 1e-5
) -> np.ndarray:
    """Normalisation of each image and channel by itself; x (B, H, W, C) (arXiv 1607.08022)."""
    mean, variance = x.mean(axis=(1, 2), keepdims=True), x.var(axis=(1, 2), keepdims=True)
    return normalize(x, mean, variance, gamma, beta, epsilon)
