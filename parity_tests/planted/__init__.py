"""For each technique the porting mistakes most likely made in it, planted to see them caught.

A module a technique, of its name: functions that break one side's process (they are called over
there), and `FAULTS`, which says what `verify` must say then.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """A mistake, and the checks that must and must not see it.

    Attributes:
        name: of the function that plants it.
        side: where: "torch" or "keras".
        case: of the technique, on which it is looked for.
        fails: checks that must fail; a part of the name up to a "/" stands for all that begin so.
        passes: checks that must still pass, which tell the side that is wrong from the other.
        dtype: in which precision.
    """

    name: str
    side: str
    case: str
    fails: frozenset[str]
    passes: frozenset[str]
    dtype: str = "float64"


def fault(
    name: str, side: str, case: str, fails: set[str], passes: set[str], dtype: str = "float64"
) -> Fault:
    """A fault, with sets written as sets."""
    return Fault(name, side, case, frozenset(fails), frozenset(passes), dtype)
