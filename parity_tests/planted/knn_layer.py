"""Mistakes in porting the layer of nearest neighbours."""

from typing import Any

from parity_tests.faults import patch
from parity_tests.planted import fault

TORCH, KERAS = "torch_impl.techniques.knn_layer", "keras_impl.techniques.knn_layer"


def own_elements_included() -> None:
    """A row is its own nearest neighbour, at distance 0."""
    from keras import ops

    def change(closeness: Any) -> Any:
        return lambda features: closeness(features) + 1e3 * ops.eye(features.shape[0], dtype=features.dtype)

    patch(KERAS, "closeness", change)


def squared_distance() -> None:
    """The root is forgotten: 1 / d^2."""
    patch(TORCH, "closeness", lambda closeness: lambda features: closeness(features) ** 2)


def ties_to_the_higher_class() -> None:
    """Of classes with as many votes the highest is taken."""
    from keras import ops

    def majority(votes: Any, classes: int) -> Any:
        counts = ops.sum(ops.one_hot(votes, classes, dtype="int32"), axis=1)
        return ops.argmax(counts * classes + ops.arange(classes, dtype="int32"), axis=1)

    patch(KERAS, "majority", lambda _: majority)


def absent_classes_counted() -> None:
    """Rows without another of their class take part in the mean, with a loss of 0."""
    patch(TORCH, "knn_loss", _over_all_rows)


def _over_all_rows(loss: Any) -> Any:
    def changed(features: Any, labels: Any) -> Any:
        shared = ((labels[:, None] == labels[None, :]).sum(dim=1) > 1).sum()
        return loss(features, labels) * shared / len(labels)

    return changed


FAULTS = (
    fault(
        "own_elements_included",
        "keras",
        "small",
        {"loss/keras-oracle", "finite_difference/keras", "trajectory/loss"},
        {"loss/torch-oracle", "finite_difference/torch", "output/keras-oracle"},
    ),
    fault(
        "squared_distance",
        "torch",
        "small",
        {"loss/torch-oracle", "finite_difference/torch", "trajectory/loss"},
        {"loss/keras-oracle", "finite_difference/keras", "output/torch-oracle"},
    ),
    fault(
        "ties_to_the_higher_class",
        "keras",
        "classify_ties",
        {"result/classes/keras-oracle", "result/classes/torch-keras"},
        {"result/neighbours/keras-oracle", "result/classes/torch-oracle"},
    ),
    fault(
        "absent_classes_counted",
        "torch",
        "absent",
        {"loss/torch-oracle", "finite_difference/torch"},
        {"loss/keras-oracle", "output/torch-oracle"},
    ),
)
