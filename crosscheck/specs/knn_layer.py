"""Nearest neighbours instead of a softmax (article 002): at test time, and as a loss to train with."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from crosscheck.layouts import Weights
from crosscheck.optimizers import SGD
from crosscheck.parameters import Parameters, conv2d, dense
from crosscheck.reference.activations import relu
from crosscheck.reference.convolution import conv2d as convolve
from crosscheck.reference.convolution import same_padding
from crosscheck.reference.dense import dense as apply_dense
from crosscheck.reference.dense import flatten_channels_first
from crosscheck.reference.neighbours import batch_probabilities, knn_loss, majority, nearest
from crosscheck.reference.pooling import max_pool
from crosscheck.technique import Arrays, Call, Case, Technique

CLASSES = 4


def oracle(
    case: Case, weights: Mapping[str, np.ndarray], x: np.ndarray, training: bool
) -> tuple[np.ndarray, Weights]:
    """The net up to its features; nothing here behaves otherwise in training."""
    for block in ("block1", "block2", "block3"):
        kernel = weights[f"{block}.conv.kernel"]
        padding = same_padding(x.shape[1:3], kernel.shape[:2])
        x = max_pool(relu(convolve(x, kernel, weights[f"{block}.conv.bias"], padding=padding)), (2, 2))
    x = apply_dense(flatten_channels_first(x), weights["fc1.kernel"], weights["fc1.bias"])
    return relu(x) if case.arguments["activation"] == "relu" else 1 / (1 + np.exp(-x)), {}


def feature_case(
    name: str,
    expected_count: int,
    batch: int,
    classes: int,
    size: tuple[int, int] = (16, 24),
    channels: tuple[int, int, int] = (5, 6, 7),
    features: int = 13,
    activation: str = "sigmoid",
) -> Case:
    """The baseline net of article 004 without its last layer, trained with the loss of the neighbours.

    Those that are trained small end in a sigmoid: behind a ReLU that is on for the whole batch a bias moves
    all features alike and no distance, and its gradient is nothing but rounding.
    """
    found: Parameters = {}
    for number, (inputs, outputs) in enumerate(zip((3, *channels), channels, strict=False), start=1):
        found |= conv2d(f"block{number}.conv", (3, 3), inputs, outputs)
    found |= dense("fc1", size[0] // 8 * (size[1] // 8) * channels[-1], features)
    return Case(
        name=name,
        build="FeatureNet",
        arguments={"channels": channels, "features": features, "activation": activation},
        in_arguments={"in_size": size},
        input_shape=(batch, *size, 3),
        parameters=found,
        expected_count=expected_count,
        loss="knn_loss",
        refused_shapes=((2, size[0] + 8, size[1], 3), (2, *size, 1), (2, 3, *size), (2, *size)),
        loss_oracle=knn_loss,
        classes=classes,
        counted_only=size == (32, 32),
        optimizer=SGD(learning_rate=0.001, momentum=0.9),
    )


def random_features(generator: np.random.Generator, dtype: str = "int64") -> Arrays:
    """19 references in 5 dimensions, 7 queries."""
    return {
        "features": generator.normal(size=(19, 5)),
        "labels": generator.integers(0, CLASSES, 19).astype(dtype),
        "queries": generator.normal(size=(7, 5)),
    }


def tied_features(generator: np.random.Generator) -> Arrays:
    """The corners of a square, five times over, about queries at its centre, its corners and its edges.

    Most distances are equal, and so are most votes.
    """
    corners = np.array([[1.0, 1.0], [-1.0, 1.0], [-1.0, -1.0], [1.0, -1.0]])
    edges = np.array([[1.0, 0.0], [0.0, -1.0], [-1.0, 0.0]])
    return {
        "features": np.tile(corners, (5, 1)),
        "labels": generator.permutation(np.arange(20) % CLASSES),
        "queries": np.concatenate([np.zeros((1, 2)), corners, edges]),
    }


def batch(generator: np.random.Generator) -> Arrays:
    """11 rows in 3 dimensions, of which two are equal; class 0 has no row, class 3 a single one."""
    features = generator.normal(size=(11, 3))
    features[7] = features[2]
    return {"features": features, "labels": np.array([1, 2, 1, 2, 1, 3, 2, 2, 1, 1, 2])}


def all_different(generator: np.random.Generator) -> Arrays:
    """5 rows in 3 dimensions, each of a class of its own."""
    return {"features": generator.normal(size=(5, 3)), "labels": generator.permutation(5)}


def classified(
    features: np.ndarray, labels: np.ndarray, queries: np.ndarray, k: int, classes: int
) -> dict[str, Any]:
    """What numpy says to `classify`."""
    neighbours = nearest(features, queries, k)
    return {"neighbours": neighbours, "classes": majority(labels[neighbours], classes)}


def classify_case(name: str, inputs: Any, k: int, references: int, width: int) -> Call:
    """k-NN at test time; whole numbers, which must be equal to the last one."""
    return Call(
        name=name,
        function="classify",
        inputs=inputs,
        arguments={"k": k, "classes": CLASSES},
        oracle=classified,
        refused=(
            {"k": 0},
            {"k": references + 1},
            {"classes": CLASSES - 1},
            {"labels": np.full(references, -1)},
            {"labels": np.zeros(references - 1, np.int64)},
            {"labels": np.zeros((references, 1), np.int64)},
            {"labels": np.zeros(references)},
            {"labels": np.zeros(references, np.bool_)},
            {"queries": np.zeros((2, width + 1))},
            {"queries": np.zeros((2, 1))},
        ),
        perturbed=False,
    )


TECHNIQUE = Technique(
    name="knn_layer",
    title="k nearest neighbours instead of a softmax: at test time, and as a loss",
    article="002",
    source="Article 002; C. Olah, Neural Networks, Manifolds, and Topology (2014), "
    "github.com/colah/NN-Topology-Post",
    formula="test: the majority of the k nearest features. Training: p_i(c) = sum of 1/d_ij over j != i with "
    "y_j = c / sum of 1/d_ij over j != i, d_ij = sqrt(|f_i - f_j|^2 + 1e-6), loss = mean of -log p_i(y_i)",
    errata=(
        "'This gave better performance than softmax': only k-NN at test time did, by 0.1 to 0.2 percentage "
        "points on MNIST. The nets trained with the k-NN layer got no further down than 4 to 5 % test "
        "error, against about 1 % with the softmax; the article leaves that out.",
        "'Proposes k nearest neighbour layer instead of softmax': he offers it as an experiment, with very "
        "little tuning. Which k and which distance is not said.",
        "'After the final layer he uses KNN': in place of the final softmax layer, on what goes into it.",
        "A row whose class no other row of the batch has gives p = 0 and an infinite loss, which no feature "
        "could change. Such rows are left out of the mean here; the source does not mention them.",
    ),
    cases=(
        classify_case("classify", random_features, k=5, references=19, width=5),
        *(
            classify_case(f"classify_{dtype}", partial(random_features, dtype=dtype), 5, 19, 5)
            for dtype in ("int32", "uint8")
        ),
        classify_case("classify_ties", tied_features, k=7, references=20, width=2),
        Call(
            name="probabilities",
            function="batch_probabilities",
            inputs=batch,
            arguments={"classes": CLASSES},
            oracle=lambda **given: {"probabilities": batch_probabilities(**given)},
            refused=(
                {"classes": 3},
                {"labels": np.zeros(10, np.int64)},
                {"features": np.zeros((11, 3, 2))},
                {"labels": np.zeros(11)},
                {"features": np.zeros((1, 3)), "labels": np.zeros(1, np.int64)},
            ),
        ),
        Call(
            name="loss",
            function="batch_loss",
            inputs=batch,
            arguments={},
            oracle=lambda **given: {"loss": knn_loss(**given)},
            refused=(
                {"labels": np.zeros((11, 1), np.int64)},
                {"labels": np.zeros(10, np.int64)},
                {"features": np.zeros((11, 3, 2))},
            ),
        ),
        # No row has another of its class.
        Call(
            name="loss_of_none",
            function="batch_loss",
            inputs=all_different,
            arguments={},
            oracle=lambda **given: {"loss": knn_loss(**given)},
            refused=({"labels": np.zeros((11, 1), np.int64)},),
            perturbed=False,
        ),
        feature_case("small", 1_360, batch=11, classes=CLASSES),
        # More classes than rows, so that some rows have no other of their class.
        # Against a target, which sees every bias: see `feature_case`.
        replace(
            feature_case("small_relu", 1_360, batch=5, classes=0, activation="relu"),
            loss="squared_error",
            loss_oracle=None,
            trains=False,
        ),
        feature_case("absent", 1_360, batch=9, classes=11),
        feature_case(
            "features", 121_920, 3, 10, size=(32, 32), channels=(32, 64, 64), features=64, activation="relu"
        ),
    ),
    oracle=oracle,
)
