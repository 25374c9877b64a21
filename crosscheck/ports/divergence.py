"""Where two models part: layer by layer, what arrives and what each layer adds of its own."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod

import numpy as np

from crosscheck.ports.leftovers import LayerPair
from crosscheck.ports.stretches import Stretch

# Of the larger of an element and its tensor's root mean square, in float64. Keras on TensorFlow computes
# some functions less exactly in float64 (resizing to 2e-7, GELU to 5e-9); mistakes are larger.
TOLERANCE = 1e-6
# What is above this is looked into; it counts as a difference only if it has a cause of its own.
STRICT = 1e-9
NEAR = 1e-2
# Below this a score is so low that softmax makes a zero of it: a mask, and not the size of anything.
HIDING = -1e4
Order = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Place:
    """Where the models are compared: behind a pair of layers, or at an output.

    Attributes:
        pair: the layers; None at an output.
        torch: the stretch that ends there.
        keras: the same.
    """

    pair: LayerPair | None
    torch: Stretch
    keras: Stretch

    def __str__(self) -> str:
        if self.pair is None:
            return "the output"
        return f"torch {self.pair.torch.path} <-> keras {self.pair.keras.path} ({self.pair.torch.kind})"


@dataclass(frozen=True)
class Parted:
    """A place, and how far the models are apart there.

    Attributes:
        place: where.
        accumulated: relative error there in the whole model.
        own: the same when Keras' stretch is fed PyTorch's tensors; NaN if it cannot be.
        alone: what Keras' stretch made of them.
    """

    place: Place
    accumulated: float
    own: float
    alone: np.ndarray | None

    @property
    def equal(self) -> bool:
        return self.accumulated <= TOLERANCE

    @property
    def at_fault(self) -> bool:
        """Whether the error is born here, and not only carried."""
        return not self.equal and not self.own <= TOLERANCE


def relative_error(torch: np.ndarray, keras: np.ndarray) -> float:
    """The largest error relative to the larger of element and tensor (its typical size); NaN is infinite."""
    if torch.shape != keras.shape:
        return float("inf")
    if torch.size == 0:
        return float("inf")
    expected = torch.astype(np.float64)
    size = np.maximum(np.abs(expected), _typical(expected))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.abs(keras.astype(np.float64) - expected) / size
    ratio = np.where(keras == torch, 0.0, ratio)
    return float("inf") if not np.isfinite(ratio).all() else float(ratio.max())


def _typical(values: np.ndarray) -> float:
    """Root mean square, without infinities and masks: beside those no difference would be seen."""
    if not HIDING < values.min() <= values.max() < np.inf:
        finite = values[np.isfinite(values)]
        values = finite[finite > HIDING] if (finite > HIDING).any() else finite
    return float(np.sqrt(np.mean(values**2))) if values.size else 0.0


def in_keras_order(torch: np.ndarray, shape: tuple[int, ...], like: np.ndarray | None = None) -> np.ndarray:
    """PyTorch's tensor with its axes as Keras has them: channels last, if that is what fits.

    Args:
        torch: as PyTorch has it.
        shape: of Keras' tensor.
        like: that tensor; where both orders fit, the nearer one is taken.
    """
    return keras_order(torch, shape, like)(torch)


def keras_order(torch: np.ndarray, shape: tuple[int, ...], like: np.ndarray | None = None) -> Order:
    """What brings the axes of PyTorch's tensor, and of others like it, into Keras' order."""
    orders = list(axis_orders(torch, shape))
    fitting = [order for order in orders if order(torch).shape == shape]
    if len(fitting) > 1 and like is not None:
        nearest = min(fitting, key=lambda order: relative_error(order(torch), like))
        # Maps as high and wide as they have channels: what is far off anyway says nothing about the order.
        unclear = torch.ndim > 3 and relative_error(nearest(torch), like) > NEAR
        return fitting[0] if unclear else nearest
    return fitting[0] if fitting else orders[0]


def other_orders(torch: np.ndarray, like: np.ndarray) -> list[np.ndarray]:
    """PyTorch's tensor in every order of its axes that has the shape of Keras' tensor, each once."""
    found: list[np.ndarray] = []
    for order in axis_orders(torch, like.shape):
        array = order(torch)
        if array.shape == like.shape and not any(np.array_equal(array, one) for one in found):
            found.append(array)
    return found


def axis_orders(torch: np.ndarray, shape: tuple[int, ...]) -> Iterator[Order]:
    """What Keras may do, the likeliest first."""
    if torch.ndim > 2:
        yield lambda array: np.moveaxis(array, 1, -1)
    yield lambda array: array
    if torch.ndim > 2:
        yield lambda array: np.swapaxes(array, 0, 1)  # time comes first in PyTorch's recurrent layers
    # Axes of size 1 that one side keeps.
    if tuple(n for n in torch.shape if n > 1) == tuple(n for n in shape if n > 1):
        yield lambda array: array.reshape(shape)
    # The heads of attention: one axis here, two there.
    heads = len(shape) == torch.ndim + 1 and shape[: torch.ndim - 1] == torch.shape[:-1]
    if heads and prod(shape) == torch.size:
        yield lambda array: array.reshape(shape)
    # Windows, steps or pixels: in the batch on one side, axes of their own on the other.
    if _merged(torch.shape, shape) or _merged(shape, torch.shape):
        yield lambda array: array.reshape(shape)
    if torch.ndim > 2:
        moved = np.moveaxis(torch, 1, -1).shape
        if _merged(moved, shape) or _merged(shape, moved):
            yield lambda array: np.moveaxis(array, 1, -1).reshape(shape)


def _merged(one: tuple[int, ...], two: tuple[int, ...]) -> bool:
    """Whether the first axis of one shape is several axes of the other, and all else the same."""
    leading = len(two) - len(one) + 1
    return leading > 1 and bool(one) and prod(two[:leading]) == one[0] and two[leading:] == one[1:]


def apart(torch: np.ndarray, keras: np.ndarray) -> float:
    """The relative error of Keras' tensor, whatever the order of its axes."""
    return relative_error(in_keras_order(torch, keras.shape, keras), keras)
