"""Activations, element by element."""

import numpy as np


def relu(x: np.ndarray) -> np.ndarray:
    """max(x, 0)."""
    return np.maximum(x, 0)


def prelu(x: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """x where positive, alpha x elsewhere; alpha broadcasts against x (arXiv 1502.01852, eq. 1)."""
    return np.where(x > 0, x, alpha * x)


def log_softmax(x: np.ndarray) -> np.ndarray:
    """log(exp(x) / sum(exp(x))) over the last axis, shifted by the maximum so as not to overflow."""
    shifted = x - x.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def softmax(x: np.ndarray) -> np.ndarray:
    """exp(x) / sum(exp(x)) over the last axis."""
    return np.exp(log_softmax(x))
