"""Layers that nothing tells apart: each way to pair them is tried, and what the models then give decides."""

from typing import Protocol

from crosscheck.ports.pairing import DOUBT, MARGIN, Assignment, Candidates

# Ways to pair one group of layers, and comparisons in all.
WAYS, MOST = 6, 36
# How much more names must have in common to decide where nothing else does.
NAMED = 0.1


class Tried(Protocol):
    """What a comparison shows."""

    @property
    def faults(self) -> int:
        """In how many places something is wrong."""

    @property
    def equal(self) -> bool:
        """Whether the models are."""


class Tries(Protocol):
    """Two models whose layers can be paired otherwise."""

    candidates: Candidates

    def tried(self, chosen: Assignment) -> Tried:
        """Pair them so, and compare."""


def settled(ports: Tries) -> Assignment:
    """The assignment with ambiguous layers as they make the models equal, or nearest in their surroundings.

    Raises:
        PairingError: nothing decides, names included.
    """
    candidates = ports.candidates
    chosen = candidates.chosen
    groups = candidates.groups(MARGIN)
    left = MOST
    undecided = []
    for group in groups:
        ways = candidates.unopposed([chosen, *candidates.exchanged(chosen, group)], group)
        if len(ways) == 1:
            chosen = ways[0]
            continue
        if len(ways) > min(WAYS, left):
            undecided.append(group)
            continue
        left -= len(ways)
        faults = []
        for way in ways:
            found = ports.tried(way)
            if found.equal:
                return way
            faults.append(found.faults)
        best = min(faults)
        if faults.count(best) == 1:
            chosen = ways[faults.index(best)]
        else:
            undecided.append(group)
    exchanged_alike = _together(ports, chosen, groups)
    if exchanged_alike:
        return exchanged_alike
    for group in undecided:
        chosen = _by_names(candidates, chosen, group)
    return chosen


def _together(ports: Tries, chosen: Assignment, groups: list[tuple[int, ...]]) -> Assignment | None:
    """The first way to exchange whole branches that makes the models equal."""
    return next((way for way in ports.candidates.together(chosen, groups) if ports.tried(way).equal), None)


def _by_names(candidates: Candidates, chosen: Assignment, group: tuple[int, ...]) -> Assignment:
    if len(group) > 4:
        raise candidates.ambiguity(group)
    ways = [chosen, *candidates.exchanged(chosen, group)]
    ways.sort(key=lambda way: -candidates.names(way, group))
    named = [candidates.names(way, group) for way in ways]
    if named[0] < named[1] + NAMED:
        raise candidates.ambiguity(group)
    return ways[0]


def exchanged(ports: Tries, chosen: Assignment, before: Tried) -> Assignment:
    """The assignment with doubtful pairs exchanged, if that makes the models equal; else as it is."""
    now, faults, left = chosen, before.faults, MOST
    for group in ports.candidates.groups(DOUBT):
        ways = ports.candidates.unopposed([now, *ports.candidates.exchanged(now, group)], group)
        ways = [way for way in ways if way != now]
        if len(ways) >= min(WAYS, left):
            continue
        left -= len(ways)
        for way in ways:
            found = ports.tried(way)
            if found.equal:
                return way
            if found.faults < faults:
                now, faults = way, found.faults
    return _together(ports, now, ports.candidates.groups(DOUBT)) or chosen
