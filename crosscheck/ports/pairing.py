"""Which layer of one model is which of the other: by what it is and where it stands; names only help."""

import re
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from crosscheck.errors import CrosscheckError
from crosscheck.ports.program import Node, Program
from crosscheck.ports.structure import Place, places, signature

# What counts how much: looking alike in ever wider surroundings, depth from either end, names, settings.
ALIKE, DEPTH, NAMES, SETTINGS = 4.0, 2.0, 2.0, 1.0
# Pairs whose members could be exchanged at a loss no larger than this are ambiguous.
MARGIN = 0.1
IMPOSSIBLE = -1e6


class PairingError(CrosscheckError):
    """The layers cannot be paired, or in more than one way; the message lists them."""


@dataclass(frozen=True)
class LayerPair:
    """A layer of either side.

    Attributes:
        torch: its first call there.
        keras: its first call here.
        mismatch: why they cannot hold the same tensors, though they stand in the same place, as an
            identifier of `causes`; empty if they can.
    """

    torch: Node
    keras: Node
    mismatch: str = ""

    def shared(self) -> list[str]:
        """Roles of the tensors that both have, in the same shape and each for itself."""
        if self.mismatch == "sharing.parameters":
            return []
        return [role for role in self.torch.held if role in self.keras.held and self._fits(role)]

    def _fits(self, role: str) -> bool:
        one, two = self.torch.held[role], self.keras.held[role]
        return one.kind == "raw" or one.shape == two.shape

    def alone(self) -> dict[str, str]:
        """Roles of the tensors that only one has: which side."""
        sides = {role: "torch" for role in self.torch.held if role not in self.keras.held}
        return sides | {role: "keras" for role in self.keras.held if role not in self.torch.held}


@dataclass(frozen=True)
class Pairing:
    """Which layer is which.

    Attributes:
        pairs: of layers.
        torch: layers that only PyTorch's model has.
        keras: layers that only Keras' model has.
    """

    pairs: tuple[LayerPair, ...]
    torch: tuple[Node, ...] = ()
    keras: tuple[Node, ...] = ()


def pair_layers(torch: Program, keras: Program, given: dict[str, str] | None = None) -> Pairing:
    """A bijection between the layers that hold tensors; layers may be left over on one side only.

    Args:
        torch: the one program.
        keras: the other.
        given: pairs that are known, by path: torch's and keras'.

    Raises:
        PairingError: layers are left over on both sides, or are alike in every way.
    """
    left, right = places(torch), places(keras)
    scores = np.array([[_score(a, b, given or {}) for b in right] for a in left])
    scores = scores.reshape(len(left), len(right))
    rows, columns = linear_sum_assignment(scores, maximize=True)
    chosen = [(a, b) for a, b in zip(rows, columns, strict=True) if scores[a, b] > IMPOSSIBLE / 2]
    _require_certain(left, right, scores, chosen)
    pairs = [LayerPair(left[a].node, right[b].node) for a, b in chosen]
    over = [place for index, place in enumerate(left) if index not in {a for a, _ in chosen}]
    there = [place for index, place in enumerate(right) if index not in {b for _, b in chosen}]
    pairs += _pair_unlike(over, there)
    pairs += _pair_shared(torch, keras, pairs, over, there)
    if over and there:
        left_over = [
            *(_named("torch", place) for place in over),
            *(_named("keras", place) for place in there),
        ]
        raise PairingError(
            f"no layer of the other model is of the same kind and shape as: {'; '.join(left_over)}"
            ". Say which belong together with --map, or bring the models to the same sizes."
        )
    return Pairing(tuple(pairs), tuple(p.node for p in over), tuple(p.node for p in there))


def _named(side: str, place: Place) -> str:
    return f"{side} {place.node} {signature(place.node)[1]}"


def _pair_unlike(left: list[Place], right: list[Place]) -> list[LayerPair]:
    """Layers that differ in what explains that their tensors do; they are taken from the lists."""
    found = []
    for one in list(left):
        likely = [(_near(one, two), two, reason) for two in right if (reason := unlike(one.node, two.node))]
        if not likely:
            continue
        _, two, reason = max(likely, key=lambda item: item[0])
        found.append(LayerPair(one.node, two.node, reason))
        left.remove(one)
        right.remove(two)
    return found


def _pair_shared(
    torch: Program, keras: Program, pairs: list[LayerPair], left: list[Place], right: list[Place]
) -> list[LayerPair]:
    """Layers left over since the other side calls one layer again where this one has another."""
    found = []
    for program, over, side in ((keras, left, "keras"), (torch, right, "torch")):
        for pair in pairs:
            calls = program.calls(getattr(pair, side))[1:]
            mine = [p for p in over if signature(p.node) == signature(getattr(pair, side))]
            for call, place in zip(calls, mine, strict=False):
                both = (place.node, call) if side == "keras" else (call, place.node)
                found.append(LayerPair(*both, "sharing.parameters"))
                over.remove(place)
    return found


NORMS = ("batch_norm", "layer_norm", "group_norm")


def unlike(torch: Node, keras: Node) -> str:
    """The identifier of the mistake that makes two layers hold other tensors; "" if none does."""
    shapes = [next(iter(node.held.values())).shape for node in (torch, keras)]
    convolutions = [node.kind.startswith(("conv", "depthwise")) for node in (torch, keras)]
    if torch.kind == keras.kind == "prelu":
        return "prelu.sharing"
    if torch.kind in NORMS and keras.kind in NORMS:
        return "norm.axis" if torch.kind == keras.kind else "norm.kind"
    if all(convolutions) and len(shapes[0]) == len(shapes[1]):
        window = len(shapes[0]) - 2
        if shapes[0] == (*shapes[1][:window][::-1], *shapes[1][window:]) and shapes[0] != shapes[1]:
            return "conv.kernel_transposed"
        depthwise = any(node.kind.startswith("depthwise") for node in (torch, keras))
        if shapes[0][:window] == shapes[1][:window] and (depthwise or shapes[0][-1] == shapes[1][-1]):
            groups = [node.settings.get("groups", "each") for node in (torch, keras)]
            return "conv.groups" if groups[0] != groups[1] else ""
    return ""


def _score(torch: Place, keras: Place, given: dict[str, str]) -> float:
    wanted = given.get(torch.node.path)
    if wanted is not None or keras.node.path in given.values():
        return 100.0 if wanted == keras.node.path else IMPOSSIBLE
    if signature(torch.node) != signature(keras.node):
        return IMPOSSIBLE
    alike = np.mean([a == b for a, b in zip(torch.surroundings, keras.surroundings, strict=True)])
    both = torch.node.settings.keys() & keras.node.settings.keys()
    settings = np.mean([torch.node.settings[n] == keras.node.settings[n] for n in both]) if both else 1.0
    return float(ALIKE * alike + _near(torch, keras) + SETTINGS * settings)


def _near(torch: Place, keras: Place) -> float:
    """How much speaks for two places being the same one: depth from either end, and names."""
    depths = ((torch.before, keras.before), (torch.after, keras.after))
    near = np.mean([1 - abs(a - b) / (1 + max(a, b)) for a, b in depths])
    return float(DEPTH * near + NAMES * resemblance(torch.node.path, keras.node.path))


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


def _words(path: str) -> list[str]:
    return re.findall(r"[a-z]+|\d+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", path).lower())


def _alike(first: str, second: str) -> float:
    if first == second:
        return 1.0
    if first.isdigit() or second.isdigit():
        return 0.0
    return 0.7 if first.startswith(second) or second.startswith(first) else 0.0


def _require_certain(
    left: list[Place], right: list[Place], scores: np.ndarray, chosen: list[tuple[int, int]]
) -> None:
    for index, (a, b) in enumerate(chosen):
        for c, d in chosen[index + 1 :]:
            loss = scores[a, b] + scores[c, d] - scores[a, d] - scores[c, b]
            if loss <= MARGIN and scores[a, d] > IMPOSSIBLE / 2 and scores[c, b] > IMPOSSIBLE / 2:
                one, two = left[a].node.path, left[c].node.path
                raise PairingError(
                    f"torch {one} and {two} could be either of keras {right[b].node.path} and "
                    f"{right[d].node.path}: they have the same shape and stand in the same place. "
                    "Say which belong together with --map."
                )
