"""Which tensors inside two stretches are the same, whatever the order of their axes."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import permutations
from math import prod

import numpy as np

from crosscheck.ports.divergence import TOLERANCE, Order, axis_orders, keras_order, relative_error
from crosscheck.ports.identifiers import SHAPING
from crosscheck.ports.program import Node
from crosscheck.ports.stretches import SILENT, Stretch

Shapes = tuple[tuple[int, ...], tuple[int, ...]]
MOST_AXES = 5


@dataclass(frozen=True)
class Matching:
    """Tensors of PyTorch's stretch and of Keras', by number, when both begin with PyTorch's tensors.

    Attributes:
        torch: those of PyTorch.
        keras: those of Keras.
        same: for each of Keras' that PyTorch has as well, PyTorch's.
        orders: what brings PyTorch's axes into Keras' order, as seen where both have the same tensor.
    """

    torch: dict[int, np.ndarray]
    keras: dict[int, np.ndarray]
    same: dict[int, int]
    orders: dict[Shapes, list[Order]]

    def order(self, torch: int, keras: int) -> Order | None:
        """What brings the one tensor's axes into the other's order; None if their shapes do not fit."""
        one, two = self.torch[torch], self.keras[keras]
        seen = self.orders.get((one.shape, two.shape))
        if seen:
            return seen[0]
        order = keras_order(one, two.shape, two)
        if order(one).shape == two.shape:
            return order
        return next((way for way in _orders(one, two.shape) if way(one).shape == two.shape), None)

    def as_torch(self, torch: int, keras: int) -> np.ndarray | None:
        """Keras' tensor with its axes as PyTorch's has them; None if their shapes do not fit."""
        order, shape = self.order(torch, keras), self.torch[torch].shape
        return None if order is None else _inverse(order, shape, self.keras[keras])


def match(
    torch: Stretch, keras: Stretch, mine: dict[int, np.ndarray], theirs: dict[int, np.ndarray]
) -> Matching:
    """Every tensor of Keras' stretch that PyTorch's has, too.

    Args:
        torch: the one stretch.
        keras: the other.
        mine: PyTorch's tensors, by number.
        theirs: what Keras' stretch makes when it begins with them.
    """
    one, two = _tensors(torch, mine), _tensors(keras, theirs)
    found = Matching(one, two, {}, {})
    for b, there in two.items():
        for a, here in one.items():
            if there.size != here.size:
                continue
            for order in _orders(here, there.shape):
                turned = order(here)
                if turned.shape == there.shape and relative_error(turned, there) <= TOLERANCE:
                    found.same.setdefault(b, a)
                    if there.ndim > 2:
                        found.orders.setdefault((here.shape, there.shape), []).append(order)
                    break
            if b in found.same:
                break
    return found


def makes(stretch: Stretch, end: int, known: Collection[int]) -> tuple[Node, ...]:
    """The steps that make a tensor out of those that are known."""
    makers = {number: node for node in stretch.nodes for number in node.outputs}
    waiting, found = [end], dict[int, Node]()
    while waiting:
        number = waiting.pop()
        node = makers.get(number)
        if node is not None and number not in known and node.number not in found:
            found[node.number] = node
            waiting += node.inputs
    return tuple(found[number] for number in sorted(found))


def first_unlike(keras: Stretch, matching: Matching) -> Node | None:
    """Keras' first step that makes, out of tensors that PyTorch has, one that it has not."""
    for node in keras.nodes:
        made = [n for n in node.outputs if n in matching.keras]
        if node.kind in (*SHAPING, *SILENT, "pad", "crop", "parameter"):
            continue  # laid out otherwise, which is no difference
        if made and not any(n in matching.same for n in made):
            known = [n in matching.same for n in node.inputs if n in matching.keras]
            if all(known):
                return node
    return None


def _tensors(stretch: Stretch, values: dict[int, np.ndarray]) -> dict[int, np.ndarray]:
    """What it begins with, its constants and parameters, and what its steps give."""
    numbers = [*stretch.begins, *(n for node in stretch.nodes for n in (*node.inputs, *node.outputs))]
    found = {n: values[n] for n in dict.fromkeys(numbers) if n in values}
    return {n: array for n, array in found.items() if array.dtype.kind == "f" and array.size}


def _orders(torch: np.ndarray, shape: tuple[int, ...]) -> Iterator[Order]:
    """What may bring the one into the shape of the other, where that is no mistake.

    Besides what frameworks do, axes may be exchanged that no other order fits: exchanging two of the same
    size may well be the mistake that is looked for.
    """
    yield from axis_orders(torch, shape)
    if 1 < torch.ndim == len(shape) <= MOST_AXES:
        ways = permutations(range(torch.ndim))
        fitting = [axes for axes in ways if tuple(torch.shape[axis] for axis in axes) == shape]
        if len(fitting) == 1:
            yield lambda array: np.transpose(array, fitting[0])
    elif prod(shape) == torch.size:
        yield lambda array: array.reshape(shape)
        yield lambda array: (np.moveaxis(array, 1, -1) if array.ndim > 2 else array).reshape(shape)


def _inverse(order: Order, shape: tuple[int, ...], array: np.ndarray) -> np.ndarray:
    """Keras' tensor with its axes as PyTorch has them."""
    places = order(np.arange(prod(shape)).reshape(shape)).reshape(-1)
    turned = np.empty(places.size, array.dtype)
    turned[places] = array.reshape(-1)
    return turned.reshape(shape)
