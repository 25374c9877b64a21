"""k nearest neighbours instead of a softmax: at test time, and as a loss to train with.

Source: article 002, "Neural Networks, Manifolds, and Topology". Contract: crosscheck/specs/knn_layer.py
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from crosscheck.layouts import Weights
from crosscheck.reference.neighbours import EPSILON
from torch_impl import adapter
from torch_impl.layers import flatten_channels_first
from torch_impl.techniques.cifar_cnn import ConvBlock

QUERIES, IMAGES = 200, 500  # at a time


def squared_distances(features: Tensor, queries: Tensor) -> Tensor:
    """(N, D) and (Q, D) -> (Q, N)."""
    # PORT: torch.cdist, from 26 rows on, expands (a - b)^2 into products, which loses digits; Keras'
    # ops.cdist squares the differences. And each framework sums in an order of its own. Added dimension by
    # dimension, both round alike, so that what is a tie here is a tie there.
    total = queries.new_zeros(len(queries), len(features))
    for query, feature in zip(queries.T, features.T, strict=True):
        total = total + torch.square(query[:, None] - feature[None, :])
    return total


def nearest(features: Tensor, queries: Tensor, k: int) -> Tensor:
    """The k nearest features to each query, nearest first, of equals the lower index: (Q, k)."""
    # PORT: PyTorch's topk promises no order among equals, and its argsort only if told `stable`. Keras'
    # argsort keeps their order on jax and torch, where it asks for it; on TensorFlow it does so, unpromised.
    return torch.argsort(squared_distances(features, queries), dim=1, stable=True)[:, :k]


def majority(votes: Tensor, classes: int) -> Tensor:
    """The class that most of the votes (Q, k) are for, the lowest of several: (Q,)."""
    counts = F.one_hot(votes.long(), classes).sum(dim=1)  # (Q, classes)
    # PORT: which of equal maxima argmax gives, PyTorch and TensorFlow promise differently. Here none are
    # equal: a vote counts more than all the shares that order the classes.
    return (counts * classes - torch.arange(classes, device=votes.device)).argmax(dim=1)


def classify(features: Tensor, labels: Tensor, queries: Tensor, k: int, classes: int) -> dict[str, Tensor]:
    """The class of each query by a vote of its k nearest features.

    Args:
        features: (N, D), of the references.
        labels: (N,), their classes, whole numbers of any width from 0 to `classes` - 1.
        queries: (Q, D).
        k: from 1 to N.
        classes: how many there are.

    Returns:
        "neighbours" (Q, k), nearest first, and "classes" (Q,).

    Raises:
        ValueError: k, a label or a shape is not as above.
    """
    require_labelled(features, labels, classes)
    if not 1 <= k <= len(features):
        raise ValueError(f"k must be from 1 to the {len(features)} references, got {k}")
    if queries.ndim != 2 or queries.shape[1] != features.shape[1]:
        raise ValueError(f"expected queries (Q, {features.shape[1]}), got {tuple(queries.shape)}")
    neighbours = nearest(features, queries, k)
    return {"neighbours": neighbours, "classes": majority(labels[neighbours], classes)}


def decisions(
    features: np.ndarray, labels: np.ndarray, queries: np.ndarray, ks: list[int], classes: int
) -> dict[int, np.ndarray]:
    """The class of each query for each k, as `classify` gives it; for arrays of any length."""
    found = {k: [] for k in ks}
    references, classes_of = adapter.tensor(features), adapter.tensor(labels)
    for start in range(0, len(queries), QUERIES):
        part = adapter.tensor(queries[start : start + QUERIES])
        votes = classes_of[nearest(references, part, max(ks))]
        for k in ks:
            found[k].append(adapter.array(majority(votes[:, :k], classes)))
    return {k: np.concatenate(parts) for k, parts in found.items()}


def baseline_features(weights: Weights, x: np.ndarray) -> np.ndarray:
    """What the baseline net of these weights makes of images (N, 32, 32, 3): (N, 64)."""
    model = adapter.model_with("knn_layer", "features", "float32", weights)
    parts = []
    with torch.no_grad():
        for start in range(0, len(x), IMAGES):
            parts.append(adapter.array(model(adapter.tensor(x[start : start + IMAGES]))))
    return np.concatenate(parts)


def closeness(features: Tensor) -> Tensor:
    """1 / distance of each two rows, 0 of a row and itself; (B, D) -> (B, B)."""
    difference = features[:, None] - features[None, :]  # (B, B, D)
    # PORT: the root of 0 has an infinite gradient, which `where` would turn into NaN instead of hiding it, on
    # both sides; the 1e-6 keeps it finite. torch.cdist defines it as 0; Keras' ops.cdist takes a
    # bare root.
    distance = torch.sqrt(torch.square(difference).sum(dim=-1) + EPSILON)
    others = 1 - torch.eye(len(features), dtype=features.dtype, device=features.device)
    return others / distance


def batch_probabilities(features: Tensor, labels: Tensor, classes: int) -> dict[str, Tensor]:
    """The probability of each class for each row by all other rows: "probabilities" (B, classes).

    Raises:
        ValueError: a label or a shape does not fit, or there are no other rows.
    """
    require_labelled(features, labels, classes)
    if len(features) < 2:
        raise ValueError(f"expected 2 rows at least, got {len(features)}")
    weights = closeness(features)
    own = weights @ F.one_hot(labels.long(), classes).to(weights.dtype)
    return {"probabilities": own / weights.sum(dim=1, keepdim=True)}


def knn_loss(features: Tensor, labels: Tensor) -> Tensor:
    """Mean of -log p_i(y_i) over the rows that share their class with another row; 0 if none does.

    Args:
        features: (B, D).
        labels: (B,), class indices.

    Raises:
        ValueError: a shape is not as above.
    """
    require_rows(features, labels)
    weights = closeness(features)
    own = (weights * (labels[:, None] == labels[None, :])).sum(dim=1)  # (B,)
    present = own > 0
    # Without another row of its class, p is 0 whatever the features are: such a row does not count.
    one = torch.ones_like(own)
    p = torch.where(present, own, one) / torch.where(present, weights.sum(dim=1), one)
    return -torch.log(p).sum() / present.sum().clamp(min=1)


def batch_loss(features: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """`knn_loss` of given features."""
    return {"loss": knn_loss(features, labels)}


class FeatureNet(nn.Module):
    """The baseline net of article 004 up to the layer before the last: what k-NN works on.

    Input shape: (B, 3, H, W). Output shape: (B, features).

    Args:
        in_size: height and width of the images.
        channels: of the three blocks.
        features: units of the dense layer.
        activation: of that layer, "relu" or "sigmoid".

    Raises:
        ValueError: there is no such activation.
    """

    def __init__(
        self, in_size: tuple[int, int], channels: tuple[int, int, int], features: int, activation: str
    ):
        super().__init__()
        require_activation(activation)
        shape = (3, *in_size)
        for number, outputs in enumerate(channels, start=1):
            self.add_module(f"block{number}", ConvBlock(shape, outputs, "plain", "relu"))
            shape = (outputs, shape[1] // 2, shape[2] // 2)
        self.fc1 = nn.Linear(shape[0] * shape[1] * shape[2], features)
        self.act1 = nn.ReLU() if activation == "relu" else nn.Sigmoid()

    def forward(self, x: Tensor) -> Tensor:
        x = self.block3(self.block2(self.block1(x)))
        return self.act1(self.fc1(flatten_channels_first(x)))


def require_rows(features: Tensor, labels: Tensor) -> None:
    """Refuse features that are not (N, D), and labels that are not (N,)."""
    if features.ndim != 2 or labels.shape != features.shape[:1]:
        raise ValueError(
            f"expected features (N, D) and labels (N,), got {tuple(features.shape)} and {tuple(labels.shape)}"
        )


def require_labelled(features: Tensor, labels: Tensor, classes: int) -> None:
    """Refuse features that are not (N, D), and labels that are not N classes."""
    require_rows(features, labels)
    if labels.is_floating_point() or labels.is_complex() or labels.dtype == torch.bool:
        raise ValueError(f"labels are whole numbers, not {labels.dtype}")
    values = labels.long()
    if values.numel() and (int(values.min()) < 0 or int(values.max()) >= classes):
        raise ValueError(f"labels must be from 0 to {classes - 1}")


def require_activation(activation: str) -> None:
    """Refuse what is no activation of these features."""
    if activation not in ("relu", "sigmoid"):
        raise ValueError(f'activation is "relu" or "sigmoid", not {activation!r}')
