"""One-hot encoding (article 002): class labels as vectors of zeros with a single one.

Labels of shape (N, 1) stay apart, (N, 1, classes), and are not squeezed as by Keras' to_categorical: what
the shape means is known to the caller alone.
"""

from functools import partial
from typing import Any

import numpy as np

from crosscheck.reference import losses
from crosscheck.reference.activations import log_softmax
from crosscheck.technique import Arrays, Call, Technique

CLASSES = 5
REFUSED_CLASSES = tuple({"classes": classes} for classes in (None, 0, 2.5))


def refused_labels(classes: int) -> tuple[Arrays, ...]:
    """Refused everywhere: a class that is not there, on either end, and numbers that are not whole."""
    refused = ([3, -1, 0], [3, classes, 0], [3.0, 1.0, 0.0], [True, False])
    return tuple({"labels": np.array(labels)} for labels in refused)


def indicators(labels: np.ndarray, classes: int) -> np.ndarray:
    """(...,) -> (..., classes), int64: 1 where label and class are the same."""
    return (labels[..., None] == np.arange(classes)).astype(np.int64)


def draw_labels(
    generator: np.random.Generator, shape: tuple[int, ...], dtype: str, classes: int = CLASSES
) -> Arrays:
    """Labels without the last class, so that inferring the number of classes would be seen.

    Of more classes than the dtype can name there are those that it can.
    """
    limit = min(classes - 1, int(np.iinfo(dtype).max) + 1)
    return {"labels": generator.integers(0, limit, shape).astype(dtype)}


def encode(labels: np.ndarray, classes: int) -> dict[str, Any]:
    """See there."""
    return {"encoded": indicators(labels, classes), "float_by_default": np.int64(1)}


def draw_logits(generator: np.random.Generator) -> Arrays:
    """Seven rows of logits."""
    return {"logits": 2 * generator.normal(size=(7, CLASSES)), **draw_labels(generator, (7,), "int64")}


def cross_entropies(logits: np.ndarray, labels: np.ndarray, classes: int) -> dict[str, Any]:
    """By labels, by picking; by one-hot targets, by a product."""
    targets = indicators(labels, classes).astype(np.float64)
    return {
        "targets": targets,
        "by_labels": losses.cross_entropy(logits, labels),
        "by_one_hot": -(targets * log_softmax(logits)).sum() / len(labels),
    }


def draw_category(generator: np.random.Generator) -> Arrays:
    """23 values, each of a category whose number says nothing about its mean."""
    labels = np.concatenate([np.arange(CLASSES), generator.integers(0, CLASSES, 23 - CLASSES)])
    means = np.array([3.0, -1.0, 4.0, -2.0, 0.5])
    return {"labels": labels, "values": means[labels] + 0.3 * generator.normal(size=23)}


def regressions(labels: np.ndarray, values: np.ndarray, classes: int) -> dict[str, Any]:
    """A line through the numbers in closed form; the mean of each category."""
    centred, spread = values - values.mean(), labels - labels.mean()
    slope = (spread @ centred) / (spread @ spread)
    means = np.array([values[labels == label].mean() for label in range(classes)])
    return {
        "left_by_number": ((centred - slope * spread) ** 2).sum(),
        "left_by_one_hot": ((values - means[labels]) ** 2).sum(),
        "rank": np.int64(classes),
        "rank_less_one": np.int64(classes),
    }


def encode_case(name: str, shape: tuple[int, ...], dtype: str, classes: int = CLASSES) -> Call:
    """Labels of one shape and dtype."""
    return Call(
        name=name,
        function="encode",
        inputs=partial(draw_labels, shape=shape, dtype=dtype, classes=classes),
        arguments={"classes": classes},
        oracle=encode,
        refused=(*refused_labels(classes), *REFUSED_CLASSES),
        perturbed=False,
    )


TECHNIQUE = Technique(
    name="one_hot",
    title="One-hot encoding of class labels",
    article="002",
    source="Article 002",
    formula="one_hot(y)_k = 1 if k = y else 0; shape of the labels, then (classes,)",
    errata=(
        "'To do a better job in prediction' holds for a category that is an input of a model: as a number "
        "it has an order and a distance that it does not mean. For class labels it does nothing: cross "
        "entropy of one-hot targets is that of the labels.",
        "Beside an intercept the K columns of a category are collinear, since they sum to 1: a linear "
        "model needs K - 1 of them. The article has all K.",
    ),
    cases=(
        encode_case("flat", (7,), "int64"),
        encode_case("column", (7, 1), "int32"),
        encode_case("grid", (3, 4), "uint8"),
        # More classes than the dtype can count.
        encode_case("bytes", (200, 3), "uint8", classes=300),
        encode_case("signed_bytes", (60,), "int8", classes=200),
        Call(
            name="cross_entropy",
            function="cross_entropies",
            inputs=draw_logits,
            arguments={"classes": CLASSES},
            oracle=cross_entropies,
            refused=refused_labels(CLASSES),
        ),
        Call(
            name="category",
            function="regressions",
            inputs=draw_category,
            arguments={"classes": CLASSES},
            oracle=regressions,
            refused=refused_labels(CLASSES),
        ),
    ),
)
