"""What stands between a layer and those around it: activations, products, sums, where in them it enters."""

from collections import Counter
from collections.abc import Collection, Iterator

from crosscheck.ports.program import Node, Program
from crosscheck.ports.stretches import SILENT

# Names for the same in either framework; "" for what only lays out numbers otherwise.
WORDS = {
    "rsub": "subtract",
    "radd": "add",
    "rmul": "multiply",
    "rtruediv": "divide",
    "square": "power",
    **dict.fromkeys(("matmul", "bmm", "einsum", "dot", "tensordot", "linear"), "product"),
    **dict.fromkeys(("stack", "hstack", "vstack"), "concatenate"),
    **dict.fromkeys(("repeat", "repeatinterleave", "tile", "expand", "broadcastto"), "repeat"),
    **dict.fromkeys(("reshape", "view", "flatten", "unflatten", "squeeze", "unsqueeze", "expanddims"), ""),
    **dict.fromkeys(("transpose", "swapaxes", "movedim", "moveaxis", "viewas", "mt", "broadcast"), ""),
    **dict.fromkeys(("parameter", "masksoftmax", "zeroslike", "oneslike", *SILENT), ""),
}
# Where it matters which of the operands a tensor is.
ORDERED = ("product", "subtract", "divide", "concatenate", "power")
# What attention does with queries, keys and values.
ATTENTION = (
    ("product/0", "softmax", "product/0"),
    ("product/1", "softmax", "product/0"),
    ("product/1",),
)

Flow = tuple[Counter[str], Counter[str]]


class Flows:
    """The steps around the layers of a program."""

    def __init__(self, program: Program) -> None:
        self._makers = program.makers()
        self._users: dict[int, list[Node]] = {}
        for node in program.nodes:
            for number in dict.fromkeys(node.inputs):
                self._users.setdefault(number, []).append(node)

    def of(self, calls: Collection[Node]) -> Flow:
        """What is done with what a layer gives, and with what it is given, up to the next layers."""
        ways = (self._behind, self._before)
        counts = [[Counter(way(call)) for call in calls] for way in ways]
        behind, before = (sum(found[1:], found[0]) for found in counts)
        return behind, before

    def _behind(self, layer: Node) -> Iterator[str]:
        waiting, seen = list(layer.outputs), {layer.number}
        while waiting:
            number = waiting.pop(0)
            for node in self._users.get(number, ()):
                if node.number not in seen and not node.held:
                    seen.add(node.number)
                    yield from _words(node, node.inputs.index(number))
                    waiting += node.outputs

    def _before(self, layer: Node) -> Iterator[str]:
        waiting, seen = list(layer.inputs), {layer.number}
        while waiting:
            node = self._makers.get(waiting.pop(0))
            if node is not None and node.number not in seen and not node.held:
                seen.add(node.number)
                yield from (word.partition("/")[0] for word in _words(node, 0))
                waiting += node.inputs


def _words(node: Node, place: int) -> tuple[str, ...]:
    if node.kind == "dot_product_attention":
        return ATTENTION[min(place, 2)]
    word = WORDS.get(node.kind, node.kind)
    several = len(set(node.inputs)) > 1
    if not word or (word in ("multiply", "divide") and not several):
        return ()  # a scale may stand anywhere
    return (f"{word}/{place}" if word in ORDERED and several else word,)


def likeness(torch: Flow, keras: Flow, shared: Collection[str]) -> float:
    """How much is the same around two layers, from 0 to 1, in words that both models use."""
    found = []
    for one, two in zip(torch, keras, strict=True):
        words = [word for word in one.keys() | two.keys() if word in shared]
        most = sum(max(one[word], two[word]) for word in words)
        found.append(sum(min(one[word], two[word]) for word in words) / most if most else 1.0)
    return sum(found) / len(found)


def vocabulary(flows: Collection[Flow]) -> set[str]:
    """The words that are used."""
    return {word for flow in flows for counted in flow for word in counted}
