"""Why a stretch of Keras' differs from PyTorch's: every hypothesis is tried on PyTorch's, none is guessed.

PyTorch's stretch is done again with one thing as Keras has it. If it then gives what Keras' gives, to
rounding, that thing is the cause.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from crosscheck.ports import attention
from crosscheck.ports.blind import blind
from crosscheck.ports.comparison import KEY, Ports
from crosscheck.ports.divergence import TOLERANCE, Parted, apart
from crosscheck.ports.hypotheses import Change, Hypothesis, Scene, visible
from crosscheck.ports.identifiers import REDUCING, SHAPING, group
from crosscheck.ports.norms import written_out
from crosscheck.ports.program import Again, Node
from crosscheck.ports.recurrence import behind_recurrence, masked_recurrence
from crosscheck.ports.segments import transplants

MOST_AT_ONCE, MOST = 3, 10
# Identifiers that say little: others are tried before.
VAGUE = ("glue.", "activation.extra", "activation.missing")
# But for these: another number, or another axis, where both do the same.
NUMBERS = ("glue.constant", "glue.axis")
# A small error must fall by so much before something counts as its cause.
FALL = 1e-3


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


def diagnose(ports: Ports, parted: Parted, seen_only: bool = False) -> Cause | None:
    """The smallest set of hypotheses that explains an error that is born here; None if none does.

    Args:
        ports: the two models.
        parted: the place.
        seen_only: try only what the two are seen to do otherwise.
    """
    if parted.alone is None:
        return None
    makers, begins = ports.torch.makers(), parted.place.torch.begins
    before = frozenset(makers[number].kind for number in begins if number in makers)
    scene = Scene(parted, _at_input(ports, parted), lambda node: own_tensors(ports, node), before)
    seen = list(visible(scene))[:MOST]
    plain = [h for h in seen if h.identifier in NUMBERS or not h.identifier.startswith(VAGUE)]
    rounds: list[Callable[[], list[list[Hypothesis]]]] = [
        lambda: [[h] for h in behind_recurrence(scene, ports.torch, ports.values[0])],
        lambda: [[h] for h in plain],
        lambda: [[h] for h in written_out(scene, ports.values[0])],
        lambda: [[h] for h in masked_recurrence(scene, ports.values[1])],
        lambda: [[h] for h in _transplants(ports, scene)],
        lambda: [[h] for h in seen if h not in plain],
        lambda: [[h] for h in blind(scene, ports.torch, ports.values[0])],
        lambda: [list(two) for two in combinations(seen, 2)],
        lambda: [list(three) for three in combinations(seen, MOST_AT_ONCE)],
    ]
    if seen_only:
        rounds = [lambda: [[h] for h in seen], rounds[5]]
    elif cause := _of_attention(ports, parted):
        return cause
    for one in rounds:
        cause = _first_that_explains(ports, parted, one())
        if cause:
            renamed = (_of_sequence(scene, _renamed(ports, parted, h)) for h in cause.hypotheses)
            return replace(cause, hypotheses=tuple(renamed))
    return None


def _transplants(ports: Ports, scene: Scene) -> list[Hypothesis]:
    """Keras' own tensors on the way put into PyTorch's stretch."""
    again = ports.again(scene.parted.place)
    if again is None:
        return []
    (theirs,) = ports.sides.keras.call("keras_impl.trace:replay_whole", KEY, ports.keras_inputs, [again])
    return [h for _, h in transplants(scene, ports.values[0].values, theirs)]


def _first_that_explains(ports: Ports, parted: Parted, tried: Sequence[list[Hypothesis]]) -> Cause | None:
    if not tried or parted.alone is None:
        return None
    parts = [_again(ports, parted, chosen) for chosen in tried]
    results = ports.sides.torch.call("torch_impl.trace:replay", KEY, ports.inputs, parts)
    errors = [float("inf") if r is None else apart(r, parted.alone) for r in results]
    limit = min(TOLERANCE, parted.own * FALL) if np.isfinite(parted.own) else TOLERANCE
    for chosen, error in zip(tried, errors, strict=True):
        if error <= limit:
            return Cause(tuple(chosen), parted.own, error)
    return None


def _of_attention(ports: Ports, parted: Parted) -> Cause | None:
    """What explains the difference if it lies between the projections of attention."""

    def attempt(tried: list[list[Hypothesis]]) -> Sequence[np.ndarray | None]:
        parts = [_again(ports, parted, chosen) for chosen in tried]
        return ports.sides.torch.call("torch_impl.trace:replay", KEY, ports.inputs, parts)

    if parted.alone is None:
        return None
    place = parted.place
    found = attention.differences(place.torch, place.keras, ports.values, parted.alone, attempt)
    return Cause(tuple(found[0]), parted.own, apart(found[1], parted.alone)) if found else None


def _of_sequence(scene: Scene, hypothesis: Hypothesis) -> Hypothesis:
    """Behind a recurrent layer, what only picks and joins is about which step of the sequence is picked."""
    place = scene.parted.place
    behind = any(group(kind) == "recurrent" for kind in scene.before)
    layer = place.pair.torch if place.pair else None
    kinds = {node.kind for node in (*place.torch.glue(), *place.keras.glue())}
    picks = kinds <= {
        *SHAPING,
        "flip",
        "concatenate",
        "take",
        *REDUCING,
        "global_avg_pool",
        "global_max_pool",
    }
    vague = hypothesis.identifier.startswith(
        ("glue.operation", "glue.missing", "glue.extra", "axes.", "recurrent.")
    )
    if behind and picks and vague and layer is not None and group(layer.kind) != "recurrent":
        return replace(hypothesis, identifier="recurrent.last_step")
    return hypothesis


def _renamed(ports: Ports, parted: Parted, hypothesis: Hypothesis) -> Hypothesis:
    """An activation that is too many here and missing next to it, or the reverse, has been moved."""
    if hypothesis.identifier == "activation.kind" and hypothesis.change and hypothesis.change[0] == "softmax":
        again = any(
            node.kind.endswith("softmax")
            for end in ports.keras.behind(
                parted.place.keras.ends, (*SHAPING, "log", "log_softmax", "softmax")
            )
            for node in ports.keras.users(end)
        )
        return replace(hypothesis, identifier="activation.softmax_doubled") if again else hypothesis
    moved = {"activation.extra": (ports.torch.nodes, parted.place.torch.ends)}
    moved["activation.missing"] = ports.keras.nodes, parted.place.keras.ends
    if hypothesis.identifier not in moved:
        return hypothesis
    nodes, ends = moved[hypothesis.identifier]
    if hypothesis.identifier == "activation.extra":
        stretch = parted.place.keras
        makers = ports.keras.makers()
        around = [*stretch.nodes, *(makers[n] for n in stretch.begins if n in makers)]
        if sum(node.kind == "softmax" for node in around) > 1:
            return replace(hypothesis, identifier="activation.softmax_doubled")
    done = hypothesis.before or hypothesis.change
    kinds = {node.kind for node in parted.place.torch.nodes if node.step == hypothesis.step}
    kind = {str(done[1].get("kind", done[0])) if done else ""} | (
        kinds if hypothesis.identifier.endswith("missing") else set()
    )
    if hypothesis.forced:  # Keras' own tensors: any of its activations may be the one
        side = parted.place.keras if hypothesis.identifier.endswith("extra") else parted.place.torch
        kind = {node.kind for node in side.nodes if group(node.kind) == "activation"}
    follows = any(ends in node.inputs and node.kind in kind for node in nodes)
    return replace(hypothesis, identifier="activation.order") if follows else hypothesis


def _at_input(ports: Ports, parted: Parted) -> bool:
    return bool(set(parted.place.torch.begins) & set(ports.torch.inputs))


def own_tensors(ports: Ports, node: Node) -> dict[str, np.ndarray]:
    """The tensors of a layer of Keras', as PyTorch would have them."""
    held = dict(node.held)
    weights = ports.sides.keras.call("keras_impl.trace:get_weights", KEY, held)
    found = {}
    for role, array in weights.items():
        if held[role].kind == "raw":
            found[role] = np.ascontiguousarray(np.moveaxis(array, -1, 0))
        else:
            found[role] = replace(held[role], own=(), part=(), axes=()).to_own(array, "torch")
    return found


def _again(ports: Ports, parted: Parted, chosen: list[Hypothesis]) -> Again:
    stretch, values = parted.place.torch, ports.values[0].values
    changes: dict[int, Change] = {}
    for hypothesis in chosen:
        if hypothesis.change is None:
            continue
        kind, wanted = hypothesis.change
        if hypothesis.step in changes:  # two things about one layer: each keeps what the other changes
            wanted = changes[hypothesis.step][1] | {n: wanted[n] for n in hypothesis.only or wanted}
        changes[hypothesis.step] = kind, wanted
    for step in (step for h in chosen for step in h.without):
        changes.setdefault(step, ("identity", {}))
    given = {number: values[number] for number in stretch.begins}
    before = {h.step: h.before for h in chosen if h.before}
    forced = {number: array for h in chosen for number, array in h.forced.items()}
    return Again(stretch.steps, given, stretch.ends, changes, before, forced)
