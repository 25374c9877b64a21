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
    """

    torch: Node
    keras: Node

    def shared(self) -> list[str]:
        """Roles of the tensors that both have."""
        return [role for role in self.torch.held if role in self.keras.held]

    def alone(self) -> dict[str, str]:
        """Roles of the tensors that only one has: which side."""
        sides = {role: "torch" for role in self.torch.held if role not in self.keras.held}
        return sides | {role: "keras" for role in self.keras.held if role not in self.torch.held}


def pair_layers(torch: Program, keras: Program, given: dict[str, str] | None = None) -> list[LayerPair]:
    """A bijection between the layers that hold tensors.

    Args:
        torch: the one program.
        keras: the other.
        given: pairs that are known, by path: torch's and keras'.

    Raises:
        PairingError: layers are left over, or are alike in every way.
    """
    left, right = places(torch), places(keras)
    scores = np.array([[_score(a, b, given or {}) for b in right] for a in left]).reshape(
        len(left), len(right)
    )
    rows, columns = linear_sum_assignment(scores, maximize=True)
    chosen = [(a, b) for a, b in zip(rows, columns, strict=True) if scores[a, b] > IMPOSSIBLE / 2]
    _require_all(left, right, chosen)
    _require_certain(left, right, scores, chosen)
    return [LayerPair(left[a].node, right[b].node) for a, b in chosen]


def _score(torch: Place, keras: Place, given: dict[str, str]) -> float:
    wanted = given.get(torch.node.path)
    if wanted is not None or keras.node.path in given.values():
        return 100.0 if wanted == keras.node.path else IMPOSSIBLE
    if signature(torch.node) != signature(keras.node):
        return IMPOSSIBLE
    alike = np.mean([a == b for a, b in zip(torch.surroundings, keras.surroundings, strict=True)])
    depths = ((torch.before, keras.before), (torch.after, keras.after))
    near = np.mean([1 - abs(a - b) / (1 + max(a, b)) for a, b in depths])
    names = resemblance(torch.node.path, keras.node.path)
    both = torch.node.settings.keys() & keras.node.settings.keys()
    settings = np.mean([torch.node.settings[n] == keras.node.settings[n] for n in both]) if both else 1.0
    return float(ALIKE * alike + DEPTH * near + NAMES * names + SETTINGS * settings)


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


def _require_all(left: list[Place], right: list[Place], chosen: list[tuple[int, int]]) -> None:
    over = [
        f"{side} {place.node} {signature(place.node)[1]}"
        for side, all_places, index in (("torch", left, 0), ("keras", right, 1))
        for number, place in enumerate(all_places)
        if number not in {pair[index] for pair in chosen}
    ]
    if over:
        raise PairingError(
            "no layer of the other model is of the same kind and shape as: "
            + "; ".join(over)
            + ". Say which belong together with --map, or bring the models to the same sizes."
        )


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
