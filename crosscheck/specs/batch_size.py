"""Batch size (article 004): the same images in the same order, in batches of another size."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from crosscheck.reference.activations import log_softmax
from crosscheck.specs import cifar_cnn
from crosscheck.specs.one_hot import indicators
from crosscheck.technique import Arrays, Call, Technique

IMAGES = 37
BATCH = 24
BAD_ORDERS = ([0, -1, 2], [0, IMAGES, 2], [0.0, 1.0], [True, True], [[0, 1], [2, 3]])


def draw_epoch(generator: np.random.Generator, length: int = IMAGES) -> Arrays:
    """Images that grow brighter, so that the order and a lost batch are seen in any mean.

    An order of fewer images leaves some out; in one of more, some come twice.
    """
    brightness = np.linspace(0.1, 2.0, IMAGES)[:, None, None, None]
    return {
        "images": brightness * generator.normal(size=(IMAGES, 4, 6, 3)),
        "labels": generator.integers(0, 10, IMAGES),
        "order": generator.permutation(np.arange(length) % IMAGES),
    }


def epoch(images: np.ndarray, labels: np.ndarray, order: np.ndarray, batch_size: int) -> dict[str, Any]:
    """Whole batches as they come, and what is left."""
    cut = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
    means = [np.mean(images[indices] ** 2) for indices in cut]
    mean = np.mean(images[order] ** 2)
    return {
        "sizes": np.array([len(indices) for indices in cut]),
        "labels": labels[order],
        "images": images[order],
        "weighted": mean,
        "unweighted": np.mean(means),
        "over_all_images": mean,
    }


def draw_batch(generator: np.random.Generator, size: tuple[int, ...]) -> Arrays:
    """One batch of images for a small net."""
    return {
        "images": generator.normal(size=(BATCH, *size, 3)),
        "labels": generator.integers(0, 10, BATCH),
        "order": generator.permutation(BATCH),
    }


def split_gradient(
    weights: Mapping[str, np.ndarray],
    images: np.ndarray,
    labels: np.ndarray,
    order: np.ndarray,
    batch_sizes: tuple[int, ...],
    net: str,
) -> dict[str, Any]:
    """The gradient of the last bias, which is the mean of softmax less one-hot labels."""
    case = cifar_cnn.TECHNIQUE.model(net)
    last = f"fc{len(case.arguments['hidden']) + 1}_bias"

    def gradient(indices: np.ndarray) -> np.ndarray:
        logits, _ = cifar_cnn.oracle(case, weights, images[indices], True)
        return (np.exp(log_softmax(logits)) - indicators(labels[indices], 10)).mean(axis=0)

    found: dict[str, Any] = {f"whole_{last}": gradient(order)}
    for size in batch_sizes:
        cut = [order[start : start + size] for start in range(0, len(order), size)]
        parts = np.array([gradient(indices) for indices in cut])
        found |= {
            f"weighted_{size}_{last}": np.average(parts, axis=0, weights=[len(indices) for indices in cut]),
            f"unweighted_{size}_{last}": parts.mean(axis=0),
            f"weighted_{size}_is_whole": np.int64("bn" not in net),
            f"unweighted_{size}_is_whole": np.int64("bn" not in net and len(order) % size == 0),
        }
    return found


def epoch_case(batch_size: int, length: int = IMAGES) -> Call:
    """An order of so many of 37 images in batches of one size; the last one is partial."""
    return Call(
        name=f"epoch_{batch_size}" if length == IMAGES else f"epoch_{batch_size}_order_of_{length}",
        function="epoch",
        inputs=partial(draw_epoch, length=length),
        arguments={"batch_size": batch_size},
        oracle=epoch,
        refused=(
            *({"order": np.array(order)} for order in BAD_ORDERS),
            {"labels": np.zeros(IMAGES - 1, np.int64)},
            {"labels": np.zeros((IMAGES, 1), np.int64)},
            {"batch_size": 0},
        ),
    )


def gradient_case(name: str, net: str, parts: tuple[int, ...]) -> Call:
    """A batch of 24, cut into equal parts or with a partial last one."""
    case = cifar_cnn.TECHNIQUE.model(net)
    depth = len(case.arguments["hidden"]) + 1
    means = ("whole", *(f"{kind}_{size}" for kind in ("weighted", "unweighted") for size in parts))
    return Call(
        name=name,
        function="split_gradient",
        inputs=partial(draw_batch, size=case.input_shape[1:3]),
        arguments={"batch_sizes": parts},
        oracle=partial(split_gradient, net=net),
        refused=({"batch_sizes": (0,)},),
        model=("cifar_cnn", net),
        # Gradients of a whole net at nine points take Keras too long. At one point nothing can be
        # measured, and so they are judged relative to themselves: sums over some hundred terms whose
        # rounding is a few eps of the largest one.
        perturbed=False,
        within={f"{mean}_fc{n}_bias": 1e-12 for mean in means for n in range(1, depth + 1)},
    )


TECHNIQUE = Technique(
    name="batch_size",
    title="Batch size: cutting an epoch, means over it, gradients of its parts",
    article="004",
    source="Article 004 (tricks02_cifar10.ipynb): batch 128 instead of 64",
    formula="mean over an epoch = sum(n_b f_b) / sum(n_b); gradient of a batch likewise from its parts",
    errata=(
        "'All of the methods outperformed the baseline': batch 128 by 0.0023, in one run without a seed; "
        "the article itself calls it no significant change.",
        "The figures of an epoch in the log of the article's notebook are means of the batches' means, in "
        "which the last batch of 16 images (80 with batch 128) counts as much as a whole one. The accuracies "
        "that the article compares are counted over all test images.",
        "Batch 128 has 391 steps an epoch instead of 782 at the same learning rate: for the same epochs it "
        "is trained half as many steps, so that it is not one thing that was changed.",
    ),
    cases=(
        epoch_case(8),
        epoch_case(16),
        epoch_case(8, length=20),
        epoch_case(8, length=50),
        gradient_case("parts", "small", (8, 16)),
        # The moments of a batch are not those of its parts: no mean of their gradients is its own.
        gradient_case("parts_batch_norm", "small_bn_before", (8,)),
    ),
    mirror_exceptions={
        "_Epoch": "PyTorch's DataLoader takes an order as its sampler; Keras has a class to derive from",
    },
)
