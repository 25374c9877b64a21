"""How sharp a minimum is, and which points lie between two of them (article 003, arXiv 1609.04836).

Only vectors are seen here; what the loss is the loss of, and who computes it, is the caller's matter.
Both sides share the vector: the parameters one after the other, in the order of the contract and in
the neutral layout. In a framework's own layout the bounds and the random directions would
belong to other weights.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from scipy.optimize import Bounds, minimize

from crosscheck.layouts import Parameter, Weights

ITERATIONS = 10  # of L-BFGS-B; the maximum is found inexactly, as in the paper

# A flat vector -> the loss there and its gradient, both float64.
Objective = Callable[[np.ndarray], tuple[float, np.ndarray]]


class Sharpness(NamedTuple):
    """What was found about a minimum.

    Attributes:
        percent: the sharpness phi, in percent of 1 + loss.
        loss: at the minimum itself.
        highest: loss that was found in the box around it.
        evaluations: of the loss and its gradient that it took.
    """

    percent: float
    loss: float
    highest: float
    evaluations: int


def trainable(parameters: Mapping[str, Parameter]) -> dict[str, Parameter]:
    """What a point in the space of weights is made of: all but the buffers."""
    return {name: parameter for name, parameter in parameters.items() if parameter.trainable}


def flatten(weights: Mapping[str, np.ndarray], parameters: Mapping[str, Parameter]) -> np.ndarray:
    """Those of neutral weights that are named, as one vector (n,), float64."""
    return np.concatenate([weights[name].ravel() for name in parameters], dtype=np.float64)


def unflatten(flat: np.ndarray, parameters: Mapping[str, Parameter]) -> Weights:
    """The inverse of `flatten`.

    Raises:
        ValueError: the vector is not as long as what is named.
    """
    sizes = [int(np.prod(parameter.shape)) for parameter in parameters.values()]
    if flat.shape != (sum(sizes),):
        raise ValueError(f"expected a vector of {sum(sizes)} weights, got shape {flat.shape}")
    parts = np.split(flat, np.cumsum(sizes)[:-1])
    return {name: part.reshape(p.shape) for (name, p), part in zip(parameters.items(), parts, strict=True)}


def random_directions(size: int, dimension: int, seed: int) -> np.ndarray:
    """A random A, (size, dimension), which spans the subspace that is searched.

    Its elements are drawn from the standard normal distribution.

    Raises:
        ValueError: there is no such subspace.
    """
    if not 1 <= dimension <= size:
        raise ValueError(f"a subspace of {size} dimensions has 1 to {size}, not {dimension}")
    return np.random.default_rng(seed).standard_normal((size, dimension))


def box(coordinates: np.ndarray, epsilon: float) -> np.ndarray:
    """How far each coordinate may go, epsilon (|coordinate| + 1): some way even where it is 0.

    Raises:
        ValueError: epsilon is not above 0.
    """
    if not epsilon > 0:
        raise ValueError(f"epsilon must be above 0, not {epsilon}")
    return epsilon * (np.abs(coordinates) + 1)


def percent(loss: float, highest: float) -> float:
    """The rise of the loss in percent of 1 + loss: 1, so that a loss of nearly 0 does not divide."""
    return 100 * (highest - loss) / (1 + loss)


def measure(
    objective: Objective,
    x: np.ndarray,
    epsilon: float,
    directions: np.ndarray | None = None,
    iterations: int = ITERATIONS,
) -> Sharpness:
    """phi = 100 (max f(x + A y) - f(x)) / (1 + f(x)) over the y of a box around 0.

    The box is |y_i| <= epsilon (|(A^+ x)_i| + 1), with A^+ the pseudo-inverse. The search starts at
    y = 0 and ends after the iterations, or when no step leads any higher.

    Args:
        objective: f, with its gradient.
        x: the minimum, (n,).
        epsilon: half the relative size of the box.
        directions: A, (n, p), of full rank; the whole space if there is none.
        iterations: of L-BFGS-B.

    Raises:
        ValueError: epsilon is not above 0.
    """
    A = directions
    bound = box(x if A is None else np.linalg.lstsq(A, x)[0], epsilon)
    loss, _ = objective(x)

    def downhill(y: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = objective(x + (y if A is None else A @ y))
        return -value, -(gradient if A is None else A.T @ gradient)

    # Without its own thresholds, by which it would stop at once where the loss is nearly flat.
    options = {"maxiter": iterations, "ftol": 0.0, "gtol": 0.0}
    limits = Bounds(-bound, bound)
    found = minimize(
        downhill, np.zeros_like(bound), jac=True, method="L-BFGS-B", bounds=limits, options=options
    )
    highest = max(loss, -float(found.fun))
    return Sharpness(percent(loss, highest), loss, highest, int(found.nfev) + 1)


def between(first: np.ndarray, second: np.ndarray, alpha: float) -> np.ndarray:
    """The point alpha first + (1 - alpha) second of the line through both; beyond them, too.

    Raises:
        ValueError: the points are of different sizes.
    """
    if first.shape != second.shape:
        raise ValueError(f"there is no line between points of sizes {first.size} and {second.size}")
    return alpha * first + (1 - alpha) * second
