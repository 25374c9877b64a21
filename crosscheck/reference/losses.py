"""Losses, averaged over the batch."""

import numpy as np

from crosscheck.reference.activations import log_softmax


def cross_entropy(logits: np.ndarray, labels: np.ndarray) -> float:
    """Mean of -log softmax(logits)[label]; logits (B, K), labels (B,) class indices."""
    return float(-log_softmax(logits)[np.arange(len(labels)), labels].mean())


def squared_error(output: np.ndarray, target: np.ndarray) -> float:
    """Mean of (output - target)^2 over all elements."""
    return float(((output - target) ** 2).mean())
