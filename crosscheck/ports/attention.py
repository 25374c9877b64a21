"""Attention between projections: which of its parts Keras does otherwise.

PyTorch's own attention is first put in words (heads, scale, masks, ...), which must give what PyTorch gives.
Then one of them is changed after the other, until it gives what Keras gives.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations, product
from typing import Any

import numpy as np

from crosscheck.ports.divergence import TOLERANCE, apart, relative_error
from crosscheck.ports.hypotheses import Hypothesis
from crosscheck.ports.identifiers import SHAPING
from crosscheck.ports.program import Node, Trace
from crosscheck.ports.stretches import SILENT, Stretch

Settings = dict[str, Any]
Attempt = Callable[[list[list[Hypothesis]]], Sequence[np.ndarray | None]]

MOST_HEADS = 16
PRODUCTS = ("matmul", "bmm", "einsum", "dot")
SCALING = ("multiply", "divide", "rescale", "power")
# What each part is called if it is what differs.
NAMES = {
    "heads": "attention.heads",
    "split": "attention.heads",
    "merge": "axes.swapped",
    "scale": "attention.scale",
    "causal": "attention.causal",
    "mask": "attention.mask",
    "axis": "activation.softmax_axis",
    "roles": "glue.order",
}
PLAIN: Settings = {"split": "by head", "merge": "by head", "causal": "no", "mask": "no", "axis": -1}
ROLES = ("query", "key", "value")


@dataclass(frozen=True)
class Core:
    """Where attention is in PyTorch's stretch.

    Attributes:
        step: that makes the mixed values, heads side by side again.
        of: the tensors of queries, keys and values before they are split, or the one of all three.
        heads: as PyTorch has them.
        size: of all heads together.
        masks: tensors that say which positions are hidden, by a name.
    """

    step: int
    of: tuple[int, ...]
    heads: int
    size: int
    masks: dict[str, np.ndarray]

    def hypothesis(self, settings: Settings, identifier: str = "", text: str = "") -> Hypothesis:
        """Attention with such settings in place of PyTorch's."""
        given = settings | {"of": self.of}
        name, _, way = settings["mask"].partition(" ")
        if way:
            given |= {"mask": way, "hidden": self.masks[name]}
        return Hypothesis(identifier, text, self.step, ("attention_core", given))


def differences(
    torch: Stretch, keras: Stretch, traces: tuple[Trace, Trace], alone: np.ndarray, attempt: Attempt
) -> tuple[list[Hypothesis], np.ndarray] | None:
    """What makes PyTorch's attention give what Keras' gives, and what it gives then; None if nothing does.

    Args:
        torch: the stretch that attention is in.
        keras: its counterpart.
        traces: of the runs of both.
        alone: what Keras' stretch makes of PyTorch's tensors.
        attempt: does PyTorch's stretch with hypotheses.
    """
    core = _found(torch, traces[0]) if any(n.kind == "softmax" or _whole(n) for n in keras.nodes) else None
    if core is None:
        return None
    core.masks.update(_masks("keras", keras, traces[1]))
    own = _own(core, traces[0].values[torch.ends], attempt)
    if own is None:
        return None
    ways = list(_variations(core, own, _constants(keras)))
    for count in (1, 2):
        tried = [two for two in combinations(ways, count) if len({name for name, _ in two}) == count]
        changed = [own | {n: v for _, change in two for n, v in change.items()} for two in tried]
        results = attempt([[core.hypothesis(settings)] for settings in changed])
        for two, settings, result in zip(tried, changed, results, strict=True):
            if result is not None and apart(result, alone) <= TOLERANCE:
                first, *others = (
                    core.hypothesis(settings, NAMES[name], _text(name, own[name], settings[name]))
                    for name, _ in two
                )
                return [first, *others], result
    return None


def _whole(node: Node) -> bool:
    return node.kind == "dot_product_attention"


def _found(stretch: Stretch, trace: Trace) -> Core | None:
    makers = {number: node for node in stretch.nodes for number in node.outputs}
    users: dict[int, list[Node]] = {}
    for node in stretch.nodes:
        for number in node.inputs:
            users.setdefault(number, []).append(node)
    centre = next((n for n in reversed(stretch.nodes) if n.kind == "softmax" or _whole(n)), None)
    if centre is None:
        return None
    if _whole(centre):
        mixing, parts = centre, centre.inputs[:3]
    else:
        scoring = _back(centre.inputs[0], makers, PRODUCTS)
        found = _ahead(centre.outputs[0], users, PRODUCTS)
        if scoring is None or found is None or len(scoring.inputs) != 2 or len(found.inputs) != 2:
            return None
        mixing = found
        weights = _behind(centre.outputs[0], users, SILENT)
        values = [number for number in mixing.inputs if number not in weights]
        parts = (*scoring.inputs, *values)
    if len(parts) != 3:
        return None
    roots = tuple(_root(number, makers, stretch.begins) for number in parts)
    arrays = [trace.values[root] for root in roots]
    if any(array.ndim not in (3, 4) for array in arrays):
        return None
    query = trace.values[parts[0]]
    merged = mixing.outputs[0]
    if arrays[2].ndim == 3:
        *_, merged = _behind(merged, users, (*SHAPING, *SILENT))
    size = arrays[2].shape[-1] // (3 if len(set(roots)) == 1 else 1)
    heads = query.shape[1] if query.ndim == 4 else 1
    step = next(node.step for node in stretch.nodes if merged in node.outputs)
    of = roots[:1] if len(set(roots)) == 1 else roots
    return Core(step, of, heads, size, _masks("torch", stretch, trace))


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


def _masks(side: str, stretch: Stretch, trace: Trace) -> dict[str, np.ndarray]:
    """Tensors that may say which positions are hidden: True where they do, of four axes."""
    found: dict[str, np.ndarray] = {}
    for node in stretch.nodes:
        for number in (*node.inputs, *node.outputs):
            array = trace.values.get(number)
            if array is None or array.ndim < 2 or array.size < 2:
                continue
            if array.dtype.kind == "f":  # added to the scores
                if not (array <= -1e4).any() or ((array > -1e4) & (array != 0)).any():
                    continue
                array = array <= -1e4
            if array.dtype.kind == "b":
                found[f"{side}{number}"] = _of_four_axes(array)
    return found


def _of_four_axes(array: np.ndarray) -> np.ndarray:
    if array.ndim == 2 and array.shape[0] != array.shape[1]:  # of a batch
        return array[:, None, None, :]
    return array.reshape(*(1,) * (4 - array.ndim), *array.shape) if array.ndim != 3 else array[:, None]


def _constants(keras: Stretch) -> list[float]:
    """Numbers that Keras' stretch multiplies or divides by."""
    found = []
    for node in keras.nodes:
        given = [*node.settings.get("arguments", ()), node.settings.get("scale")]
        if node.kind in SCALING or _whole(node):
            found += [float(v) for v in given if isinstance(v, int | float) and v]
    return [*found, *(1 / value for value in found)]


def _scales(core: Core, heads: int) -> list[float]:
    each = core.size / heads
    return [each**-0.5, 1.0, 1 / each, core.size**-0.5, each**0.5]


def _own(core: Core, expected: np.ndarray, attempt: Attempt) -> Settings | None:
    """PyTorch's settings: those that give what it gives."""
    masks = ["no", *(f"{name} {way}" for name in core.masks for way in ("hides", "shows"))]
    tried = [
        PLAIN
        | {"heads": core.heads, "scale": scale, "causal": causal, "mask": mask, "roles": ROLES}
        | {"split": split, "merge": split}
        for mask, causal, scale, split in product(
            masks, ("no", "yes"), _scales(core, core.heads), ("by head", "interleaved")
        )
        if not (mask != "no" and causal == "yes")
    ]
    results = attempt([[core.hypothesis(settings)] for settings in tried])
    for settings, result in zip(tried, results, strict=True):
        if result is not None and relative_error(expected, result) <= TOLERANCE:
            return settings
    return None


def _variations(core: Core, own: Settings, constants: list[float]) -> Iterator[tuple[str, Settings]]:
    """One part done otherwise: its name, and what changes."""
    for causal in ("no", "yes", "reversed", "without itself"):
        yield "causal", {"causal": causal}
    for mask in ("no", *(f"{name} {way}" for name in core.masks for way in ("hides", "shows"))):
        yield "mask", {"mask": mask}
    for scale in dict.fromkeys([*_scales(core, core.heads), *constants]):
        yield "scale", {"scale": scale}
    for heads in (h for h in range(1, MOST_HEADS + 1) if core.size % h == 0 and h != own["heads"]):
        same = {"heads": heads}
        yield "heads", same
        yield "heads", same | {"scale": own["scale"] * (heads / own["heads"]) ** 0.5}
    for split in ("interleaved", "reshaped"):
        yield "split", {"split": split}
        yield "split", {"split": split, "merge": split}
    for merge in ("reshaped", "interleaved"):
        yield "merge", {"merge": merge}
    yield "axis", {"axis": -2}
    for roles in list(permutations(ROLES))[1:]:
        yield "roles", {"roles": roles}


_SAID = {
    "heads": "the number of heads",
    "split": "how features are split into heads",
    "merge": "how heads are joined",
    "scale": "the scale of the scores",
    "causal": "attention",
    "mask": "hidden positions",
    "axis": "the axis of softmax",
    "roles": "which projections are query, key and value",
}
_SHOWN = {
    "no": "not causal",
    "yes": "causal",
    "reversed": "causal in reverse",
    "without itself": "causal, without the position itself",
    "hides": "those where the mask is True",
    "shows": "those where the mask is False",
}


def _text(name: str, torch: Any, keras: Any) -> str:
    def shown(value: Any) -> str:
        if name == "mask":
            value = "none" if value == "no" else value.partition(" ")[2]
        if isinstance(value, tuple):
            return ", ".join(value)
        return f"{value:.4g}" if isinstance(value, float) else _SHOWN.get(value, str(value))

    return f"{_SAID[name]}: {shown(keras)} in keras, {shown(torch)} in torch"
