"""Why a stretch of Keras' differs from PyTorch's: every hypothesis is tried on PyTorch's, none is guessed.

PyTorch's stretch is done again with one thing as Keras has it. If it then gives what Keras' gives, to
rounding, that thing is the cause.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import combinations
from typing import Any

import numpy as np

from crosscheck.ports.comparison import KEY, Ports
from crosscheck.ports.divergence import TOLERANCE, Parted, in_keras_order, relative_error
from crosscheck.ports.program import Again, Node

# What only training depends on.
TRAINING = ("momentum", "unbiased", "rate", "inplace")
MOST_AT_ONCE, MOST = 3, 10
Change = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class Hypothesis:
    """One thing that Keras may do otherwise.

    Attributes:
        identifier: such as "batch_norm.epsilon" or "activation.kind".
        text: what Keras does instead of what.
        step: of PyTorch's stretch.
        change: what is done there instead; None if it stays.
        before: what is done to its input first.
    """

    identifier: str
    text: str
    step: int
    change: Change | None = None
    before: Change | None = None


@dataclass(frozen=True)
class Cause:
    """Hypotheses that together explain a difference.

    Attributes:
        hypotheses: all of them are needed.
        before: the error without them.
        after: the error with them.
    """

    hypotheses: tuple[Hypothesis, ...]
    before: float
    after: float

    def __str__(self) -> str:
        said = "; ".join(hypothesis.text for hypothesis in self.hypotheses)
        return (
            f"{said} (done so in torch, too, the difference falls from {self.before:.1e} to {self.after:.1e})"
        )


def diagnose(ports: Ports, parted: Parted) -> Cause | None:
    """The smallest set of hypotheses that explains an error that is born here; None if none does."""
    if parted.alone is None:
        return None
    found = list(hypotheses(parted))[:MOST]
    tried = [list(chosen) for size in range(1, MOST_AT_ONCE + 1) for chosen in combinations(found, size)]
    parts = [_part(ports, parted, chosen) for chosen in tried]
    results = ports.sides.torch.call("torch_impl.trace:replay", KEY, ports.inputs, parts)
    for chosen, result in zip(tried, results, strict=True):
        error = float("inf") if result is None else _apart(result, parted.alone)
        if error <= TOLERANCE:
            return Cause(tuple(chosen), parted.own, error)
    return None


def hypotheses(parted: Parted) -> Iterator[Hypothesis]:
    """Everything in which the two stretches are seen to differ."""
    pair = parted.place.pair
    torch_glue, keras_glue = parted.place.torch.glue(), parted.place.keras.glue()
    if pair:
        yield from _settings(pair.torch, _with_padding(pair.keras, keras_glue))
        for role, side in pair.alone().items():
            if side == "torch":
                change = pair.torch.kind, pair.torch.settings | {"without": (role,)}
                text = f"keras has no {role} there"
                yield Hypothesis(f"{pair.torch.kind}.{role}_missing", text, pair.torch.step, change)
    keras_glue = [node for node in keras_glue if not _is_padding_of(node, pair.keras if pair else None)]
    yield from _glue(torch_glue, keras_glue, parted.place.torch.nodes)


def _settings(torch: Node, keras: Node) -> Iterator[Hypothesis]:
    for name, value in torch.settings.items():
        other = keras.settings.get(name, value)
        if name in TRAINING or other == value:
            continue
        text = f"{name} is {_shown(other)} in keras and {_shown(value)} in torch"
        change = torch.kind, torch.settings | {name: other}
        yield Hypothesis(f"{torch.kind}.{name}", text, torch.step, change)


def _glue(torch: list[Node], keras: list[Node], steps: tuple[Node, ...]) -> Iterator[Hypothesis]:
    """The differences between two sequences of functions."""
    one_side, other_side = ([node.kind for node in nodes] for nodes in (torch, keras))
    for tag, a, b, c, d in SequenceMatcher(None, one_side, other_side, autojunk=False).get_opcodes():
        if tag == "equal":
            for one, two in zip(torch[a:b], keras[c:d], strict=True):
                yield from _settings(one, two)
            continue
        same = min(b - a, d - c)
        for one, two in zip(torch[a : a + same], keras[c : c + same], strict=True):
            text = f"keras does {two.kind} where torch does {one.kind}"
            yield Hypothesis(f"{one.kind}.kind", text, one.step, (two.kind, two.settings))
        for one in torch[a + same : b]:
            text = f"keras has no {one.kind} there"
            yield Hypothesis(f"{one.kind}.missing", text, one.step, ("identity", {}))
        following = next((n for n in (*torch[b:], *steps[::-1]) if n), None)
        for two in keras[c + same : d]:
            if following:
                text = f"keras does {two.kind} besides"
                yield Hypothesis(f"{two.kind}.extra", text, following.step, before=(two.kind, two.settings))


def _is_padding_of(node: Node, layer: Node | None) -> bool:
    return bool(layer and node.kind == "pad" and set(node.outputs) & set(layer.inputs))


def _with_padding(layer: Node, glue: list[Node]) -> Node:
    """The layer with the padding of a layer before it counted as its own."""
    before = next((node for node in glue if _is_padding_of(node, layer)), None)
    if before is None or "padding" not in layer.settings:
        return layer
    both = zip(layer.settings["padding"], before.settings["padding"], strict=True)
    padding = tuple((a[0] + b[0], a[1] + b[1]) for a, b in both)
    return Node(layer.number, layer.path, layer.kind, layer.settings | {"padding": padding})


def _part(ports: Ports, parted: Parted, chosen: list[Hypothesis]) -> Again:
    stretch, values = parted.place.torch, ports.values[0].values
    settings = {node.step: node.settings for node in stretch.nodes}
    changes: dict[int, Change] = {}
    for hypothesis in chosen:
        if hypothesis.change is None:
            continue
        kind, wanted = hypothesis.change
        if hypothesis.step in changes:  # two things about one layer: each keeps what the other changes
            earlier, own = changes[hypothesis.step][1], settings[hypothesis.step]
            wanted = earlier | {name: value for name, value in wanted.items() if own.get(name) != value}
        changes[hypothesis.step] = kind, wanted
    given = {number: values[number] for number in stretch.begins}
    before = {h.step: h.before for h in chosen if h.before}
    return Again(stretch.steps, given, stretch.ends, changes, before)


def _apart(torch: np.ndarray, keras: np.ndarray) -> float:
    return relative_error(in_keras_order(torch, keras.shape, keras), keras)


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
