"""Which layer of one model is which of the other: by what it is and where it stands; names only help."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import combinations, permutations

import numpy as np
import scipy  # loads scipy.optimize when it is first used

from crosscheck.errors import CrosscheckError
from crosscheck.ports import leftovers
from crosscheck.ports.blocks import left_over
from crosscheck.ports.flow import likeness, vocabulary
from crosscheck.ports.leftovers import LayerPair
from crosscheck.ports.program import Node, Program
from crosscheck.ports.reparametrized import require_own
from crosscheck.ports.structure import Place, both_places, named_alike, nearness, signature, told_apart

# What counts how much beside nearness: looking alike in ever wider surroundings, settings, steps between.
ALIKE, SETTINGS, FLOW = 4.0, 1.0, 2.0
# For each place that it is called earlier or later, where one model has a block more: depths tell less there.
ORDER = 0.3
# Pairs whose members could be exchanged at a loss no larger than this are ambiguous, or at least in doubt.
MARGIN, DOUBT = 0.1, 1.0
IMPOSSIBLE = -1e6
# How much names must say otherwise for a way to pair layers not to be tried: one word that is the same.
AGAINST = 0.9

Assignment = list[tuple[int, int]]


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


class Candidates:
    """The layers of two models, and how well each goes with each.

    Args:
        torch: the one program.
        keras: the other.
        given: pairs that are known, by path: torch's and keras'.

    Raises:
        PairingError: a pair is of layers that are not there.
    """

    def __init__(self, torch: Program, keras: Program, given: dict[str, str] | None = None) -> None:
        self.programs, self.given = (torch, keras), given or {}
        self.left, self.right = both_places(torch, keras)
        for side, program, names in (("torch", torch, given or {}), ("keras", keras, (given or {}).values())):
            _require_layers(side, program, names)
        shared = vocabulary([p.flow for p in self.left]) & vocabulary([p.flow for p in self.right])
        self.scores = np.full((len(self.left), len(self.right)), IMPOSSIBLE)
        kinds = [[signature(place.node) for place in side] for side in (self.left, self.right)]
        for a, one in enumerate(self.left):
            for b, two in enumerate(self.right):
                if given or kinds[0][a] == kinds[1][b]:
                    self.scores[a, b] = _score(one, two, given or {}, shared)
        if rest := left_over(self.left, self.right):
            self._without_others(*rest)
        rows, columns = scipy.optimize.linear_sum_assignment(self.scores, maximize=True)
        self.chosen = [(a, b) for a, b in zip(rows, columns, strict=True) if self._possible(a, b)]

    def _without_others(self, rows: list[int], columns: list[int]) -> None:
        """Leave all but these layers over, and let the order in which they are called tell as well."""
        kept = np.full_like(self.scores, IMPOSSIBLE)
        inside = np.ix_(rows, columns)
        apart = np.abs(np.subtract.outer(np.arange(len(rows)), np.arange(len(columns))))
        kept[inside] = self.scores[inside] - ORDER * apart
        self.scores = kept

    def pairing(self, chosen: Assignment | None = None) -> Pairing:
        """A bijection between the layers that hold tensors; layers may be left over on one side only.

        Args:
            chosen: what is paired, by index; what goes together best if nothing is given.

        Raises:
            PairingError: layers are left over on both sides.
        """
        chosen = self.chosen if chosen is None else chosen
        pairs = [LayerPair(self.left[a].node, self.right[b].node) for a, b in chosen]
        over = [place for index, place in enumerate(self.left) if index not in {a for a, _ in chosen}]
        there = [place for index, place in enumerate(self.right) if index not in {b for _, b in chosen}]
        require_own(over, there)
        pairs += leftovers.pair_all(*self.programs, pairs, over, there)
        if over and there:
            left_over = [
                *(_named("torch", place) for place in over),
                *(_named("keras", place) for place in there),
            ]
            what = f"no layer of the other model is of the same kind and shape as: {'; '.join(left_over)}. "
            if self.given:
                said = ", ".join(f"torch {one} with keras {two}" for one, two in self.given.items())
                raise PairingError(f"{what}--map pairs {said}: is one of these wrong, or another missing?")
            advice = "Say which belong together with --map, or bring both to the same sizes."
            if all(any(place.node.path.endswith(".query") for place in side) for side in (over, there)):
                advice = "In Keras' attention key_dim is the size of one head, not of all (attention.heads)."
            raise PairingError(what + advice)
        return Pairing(tuple(pairs), tuple(p.node for p in over), tuple(p.node for p in there))

    def groups(self, margin: float) -> list[tuple[int, ...]]:
        """Pairs, by index, whose members could be exchanged at a loss no larger than this, together."""
        group = {index: {index} for index in range(len(self.chosen))}
        for one, two in combinations(group, 2):
            (a, b), (c, d) = self.chosen[one], self.chosen[two]
            loss = self.scores[a, b] + self.scores[c, d] - self.scores[a, d] - self.scores[c, b]
            if loss <= margin and self._possible(a, d) and self._possible(c, b):
                group[one] |= group[two]
                for index in group[one]:
                    group[index] = group[one]
        several = {tuple(sorted(indices)) for indices in group.values() if len(indices) > 1}
        return sorted(several, key=lambda indices: self.left[self.chosen[indices[0]][0]].node.number)

    def exchanged(self, chosen: Assignment, group: tuple[int, ...]) -> list[Assignment]:
        """The assignments with the pairs of a group exchanged in every other way."""
        found = []
        for order in list(permutations(group))[1:]:
            new = list(chosen)
            for index, other in zip(group, order, strict=True):
                new[index] = (chosen[index][0], chosen[other][1])
            if all(self._possible(*new[index]) for index in group):
                found.append(new)
        return found

    def together(self, chosen: Assignment, groups: list[tuple[int, ...]]) -> list[Assignment]:
        """The assignments with groups of one size exchanged alike, as the layers of several branches are."""
        found = []
        for size in {len(group) for group in groups}:
            alike = [group for group in groups if len(group) == size]
            for order in list(permutations(range(size)))[1:] if len(alike) > 1 and size < 4 else ():
                new = list(chosen)
                for group in alike:
                    for place, other in enumerate(order):
                        new[group[place]] = (chosen[group[place]][0], chosen[group[other]][1])
                if all(self._possible(a, b) for a, b in new):
                    found.append(new)
        return found

    def names(self, chosen: Assignment, group: tuple[int, ...]) -> float:
        """How much the names of a group's pairs have in common."""
        nodes = [(self.left[a].node, self.right[b].node) for a, b in (chosen[index] for index in group)]
        return sum(named_alike(*pair) for pair in nodes)

    def unopposed(self, ways: list[Assignment], group: tuple[int, ...]) -> list[Assignment]:
        """Those of the ways to pair a group that names do not speak against.

        Queries that are paired with keys may make two models equal that are not: each has its own weights.
        """
        torch = [self.left[self.chosen[index][0]].node for index in group]
        columns = [self.chosen[index][1] for index in group]
        alike = told_apart(torch, [self.right[column].node for column in columns])
        said = [
            sum(alike[row, columns.index(way[index][1])] for row, index in enumerate(group)) for way in ways
        ]
        return [way for way, much in zip(ways, said, strict=True) if much > max(said) - AGAINST]

    def ambiguity(self, group: tuple[int, ...]) -> PairingError:
        """What is said where nothing tells a group's layers apart."""
        torch, keras = (
            " and ".join(side[self.chosen[index][place]].node.path for index in group)
            for place, side in enumerate((self.left, self.right))
        )
        return PairingError(
            f"torch {torch} could be either of keras {keras}: they have the same shape, stand in the same "
            "place, and no way to pair them makes the models equal. Say which belong together with --map."
        )

    def _possible(self, a: int, b: int) -> bool:
        return bool(self.scores[a, b] > IMPOSSIBLE / 2)


def _require_layers(side: str, program: Program, names: Iterable[str]) -> None:
    names = list(names)
    twice = [name for number, name in enumerate(names) if name in names[:number]]
    if twice:
        raise PairingError(f"--map: names {twice[0]!r} of {side} twice")
    holding = [node for node in program.nodes if node.held]
    known = {name for node in holding for name in (node.path, *node.names)}
    known |= {tensor.name for node in holding for tensor in node.held.values()}
    for name in names:
        if name.partition("[")[0] not in known:  # a part of a layer has its rows behind its name
            near = ", ".join(get_close_matches(name, sorted(known), n=3, cutoff=0) or sorted(known)[:3])
            raise PairingError(f"--map: {side} has no layer {name!r} with weights; it has {near} ...")


def _named(side: str, place: Place) -> str:
    of = place.node.settings.get("of")
    return f"{side} {place.node}{f' of a {of}' if of else ''} {signature(place.node)[1]}"


def _score(torch: Place, keras: Place, given: dict[str, str], shared: Collection[str]) -> float:
    wanted = given.get(torch.node.path)
    if wanted is not None or set(keras.node.names) & set(given.values()):
        return 100.0 if wanted in keras.node.names else IMPOSSIBLE
    if signature(torch.node) != signature(keras.node):
        return IMPOSSIBLE
    alike = np.mean([a == b for a, b in zip(torch.surroundings, keras.surroundings, strict=True)])
    both = torch.node.settings.keys() & keras.node.settings.keys()
    settings = np.mean([torch.node.settings[n] == keras.node.settings[n] for n in both]) if both else 1.0
    flow = likeness(torch.flow, keras.flow, shared)
    return float(ALIKE * alike + nearness(torch, keras) + SETTINGS * settings + FLOW * flow)
