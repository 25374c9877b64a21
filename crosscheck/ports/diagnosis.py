"""Why a stretch of Keras' differs from PyTorch's: every hypothesis is tried on PyTorch's, none is guessed.

PyTorch's stretch is done again with one thing as Keras has it. If it then gives what Keras' gives, to
rounding, that thing is the cause.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations

import numpy as np

from crosscheck.ports import attention
from crosscheck.ports.blind import blind, other_rows
from crosscheck.ports.comparison import KEY, Ports
from crosscheck.ports.divergence import TOLERANCE, Parted, apart
from crosscheck.ports.hypotheses import Change, Hypothesis, Scene, visible
from crosscheck.ports.identifiers import REDUCING, SHAPING, group
from crosscheck.ports.matching import Matching, first_unlike, match
from crosscheck.ports.norms import written_out
from crosscheck.ports.program import Again, Node, Program
from crosscheck.ports.recurrence import behind_recurrence, masked_recurrence
from crosscheck.ports.segments import before_attention, transplants
from crosscheck.ports.stretches import Stretch

MOST_AT_ONCE, MOST, NARROW = 3, 10, 12
# Hypotheses tried together.
AT_ONCE = 40
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

    @property
    def confirmed(self) -> bool:
        """Whether the error would stay if it were something else: then trying it has told."""
        return not any(hypothesis.last for hypothesis in self.hypotheses)

    def __str__(self) -> str:
        said = "; ".join(hypothesis.text for hypothesis in self.hypotheses)
        if not self.confirmed:
            return f"{said} (told by the steps alone: nothing is computed behind them that could confirm it)"
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
    lone = frozenset(str(tensor) for tensor in ports.lone[0].values())
    scene = Scene(parted, _at_input(ports, parted), lambda node: own_tensors(ports, node), before, lone)
    seen = list(visible(scene))[:MOST]
    plain = [h for h in seen if h.identifier in NUMBERS or not h.identifier.startswith(VAGUE)]
    inside = cache(lambda: matched(ports, parted))

    def two_seen() -> list[list[Hypothesis]]:
        return [list(two) for two in combinations(seen, 2)]

    rounds: list[Callable[[], list[list[Hypothesis]]]] = [
        lambda: [[h] for h in behind_recurrence(scene, ports.torch, ports.values[0])],
        lambda: [[h] for h in plain],
        lambda: [[h] for h in written_out(scene, ports.values[0])],
        lambda: [[h] for h in masked_recurrence(scene, ports.values[1])],
        lambda: [[h] for h in _transplants(scene, inside())],
        lambda: [[h] for h in seen if h not in plain],
        lambda: [[h] for h in blind(scene, ports.torch, ports.values[0])],
        lambda: [[h] for h in other_rows(scene, ports.values[1], ports.values[0])],
        two_seen,
        lambda: [list(three) for three in combinations(seen, MOST_AT_ONCE)],
        lambda: _pairs(_transplants(scene, inside())[:NARROW]),
    ]
    if seen_only:
        rounds = [lambda: [[h] for h in seen], two_seen]
    elif cause := _of_attention(ports, parted):
        return cause
    for one in rounds:
        cause = _first_that_explains(ports, parted, one())
        if cause:
            renamed = (_of_sequence(scene, _renamed(ports, parted, h)) for h in cause.hypotheses)
            return replace(cause, hypotheses=tuple(renamed))
    return None


def _transplants(scene: Scene, matching: Matching | None) -> list[Hypothesis]:
    """Keras' own tensors on the way put into PyTorch's stretch."""
    if matching is None:
        return []
    return [*before_attention(scene, matching), *(h for _, h in transplants(scene, matching))]


def _pairs(found: list[Hypothesis]) -> list[list[Hypothesis]]:
    """Two tensors of Keras' at once."""
    return [list(two) for two in combinations(found, 2) if not two[0].forced.keys() & two[1].forced.keys()]


def clue(ports: Ports, parted: Parted) -> str:
    """Where Keras begins to do otherwise inside a stretch that nothing explains."""
    matching = matched(ports, parted)
    node = first_unlike(parted.place.keras, matching) if matching else None
    return f"the first that torch has nowhere is what keras' {node} makes" if node else ""


def matched(ports: Ports, parted: Parted) -> Matching | None:
    """Which tensors inside the stretches are the same; None if Keras' cannot be done again."""
    again = ports.again(parted.place)
    if again is None:
        return None
    (made,) = ports.sides.keras.call("keras_impl.trace:replay_whole", KEY, ports.keras_inputs, [again])
    place, theirs = parted.place, ports.values[1].values
    constants = {n for node in place.keras.nodes for n in node.inputs} - set(made)
    known = {n: theirs[n] for n in constants if n in theirs} if made else {}
    return match(place.torch, place.keras, ports.values[0].values, known | made) if made else None


def _first_that_explains(ports: Ports, parted: Parted, tried: Sequence[list[Hypothesis]]) -> Cause | None:
    if not tried or parted.alone is None:
        return None
    limit = min(TOLERANCE, parted.own * FALL) if np.isfinite(parted.own) else TOLERANCE
    for begin in range(0, len(tried), AT_ONCE):
        some = tried[begin : begin + AT_ONCE]
        parts = [_again(ports, parted, chosen) for chosen in some]
        results = ports.sides.torch.call("torch_impl.trace:replay", KEY, ports.inputs, parts)
        for chosen, result in zip(some, results, strict=True):
            error = float("inf") if result is None else apart(result, parted.alone)
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
    if hypothesis.forced and _activations(parted.place.torch) == _activations(parted.place.keras):
        follows = True  # neither too many nor too few of them
    if hypothesis.identifier == "activation.extra":  # or it stands behind the next norm there
        beyond = _behind_norm(ports.torch, ends) - _behind_norm(ports.keras, parted.place.keras.ends)
        follows = follows or bool(kind & beyond)
    return replace(hypothesis, identifier="activation.order") if follows else hypothesis


def _behind_norm(program: Program, number: int) -> set[str]:
    """What is done with a tensor once it is normalised."""
    norms = [node for node in program.users(number) if group(node.kind) == "norm"]
    return {user.kind for norm in norms for n in norm.outputs for user in program.users(n)}


def _activations(stretch: Stretch) -> list[str]:
    return sorted(node.kind for node in stretch.nodes if group(node.kind) == "activation")


def _at_input(ports: Ports, parted: Parted) -> bool:
    """Whether the stretch begins at an image or signal that the model is given, and at nothing else."""
    begins, inputs = set(parted.place.torch.begins), set(ports.torch.inputs)
    numbers = all(ports.values[0].values[number].dtype.kind == "f" for number in begins)
    return bool(begins) and begins <= inputs and numbers


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
