"""Where each layer stands in the flow of data: what pairing rests on, since the order of calls differs."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from crosscheck.ports.flow import Flow, Flows
from crosscheck.ports.program import Node, Program

ROUNDS = 6
Signature = tuple[str, tuple[int, ...]]
# What counts how much: depth from either end, and names.
DEPTH, NAMES = 4.0, 2.0


@dataclass(frozen=True)
class Place:
    """A layer that holds tensors, and its place.

    Attributes:
        node: its first call.
        before: anchors on the longest way from the inputs to it.
        after: anchors on the longest way from it to the outputs.
        depth: where it is between the inputs (0) and the outputs (1), by all layers.
        surroundings: what it and the layers around it are, ever farther; equal ones look alike so far.
        order: share of the layers that are called before it.
        flow: what is done between it and the layers around it.
    """

    node: Node
    before: int
    after: int
    depth: float
    surroundings: tuple[int, ...]
    order: float
    flow: Flow


def both_places(torch: Program, keras: Program) -> tuple[list[Place], list[Place]]:
    """The places of two models' layers; what both have equally often are the anchors."""
    counts = [Counter(signature(node) for node in program.layers()) for program in (torch, keras)]
    anchors = {what for what, count in counts[0].items() if counts[1][what] == count}
    return places(torch, anchors), places(keras, anchors)


def places(program: Program, anchors: Collection[Signature]) -> list[Place]:
    """The place of every layer that holds tensors.

    Args:
        program: of one side.
        anchors: layers that the other side has, too: the others are by them.
    """
    above, met = _layers_above(program)
    layers = list(program.layers())
    # A layer that is called twice is one: its first call stands for it.
    first = {_key(node): node.number for node in layers}
    up: dict[int, set[int]] = {node.number: set() for node in layers}
    for node in program.nodes:
        if node.held:
            up[first[_key(node)]] |= {first[_key(program.nodes[n])] for n in above[node.number]}
    down: dict[int, set[int]] = {number: set() for number in up}
    for number, others in up.items():
        for other in others:
            down[other].add(number)
    # Round a loop, as of a layer that is used twice, nothing is deeper for it.
    when = {node.number: met.get(node.number, node.number) for node in layers}
    firm = {node.number for node in layers if signature(node) in anchors}
    near = _nearest(up, firm), _nearest(down, firm)
    looks = _surroundings(layers, *near)
    begins, before = (_longest(_one_way(links, when)) for links in (up, near[0]))
    when = {number: -place for number, place in when.items()}
    ends, after = (_longest(_one_way(links, when)) for links in (down, near[1]))
    flows = Flows(program)
    return [
        Place(
            n,
            before[n.number],
            after[n.number],
            begins[n.number] / ((begins[n.number] + ends[n.number]) or 1),
            looks[n.number],
            index / len(layers),
            flows.of(program.calls(n)),
        )
        for index, n in enumerate(layers)
    ]


def _nearest(links: dict[int, set[int]], anchors: set[int]) -> dict[int, set[int]]:
    """The next anchors along the links, past other layers."""
    found: dict[int, set[int]] = {}
    for number, others in links.items():
        waiting, seen = list(others), set[int]()
        while waiting:
            other = waiting.pop()
            if other not in seen:
                seen.add(other)
                waiting += [] if other in anchors else links[other]
        found[number] = seen & anchors
    return found


def signature(node: Node) -> Signature:
    """What a layer is, without what may be left out by mistake: its kind and its main tensor's shape."""
    main = next(iter(node.held.values()))
    if node.kind.startswith("conv") and is_pointwise(node):
        return "dense", main.shape[-2:]
    return node.kind, tuple(sorted(main.sizes)) if main.kind == "raw" else main.shape


def is_pointwise(node: Node) -> bool:
    """Whether a convolution holds what a dense layer does."""
    window = next(iter(node.held.values())).shape[:-2]
    one_group = node.settings.get("groups", 1) == 1 and not node.kind.endswith("transpose")
    return one_group and all(size == 1 for size in window)


def _key(node: Node) -> tuple[str, ...]:
    return tuple(map(str, node.held.values()))


def _layers_above(program: Program) -> tuple[dict[int, set[int]], dict[int, float]]:
    """For each node the calls of layers that its inputs come from, through whatever holds nothing.

    A parameter that functions use comes from nowhere: it stands where it meets other tensors, which is given
    besides.
    """
    meeting: dict[int, float] = {}
    reached: dict[int, set[int]] = {}  # by tensor
    alone: dict[int, set[int]] = {}  # the parameters that a tensor is made of, if of nothing else
    found: dict[int, set[int]] = {}
    for node in program.nodes:
        if node.kind == "parameter" and node.held:
            found[node.number] = set()
            alone |= {number: {node.number} for number in node.outputs}
            from_here = set[int]()
        else:
            met = set[int]().union(*(alone.get(number, set()) for number in node.inputs))
            others = [number for number in node.inputs if number not in alone]
            from_here = set[int]().union(*(reached.get(number, set()) for number in others))
            for parameter in met if others else ():
                found[parameter] |= from_here
                meeting.setdefault(parameter, node.number - 0.5)
            if met and not others and not node.held:
                alone |= dict.fromkeys(node.outputs, met)
            found[node.number] = from_here = from_here | met
        for number in node.outputs:
            reached[number] = {node.number} if node.held else from_here
    return found, meeting


def _surroundings(
    layers: Iterable[Node], up: dict[int, set[int]], down: dict[int, set[int]]
) -> dict[int, tuple[int, ...]]:
    colour = {node.number: hash(signature(node)) for node in layers}
    history: dict[int, tuple[int, ...]] = {number: (value,) for number, value in colour.items()}
    for _ in range(ROUNDS):
        colour = {
            number: hash((own, _bag(colour, up[number]), _bag(colour, down[number])))
            for number, own in colour.items()
        }
        history = {number: (*values, colour[number]) for number, values in history.items()}
    return history


def _bag(colour: dict[int, int], numbers: set[int]) -> tuple[int, ...]:
    return tuple(sorted(colour[number] for number in numbers))


def _one_way(links: dict[int, set[int]], when: dict[int, float]) -> dict[int, set[int]]:
    """The links to what comes before."""
    return {number: {o for o in others if when[o] < when[number]} for number, others in links.items()}


def _longest(links: dict[int, set[int]]) -> dict[int, int]:
    """The longest way to each layer along the links."""
    depth = dict.fromkeys(links, 0)
    for _ in range(len(links)):
        new = {number: max((depth[o] + 1 for o in others), default=0) for number, others in links.items()}
        if new == depth:
            break
        depth = {number: min(value, len(links)) for number, value in new.items()}
    return depth


def nearness(torch: Place, keras: Place) -> float:
    """How much speaks for two places being the same one: depth from either end, and names."""
    depths = ((torch.before, keras.before), (torch.after, keras.after))
    far = [abs(a - b) / (1 + max(a, b)) for a, b in depths]
    near = 1 - np.mean([*far, abs(torch.depth - keras.depth)])
    return float(DEPTH * near + NAMES * named_alike(torch.node, keras.node))


def named_alike(torch: Node, keras: Node) -> float:
    """How much the names of two layers have in common, from 0 to 1: of all that they go by, the nearest."""
    return max(resemblance(one, two) for one in torch.names for two in keras.names)


def resemblance(first: str, second: str) -> float:
    """How much two paths have in common, from 0 to 1: "layer1.0.q_proj" and "stage1_block0_query"."""
    one, two = _words(first), _words(second)
    if not one or not two:
        return 0.0
    # From the end: the last word says most.
    shares = [max((_alike(word, other) for other in two), default=0.0) for word in one]
    back = [max((_alike(word, other) for other in one), default=0.0) for word in two]
    weights = [2.0 if index == len(one) - 1 else 1.0 for index in range(len(one))]
    again = [2.0 if index == len(two) - 1 else 1.0 for index in range(len(two))]
    return float(np.average([*shares, *back], weights=[*weights, *again]))


def told_apart(torch: Sequence[Node], keras: Sequence[Node]) -> np.ndarray:
    """How alike names of layers are in the words that tell them from one another; numbers do not count."""

    def own(nodes: Sequence[Node]) -> list[set[str]]:
        said = [{word for name in node.names for word in _words(name) if word.isalpha()} for node in nodes]
        common = set[str].intersection(*said)
        return [words - common for words in said]

    return np.array(
        [
            [max((_alike(a, b) for a in one for b in two), default=0.0) for two in own(keras)]
            for one in own(torch)
        ]
    )


@cache
def _words(path: str) -> tuple[str, ...]:
    return tuple(re.findall(r"[a-z]+|\d+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", path).lower()))


def _alike(first: str, second: str) -> float:
    if first.isdigit() or second.isdigit():
        return 0.5 if first == second else 0.0  # numbers are counted from 0 or 1, and in many ways
    if first == second:
        return 1.0
    return 0.7 if first.startswith(second) or second.startswith(first) else 0.0
