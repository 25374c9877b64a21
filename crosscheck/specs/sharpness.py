"""Sharp minima (article 003): how far the loss rises close to a minimum, and between two of them.

What both sides share (the box, the search, the flat vector) is in `crosscheck/sharpness.py`; the oracle
here uses none of it. Where the box is small the loss is highest in one of its corners, and numpy finds
that corner by other means: it tries all of them, or climbs by the sign of a gradient in closed form.
"""

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np

from crosscheck.layouts import Weights
from crosscheck.parameters import trained_like_weights
from crosscheck.reference import losses
from crosscheck.reference.dense import dense
from crosscheck.specs import cifar_cnn
from crosscheck.technique import Arrays, Call, Case, Technique, technique

Net = tuple[str, str]
LAYER, SMALL = ("split_linear", "layer"), ("cifar_cnn", "small_bn_after")
TRAINABLE, SIZE = 1_536, 1_572  # parameters of the small net, without and with its buffers
EPSILON = 0.001  # the larger of the paper's two
# Two losses that agree in their first two or three digits are subtracted, and what rounding leaves of the
# difference is so much less; moving the inputs, by which allowances are measured, moves both alike.
CANCELLED = {"sharpness": 1e-12}
ALPHAS = (-1.0, -0.3, 0.0, 0.55, 1.0, 2.0)


def apart(net: Net, state: np.ndarray) -> Weights:
    """The tensors of a net from one vector, by name."""
    shapes = {name: p.shape for name, p in technique(net[0]).model(net[1]).parameters.items()}
    parts = np.split(state, np.cumsum([np.prod(shape) for shape in shapes.values()])[:-1])
    return {name: part.reshape(shape) for (name, shape), part in zip(shapes.items(), parts, strict=True)}


def point(net: Net, state: np.ndarray) -> np.ndarray:
    """The trainable part of such a vector."""
    declared = technique(net[0]).model(net[1]).parameters
    return np.concatenate([w.ravel() for name, w in apart(net, state).items() if declared[name].trainable])


def loss_at(
    net: Net, state: np.ndarray, at: np.ndarray, x: np.ndarray, target: np.ndarray
) -> tuple[float, int]:
    """Mean loss and hits in evaluation mode, the trainable part of the vector replaced by `at`."""
    case = technique(net[0]).model(net[1])
    replaced, start = apart(net, state), 0
    for name, value in replaced.items():
        if case.parameters[name].trainable:
            replaced[name] = at[start : start + value.size].reshape(value.shape)
            start += value.size
    output, _ = technique(net[0]).oracle(case, replaced, x, False)
    if target.ndim > 1:
        return losses.squared_error(output, target), 0
    return losses.cross_entropy(output, target), int((output.argmax(axis=1) == target).sum())


def gradient_oracle(x: np.ndarray, target: np.ndarray, net: Net, state: np.ndarray) -> dict[str, Any]:
    """The loss; gradients are compared between the sides."""
    return {"loss": loss_at(net, state, point(net, state), x, target)[0]}


def line_oracle(
    x: np.ndarray, target: np.ndarray, net: Net, first: np.ndarray, second: np.ndarray, alphas: np.ndarray
) -> dict[str, Any]:
    """Loss and hits at points of the line."""
    ends = point(net, first), point(net, second)
    along = [loss_at(net, second, alpha * ends[0] + (1 - alpha) * ends[1], x, target) for alpha in alphas]
    return {"loss": [loss for loss, _ in along], "hits": [hits for _, hits in along]}


def corner_of_all(
    x: np.ndarray,
    target: np.ndarray,
    net: Net,
    state: np.ndarray,
    epsilon: float,
    subspace: tuple[int, int],
) -> dict[str, Any]:
    """The sharpness in a random subspace: the highest of all corners of the box."""
    start = point(net, state)
    A = np.random.default_rng(subspace[1]).normal(size=(len(start), subspace[0]))
    bound = epsilon * (np.abs(np.linalg.pinv(A) @ start) + 1)
    corners = [bound * np.array(signs) for signs in product((-1, 1), repeat=len(bound))]
    return phi(lambda y: loss_at(net, state, start + A @ y, x, target)[0], corners)


def corner_by_sign(
    x: np.ndarray, target: np.ndarray, net: Net, state: np.ndarray, epsilon: float
) -> dict[str, Any]:
    """The sharpness of the split layer in all of the space: from corner to corner by the gradient.

    The squared error is convex in the weights, so that each corner is higher than the one before.
    """
    start, shape = point(net, state), apart(net, state)["kernel"].shape
    bound, parts = epsilon * (np.abs(start) + 1), x.reshape(-1, shape[0])

    def gradient(at: np.ndarray) -> np.ndarray:
        kernel, bias = np.split(at, [np.prod(shape)])
        y = dense(parts, kernel.reshape(shape), bias)
        error = 2 * (y - target.reshape(y.shape)) / y.size
        return np.concatenate([(parts.T @ error).ravel(), error.sum(axis=0)])

    corners = [np.zeros_like(bound)]
    while len(corners) < 2 or (corners[-1] != corners[-2]).any():
        corners.append(bound * np.sign(gradient(start + corners[-1])))
    return phi(lambda y: loss_at(net, state, start + y, x, target)[0], corners)


def phi(loss: Callable[[np.ndarray], float], candidates: list[np.ndarray]) -> dict[str, Any]:
    """The sharpness, if one of the candidates is the highest point of the box."""
    start, highest = loss(np.zeros_like(candidates[0])), max(map(loss, candidates))
    return {"sharpness": 100 * (highest - start) / (1 + start), "loss": start, "highest": highest}


def images(generator: np.random.Generator) -> Arrays:
    """For the small net: images and classes."""
    x, target = generator.normal(size=(7, 16, 24, 3)), generator.integers(0, 10, 7)
    return {"x": x, "target": target, "state": state_of(SMALL, generator)}


def rows(generator: np.random.Generator) -> Arrays:
    """For the layer alone: features and targets."""
    x, target = generator.normal(size=(5, 120)), generator.normal(size=(5, 56))
    return {"x": x, "target": target, "state": state_of(LAYER, generator)}


def two_ends(generator: np.random.Generator) -> Arrays:
    """For the line: images, classes and two states of the small net."""
    x, target, state = images(generator).values()
    return {"x": x, "target": target, "first": state_of(SMALL, generator), "second": state}


def state_of(net: Net, generator: np.random.Generator) -> np.ndarray:
    """All tensors of a net as one vector, as after training."""
    declared = dict(technique(net[0]).model(net[1]).parameters)
    drawn = trained_like_weights(declared, int(generator.integers(1_000)))
    return np.concatenate([drawn[name].ravel() for name in declared])


NET = Case(
    name="net",
    build="cifar_cnn:CifarNet",
    arguments={"channels": (8, 12, 16), "hidden": (32,), "block": "plain", "activation": "relu"},
    in_arguments={"in_size": (32, 32)},
    input_shape=(3, 32, 32, 3),
    parameters=cifar_cnn.net_parameters((32, 32), (8, 12, 16), (32,), "plain", "relu"),
    expected_count=11_398,
    loss="cross_entropy",
    refused_shapes=((2, 40, 32, 3), (2, 32, 32, 1)),
    counted_only=True,
)

TECHNIQUE = Technique(
    name="sharpness",
    title="Sharpness of minima found with small and large batches, and the loss between them",
    article="003",
    source="Article 003; N. S. Keskar et al., On Large-Batch Training for Deep Learning, arXiv 1609.04836",
    formula="phi = 100 (max over y in C of f(x + A y) - f(x)) / (1 + f(x)), "
    "C: |y_i| <= epsilon (|(A^+ x)_i| + 1); the line: f(alpha x_1 + (1 - alpha) x_2)",
    errata=(
        "'The bigger batch size is, the faster convergence': in time, on machines that work in parallel. An "
        "epoch of larger batches has fewer steps and gets less far.",
        "That a little change in the data distribution does harm: the paper says that the function of the "
        "test data is another one than that of the training data, to which a sharp minimum is sensitive.",
        "That small batches avoid fast convergence to a local minimum: their noise drives the weights out of "
        "the basins of sharp minima. The gap is, in the paper's words, not due to over-fitting.",
        "The article names no measure. The paper's is in percent, and changes with the scale of the weights.",
        "In a random subspace the sharpness hangs on the length of the columns of A, which the paper does "
        "not tell. Here they are standard normal, so that a corner of the box lies much farther away than in "
        "the full space: the two kinds of figures are not to be compared.",
    ),
    cases=(
        NET,
        Call(
            "gradient",
            "loss_and_gradient",
            images,
            {"net": SMALL},
            gradient_oracle,
            ({"state": np.zeros(SIZE - 1)}, {"state": np.zeros(SIZE + 1)}),
        ),
        Call(
            "full_space",
            "sharpness",
            rows,
            {"net": LAYER, "epsilon": EPSILON},
            corner_by_sign,
            ({"epsilon": 0.0}, {"epsilon": -EPSILON}),
            within=CANCELLED,
        ),
        Call(
            "subspace",
            "sharpness",
            images,
            {"net": SMALL, "epsilon": EPSILON, "subspace": (5, 3)},
            corner_of_all,
            ({"subspace": (0, 3)}, {"subspace": (TRAINABLE + 1, 3)}),
            within=CANCELLED,
        ),
        Call(
            "line",
            "line",
            two_ends,
            {"net": SMALL, "alphas": np.array(ALPHAS)},
            line_oracle,
            ({"first": np.zeros(SIZE + 1)}, {"second": np.zeros(SIZE - 1)}),
        ),
    ),
    oracle=cifar_cnn.oracle,
    mirror_exceptions={
        "Recorder": "PyTorch's tensors know their gradients; Keras' are had from a training step only."
    },
)
