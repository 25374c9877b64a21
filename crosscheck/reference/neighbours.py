"""Nearest neighbours: which they are, how they vote, and the vote of a whole batch that can be trained."""

import numpy as np

# Beside the sum of squares under the root: equal features have a finite distance and gradient.
EPSILON = 1e-6


def nearest(features: np.ndarray, queries: np.ndarray, k: int) -> np.ndarray:
    """The k nearest rows of features (N, D) to each query (Q, D), nearest first: (Q, k) indices.

    Of two at the same Euclidean distance the one with the lower index comes first.
    """
    distances = np.stack([((features - query) ** 2).sum(axis=1) for query in queries])
    return np.argsort(distances, axis=1, kind="stable")[:, :k]


def majority(votes: np.ndarray, classes: int) -> np.ndarray:
    """The class that most of the votes (Q, k) are for, the lowest of several: (Q,)."""
    counts = np.stack([np.bincount(row, minlength=classes) for row in votes])
    return counts.argmax(axis=1)  # numpy's argmax is the first maximum


def batch_probabilities(features: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    """p_i(c) = sum of 1/d_ij over j != i of class c, over the same of all classes; (B, D) -> (B, classes)."""
    p = np.zeros((len(features), classes))
    for i, own in enumerate(features):
        distances = np.sqrt(((features - own) ** 2).sum(axis=1) + EPSILON)
        for j, label in enumerate(labels):
            if j != i:
                p[i, label] += 1 / distances[j]
    return p / p.sum(axis=1, keepdims=True)


def knn_loss(features: np.ndarray, labels: np.ndarray) -> float:
    """Mean of -log p_i(y_i) over the rows whose class occurs once more in the batch; 0 if none does."""
    p = batch_probabilities(features, labels, int(labels.max()) + 1)[np.arange(len(labels)), labels]
    return float(-np.log(p[p > 0]).mean()) if (p > 0).any() else 0.0
