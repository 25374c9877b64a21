"""Where attention is in a stretch: queries, keys and values, what mixes them, and what may hide positions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from crosscheck.ports.divergence import HIDING
from crosscheck.ports.hypotheses import Hypothesis
from crosscheck.ports.identifiers import SHAPING
from crosscheck.ports.program import Node, Trace
from crosscheck.ports.stretches import SILENT, Stretch

Settings = dict[str, Any]
PRODUCTS = ("matmul", "bmm", "einsum", "dot")
TURNING = ("transpose", "permute", "swapaxes", "t", "mt")
SCALING = ("multiply", "divide", "rescale", "power")


@dataclass(frozen=True)
class Core:
    """Where attention is in PyTorch's stretch.

    Attributes:
        step: that makes the mixed values, heads side by side again.
        of: the tensors of queries, keys and values before they are split, or the one of all three.
        heads: as PyTorch has them.
        size: of all heads together.
        masks: tensors that say which positions are hidden, by a name.
        apart: whether what is given is split into heads already.
    """

    step: int
    of: tuple[int, ...]
    heads: int
    size: int
    masks: dict[str, np.ndarray]
    apart: bool = False

    def hypothesis(self, settings: Settings, identifier: str = "", text: str = "") -> Hypothesis:
        """Attention with such settings in place of PyTorch's."""
        given = settings | {"of": self.of}
        name, _, way = settings["mask"].partition(" ")
        if way:
            given |= {"mask": way, "hidden": self.masks[name]}
        return Hypothesis(identifier, text, self.step, ("attention_core", given))


def is_whole(node: Node) -> bool:
    """Whether one function does all of attention."""
    return node.kind == "dot_product_attention"


@dataclass(frozen=True)
class Centre:
    """What attention mixes.

    Attributes:
        mixing: the step that makes the mixed values.
        parts: queries, keys and values of heads, as they are multiplied.
    """

    mixing: Node
    parts: tuple[int, int, int]


def centre_of(stretch: Stretch) -> Centre | None:
    """The last attention of a stretch, of either side."""
    makers = {number: node for node in stretch.nodes for number in node.outputs}
    users = _users(stretch)
    middle = next((n for n in reversed(stretch.nodes) if n.kind == "softmax" or is_whole(n)), None)
    if middle is None or (is_whole(middle) and len(middle.inputs) < 3):
        return None
    if is_whole(middle):
        return Centre(middle, middle.inputs[:3])  # type: ignore[arg-type]
    scoring = _back(middle.inputs[0], makers, PRODUCTS)
    mixing = _ahead(middle.outputs[0], users, PRODUCTS)
    if scoring is None or mixing is None or len(scoring.inputs) != 2 or len(mixing.inputs) != 2:
        return None
    weights = list(_behind(middle.outputs[0], users, SILENT))
    values = [number for number in mixing.inputs if number not in weights]
    if len(values) != 1:
        return None
    queries, keys = scoring.inputs
    if scoring.kind != "einsum" and keys in makers and makers[keys].kind in TURNING:
        keys = makers[keys].inputs[0]
    return Centre(mixing, (queries, keys, values[0]))


def cores_of(stretch: Stretch, trace: Trace) -> Iterator[Core]:
    """Where attention begins: at the projections, or at the heads where more is done between."""
    centre = centre_of(stretch)
    if centre is None:
        return
    makers = {number: node for node in stretch.nodes for number in node.outputs}
    query = trace.values[centre.parts[0]]
    heads = query.shape[1] if query.ndim == 4 else 1
    masks = masks_of("torch", stretch, trace)
    roots = tuple(_root(number, makers, stretch.begins) for number in centre.parts)
    for of in (roots, centre.parts):
        arrays = [trace.values[number] for number in of]
        merged = centre.mixing.outputs[0]
        if any(array.ndim not in (3, 4) for array in arrays):
            continue
        if arrays[2].ndim == 3:
            *_, merged = _behind(merged, _users(stretch), (*SHAPING, *SILENT))
        one = len(set(of)) == 1
        size = arrays[2].shape[-1] // (3 if one else 1) * (heads if arrays[2].ndim == 4 else 1)
        step = next(node.step for node in stretch.nodes if merged in node.outputs)
        yield Core(step, of[:1] if one else of, heads, size, dict(masks), arrays[2].ndim == 4)


def _users(stretch: Stretch) -> dict[int, list[Node]]:
    users: dict[int, list[Node]] = {}
    for node in stretch.nodes:
        for number in node.inputs:
            users.setdefault(number, []).append(node)
    return users


def _back(number: int, makers: dict[int, Node], kinds: Sequence[str]) -> Node | None:
    """The nearest node of a kind that a tensor comes from, along first inputs."""
    while number in makers:
        node = makers[number]
        if node.kind in kinds:
            return node
        floats = [n for n in node.inputs if n in makers]
        if not floats:
            return None
        number = _scores(floats, makers, kinds)
    return None


def _scores(numbers: list[int], makers: dict[int, Node], kinds: Sequence[str]) -> int:
    """Of several inputs the one that comes from a product: the others are masks."""
    for number in numbers[:-1]:
        if _back(number, makers, kinds) is not None:
            return number
    return numbers[-1]


def _ahead(number: int, users: dict[int, list[Node]], kinds: Sequence[str]) -> Node | None:
    for node in users.get(number, ()):
        if node.kind in kinds:
            return node
        if node.kind in SILENT and (found := _ahead(node.outputs[0], users, kinds)):
            return found
    return None


def _behind(number: int, users: dict[int, list[Node]], kinds: Sequence[str]) -> Iterator[int]:
    """A tensor, and those that steps of these kinds alone make of it."""
    yield number
    while len(users.get(number, ())) == 1 and users[number][0].kind in kinds:
        number = users[number][0].outputs[0]
        yield number


def _root(number: int, makers: dict[int, Node], begins: Sequence[int]) -> int:
    """The tensor before it is split into heads, turned and scaled."""
    while number in makers and number not in begins:
        node = makers[number]
        passing = node.kind in (*SHAPING, *SILENT) or (node.kind in SCALING and len(node.inputs) == 1)
        if not passing or not node.inputs:
            break
        number = node.inputs[0]
    return number


def masks_of(side: str, stretch: Stretch, trace: Trace) -> dict[str, np.ndarray]:
    """Tensors that may say which positions are hidden: True where they do, of four axes."""
    found: dict[str, np.ndarray] = {}
    for node in stretch.nodes:
        for number in (*node.inputs, *node.outputs):
            array = trace.values.get(number)
            if array is None or array.ndim < 2 or array.size < 2:
                continue
            if array.dtype.kind == "f":  # added to the scores
                if not (array <= HIDING).any() or ((array > HIDING) & (array != 0)).any():
                    continue
                array = array <= HIDING
            if array.dtype.kind == "b":
                found[f"{side}{number}"] = _of_four_axes(array)
    return found


def _of_four_axes(array: np.ndarray) -> np.ndarray:
    if array.ndim == 2 and array.shape[0] != array.shape[1]:  # of a batch
        return array[:, None, None, :]
    return array.reshape(*(1,) * (4 - array.ndim), *array.shape) if array.ndim != 3 else array[:, None]
