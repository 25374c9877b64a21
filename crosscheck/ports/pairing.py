"""Which layer of one model is which of the other: by what it is and where it stands; names only help."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from crosscheck.errors import CrosscheckError
from crosscheck.ports import leftovers
from crosscheck.ports.leftovers import LayerPair
from crosscheck.ports.program import Node, Program
from crosscheck.ports.structure import Place, nearness, places, signature

# What counts how much beside nearness: looking alike in ever wider surroundings, settings.
ALIKE, SETTINGS = 4.0, 1.0
# Pairs whose members could be exchanged at a loss no larger than this are ambiguous.
MARGIN = 0.1
IMPOSSIBLE = -1e6


class PairingError(CrosscheckError):
    """The layers cannot be paired, or in more than one way; the message lists them."""


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
    pairs += leftovers.pair_all(torch, keras, pairs, over, there)
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


def _score(torch: Place, keras: Place, given: dict[str, str]) -> float:
    wanted = given.get(torch.node.path)
    if wanted is not None or keras.node.path in given.values():
        return 100.0 if wanted == keras.node.path else IMPOSSIBLE
    if signature(torch.node) != signature(keras.node):
        return IMPOSSIBLE
    alike = np.mean([a == b for a, b in zip(torch.surroundings, keras.surroundings, strict=True)])
    both = torch.node.settings.keys() & keras.node.settings.keys()
    settings = np.mean([torch.node.settings[n] == keras.node.settings[n] for n in both]) if both else 1.0
    return float(ALIKE * alike + nearness(torch, keras) + SETTINGS * settings)


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
