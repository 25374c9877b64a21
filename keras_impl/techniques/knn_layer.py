"""k nearest neighbours instead of a softmax: at test time, and as a loss to train with.

Source: article 002, "Neural Networks, Manifolds, and Topology". Contract: crosscheck/specs/knn_layer.py
"""

import keras
import numpy as np
from keras import KerasTensor as Tensor
from keras import layers, ops

from crosscheck.layouts import Weights
from crosscheck.reference.neighbours import EPSILON
from keras_impl import adapter
from keras_impl.layers import flatten_channels_first
from keras_impl.techniques.cifar_cnn import ConvBlock

QUERIES, IMAGES = 200, 500  # at a time


def squared_distances(features: Tensor, queries: Tensor) -> Tensor:
    """(N, D) and (Q, D) -> (Q, N)."""
    # PORT: torch.cdist, from 26 rows on, expands (a - b)^2 into products, which loses digits; Keras'
    # ops.cdist squares the differences. And each framework sums in an order of its own. Added dimension by
    # dimension, both round alike, so that what is a tie here is a tie there.
    total = ops.zeros((queries.shape[0], features.shape[0]), dtype=features.dtype)
    for query, feature in zip(ops.unstack(queries, axis=1), ops.unstack(features, axis=1), strict=True):
        total = total + ops.square(query[:, None] - feature[None, :])
    return total


def nearest(features: Tensor, queries: Tensor, k: int) -> Tensor:
    """The k nearest features to each query, nearest first, of equals the lower index: (Q, k)."""
    # PORT: PyTorch's topk promises no order among equals, and its argsort only if told `stable`. Keras'
    # argsort keeps their order on jax and torch, where it asks for it; on TensorFlow it does so, unpromised.
    return ops.argsort(squared_distances(features, queries), axis=1)[:, :k]


def majority(votes: Tensor, classes: int) -> Tensor:
    """The class that most of the votes (Q, k) are for, the lowest of several: (Q,)."""
    counts = ops.sum(ops.one_hot(ops.cast(votes, "int64"), classes, dtype="int32"), axis=1)  # (Q, classes)
    # PORT: which of equal maxima argmax gives, PyTorch and TensorFlow promise differently. Here none are
    # equal: a vote counts more than all the shares that order the classes.
    return ops.argmax(counts * classes - ops.arange(classes, dtype="int32"), axis=1)


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
    if not 1 <= k <= features.shape[0]:
        raise ValueError(f"k must be from 1 to the {features.shape[0]} references, got {k}")
    if len(queries.shape) != 2 or queries.shape[1] != features.shape[1]:
        raise ValueError(f"expected queries (Q, {features.shape[1]}), got {tuple(queries.shape)}")
    neighbours = nearest(features, queries, k)
    return {"neighbours": neighbours, "classes": majority(ops.take(labels, neighbours), classes)}


def decisions(
    features: np.ndarray, labels: np.ndarray, queries: np.ndarray, ks: list[int], classes: int
) -> dict[int, np.ndarray]:
    """The class of each query for each k, as `classify` gives it; for arrays of any length."""
    found = {k: [] for k in ks}
    references, classes_of = ops.convert_to_tensor(features), ops.convert_to_tensor(labels)
    for start in range(0, len(queries), QUERIES):
        part = ops.convert_to_tensor(queries[start : start + QUERIES])
        votes = ops.take(classes_of, nearest(references, part, max(ks)))
        for k in ks:
            found[k].append(adapter.array(majority(votes[:, :k], classes)))
    return {k: np.concatenate(parts) for k, parts in found.items()}


def baseline_features(weights: Weights, x: np.ndarray) -> np.ndarray:
    """What the baseline net of these weights makes of images (N, 32, 32, 3): (N, 64)."""
    model = adapter.model_with("knn_layer", "features", "float32", weights)
    parts = []
    for start in range(0, len(x), IMAGES):
        parts.append(adapter.array(model(ops.convert_to_tensor(x[start : start + IMAGES]), training=False)))
    return np.concatenate(parts)


def closeness(features: Tensor) -> Tensor:
    """1 / distance of each two rows, 0 of a row and itself; (B, D) -> (B, B)."""
    difference = features[:, None] - features[None, :]  # (B, B, D)
    # PORT: the root of 0 has an infinite gradient, which `where` would turn into NaN instead of hiding it, on
    # both sides; the 1e-6 keeps it finite. torch.cdist defines it as 0; Keras' ops.cdist takes a
    # bare root.
    distance = ops.sqrt(ops.sum(ops.square(difference), axis=-1) + EPSILON)
    others = 1 - ops.eye(ops.shape(features)[0], dtype=features.dtype)
    return others / distance


def batch_probabilities(features: Tensor, labels: Tensor, classes: int) -> dict[str, Tensor]:
    """The probability of each class for each row by all other rows: "probabilities" (B, classes).

    Raises:
        ValueError: a label or a shape does not fit, or there are no other rows.
    """
    require_labelled(features, labels, classes)
    if features.shape[0] < 2:
        raise ValueError(f"expected 2 rows at least, got {features.shape[0]}")
    weights = closeness(features)
    own = ops.matmul(weights, ops.one_hot(ops.cast(labels, "int64"), classes, dtype=weights.dtype))
    return {"probabilities": own / ops.sum(weights, axis=1, keepdims=True)}


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
    same = ops.cast(labels[:, None] == labels[None, :], weights.dtype)
    own = ops.sum(weights * same, axis=1)  # (B,)
    present = own > 0
    # Without another row of its class, p is 0 whatever the features are: such a row does not count.
    one = ops.ones_like(own)
    p = ops.where(present, own, one) / ops.where(present, ops.sum(weights, axis=1), one)
    return -ops.sum(ops.log(p)) / ops.maximum(ops.sum(ops.cast(present, own.dtype)), 1)


def batch_loss(features: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """`knn_loss` of given features."""
    return {"loss": knn_loss(features, labels)}


class FeatureNet(keras.Model):
    """The baseline net of article 004 up to the layer before the last: what k-NN works on.

    Input shape: (B, H, W, 3). Output shape: (B, features).

    Args:
        channels: of the three blocks.
        features: units of the dense layer.
        activation: of that layer, "relu" or "sigmoid".

    Raises:
        ValueError: there is no such activation.
    """

    def __init__(self, channels: tuple[int, int, int], features: int, activation: str, **kwargs):
        super().__init__(**kwargs)
        require_activation(activation)
        self.blocks = [ConvBlock(c, "plain", "relu", name=f"block{n}") for n, c in enumerate(channels, 1)]
        self.fc1 = layers.Dense(features, name="fc1")
        self.act1 = layers.Activation(activation, name="act1")

    def call(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x = block(x)
        return self.act1(self.fc1(flatten_channels_first(x)))


def require_rows(features: Tensor, labels: Tensor) -> None:
    """Refuse features that are not (N, D), and labels that are not (N,)."""
    fit = len(features.shape) == 2 and len(labels.shape) == 1
    # Inside a compiled graph the number of rows may be unknown.
    known = {tensor.shape[0] for tensor in (features, labels)} - {None} if fit else set()
    if not fit or len(known) > 1:
        raise ValueError(
            f"expected features (N, D) and labels (N,), got {tuple(features.shape)} and {tuple(labels.shape)}"
        )


def require_labelled(features: Tensor, labels: Tensor, classes: int) -> None:
    """Refuse features that are not (N, D), and labels that are not N classes."""
    require_rows(features, labels)
    values = ops.convert_to_numpy(labels)
    if values.dtype.kind not in "iu":
        raise ValueError(f"labels are whole numbers, not {values.dtype}")
    if values.size and (int(values.min()) < 0 or int(values.max()) >= classes):
        raise ValueError(f"labels must be from 0 to {classes - 1}")


def require_activation(activation: str) -> None:
    """Refuse what is no activation of these features."""
    if activation not in ("relu", "sigmoid"):
        raise ValueError(f'activation is "relu" or "sigmoid", not {activation!r}')
