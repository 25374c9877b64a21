"""What the frameworks are known not to do, as data: limitations.toml.

A row that fails within a known limitation is neither passed nor failed: it is shown as limited, and
counted apart. A limitation that was looked for and not met is told as well: the frameworks may have
mended it.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Any

from crosscheck.errors import CrosscheckError
from crosscheck.modes import MODES, framework
from crosscheck.verification.rows import Row

KINDS = ("imprecise", "refused")


@dataclass(frozen=True)
class Limitation:
    """Something that a framework is known not to do.

    Attributes:
        name: for messages.
        framework: a key of `modes.MODES`.
        modes: in which it is met; "" is what a process does that was not told its mode.
        dtypes: in which it is met.
        cases: regular expression for "technique/case", from its beginning to its end.
        checks: the same for the check.
        kind: "imprecise": the result is farther off than rounding; "refused": there is none.
        at_most: of the imprecise: how many times its allowance it may be off.
        message: of the refused: regular expression for what the framework says, somewhere in it.
        what: one sentence.
        versions: with which it was seen.
    """

    name: str
    framework: str
    modes: tuple[str, ...]
    dtypes: tuple[str, ...]
    cases: str
    checks: str
    kind: str
    what: str
    versions: str
    at_most: float = 0.0
    message: str = ""

    def __post_init__(self) -> None:
        known = (*MODES.get(self.framework, ()), "")
        if not known[:-1] or self.kind not in KINDS or not set(self.modes) <= set(known):
            raise CrosscheckError(f"limitations.toml: {self.name}: no such framework, mode or kind")
        if (self.kind == "imprecise") != (self.at_most > 0) or (self.kind == "refused") != bool(self.message):
            raise CrosscheckError(f"limitations.toml: {self.name}: imprecise needs at_most, refused message")

    def looks_at(self, row: Row) -> bool:
        """Whether the row is one that it may be met in."""
        side = "torch" if self.framework == "torch" else "keras"
        mode = row.modes[side == "keras"]
        return (
            framework(side, row.backend) == self.framework
            and mode in self.modes
            and row.dtype in self.dtypes
            and re.fullmatch(self.cases, f"{row.technique}/{row.case}") is not None
            and re.fullmatch(self.checks, row.check) is not None
        )

    def explains(self, row: Row) -> bool:
        """Whether the row fails by it, and by no more than it."""
        if row.passed or not self.looks_at(row):
            return False
        if self.kind == "refused":
            return row.comparison.verdict == "failed" and bool(re.search(self.message, row.comparison.note))
        return row.comparison.verdict == "different" and row.comparison.used <= self.at_most


@cache
def known() -> tuple[Limitation, ...]:
    """Every known limitation."""
    entries = tomllib.loads(resources.files(__package__).joinpath("limitations.toml").read_text("utf-8"))
    return tuple(limitation(entry) for entry in entries.get("limitation", []))


def limitation(entry: dict[str, Any]) -> Limitation:
    """A limitation from its entry in the file."""
    return Limitation(**entry | {"modes": tuple(entry["modes"]), "dtypes": tuple(entry["dtypes"])})


def marked(row: Row, limitations: Sequence[Limitation]) -> Row:
    """The row, as limited if a limitation explains how it failed."""
    for limitation in limitations:
        if limitation.explains(row):
            found = replace(row.comparison, verdict="limited", note=f"{limitation.name}: {limitation.what}")
            return replace(row, comparison=found)
    return row


def summary(rows: Iterable[Row]) -> list[str]:
    """A line for each limitation that was met; rows as `marked`."""
    notes = Counter(row.comparison.note for row in rows if row.comparison.verdict == "limited")
    return [f"known limitation in {count} checks: {note}" for note, count in notes.items()]


def not_met(rows: Iterable[Row], limitations: Sequence[Limitation]) -> list[Limitation]:
    """Limitations that some row might have met, and none did; rows as `marked`."""
    rows = list(rows)
    met = {row.comparison.note.partition(":")[0] for row in rows if row.comparison.verdict == "limited"}
    return [one for one in limitations if one.name not in met and any(one.looks_at(row) for row in rows)]
