"""What the frameworks are known not to do, as data: limitations.toml.

A row that fails within a known limitation is neither passed nor failed: it is shown as limited, and
counted apart. A limitation that was looked for and not met is told as well: the frameworks may have
mended it.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from packaging.version import Version

from crosscheck.environment import versions
from crosscheck.errors import CrosscheckError
from crosscheck.modes import MODES, REFUSALS, framework
from crosscheck.verification.rows import Row

KINDS = ("imprecise", "refused")
PAGE = Path("docs") / "limitations.md"


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
        since: the earliest supported versions that have it, by package.
        until: the versions that have mended it, by package.
    """

    name: str
    framework: str
    modes: tuple[str, ...]
    dtypes: tuple[str, ...]
    cases: str
    checks: str
    kind: str
    what: str
    since: Mapping[str, str]
    until: Mapping[str, str] = field(default_factory=dict)
    at_most: float = 0.0
    message: str = ""

    def __post_init__(self) -> None:
        known = (*MODES.get(self.framework, ()), "")
        if not known[:-1] or self.kind not in KINDS or not set(self.modes) <= set(known):
            raise CrosscheckError(f"limitations.toml: {self.name}: no such framework, mode or kind")
        if (self.kind == "imprecise") != (self.at_most > 0) or (self.kind == "refused") != bool(self.message):
            raise CrosscheckError(f"limitations.toml: {self.name}: imprecise needs at_most, refused message")
        if not self.since:
            raise CrosscheckError(f"limitations.toml: {self.name}: since which versions is not said")

    def current(self, installed: Mapping[str, str]) -> bool:
        """Whether it is known of the installed versions: none is earlier than it, and none has mended it."""

        def reached(package: str, version: str) -> bool:
            # A version before its release counts as it.
            here = installed.get(package)
            return here is not None and Version(here).release >= Version(version).release

        begun = all(reached(*one) for one in self.since.items())
        return begun and not any(reached(*one) for one in self.until.items())

    @property
    def known_since(self) -> str:
        """The versions that it is known of, to be read."""
        return ", ".join(f"{package} {version}" for package, version in self.since.items())

    def looks_at(self, row: Row) -> bool:
        """Whether the row is one that it may be met in."""
        side, other = ("torch", "keras") if self.framework == "torch" else ("keras", "torch")
        mode = row.modes[side == "keras"]
        about = row.check.rpartition("/")[2]  # such as "torch-oracle", or the name of a weight
        if other in about.split("-") and side not in about.split("-"):
            return False  # the other side alone is judged
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
    """Every limitation in the file, of whatever versions."""
    entries = tomllib.loads(resources.files(__package__).joinpath("limitations.toml").read_text("utf-8"))
    return tuple(limitation(entry) for entry in entries.get("limitation", []))


@cache
def known_here() -> tuple[Limitation, ...]:
    """The limitations that are known of the installed versions."""
    installed = versions()
    return tuple(one for one in known() if one.current(installed))


def limitation(entry: dict[str, Any]) -> Limitation:
    """A limitation from its entry in the file."""
    return Limitation(**entry | {"modes": tuple(entry["modes"]), "dtypes": tuple(entry["dtypes"])})


def page() -> str:
    """docs/limitations.md: the registry, to be read."""
    lines = [
        "# Known limitations of the frameworks",
        "",
        "Generated by `scripts/report.py` from `crosscheck/verification/limitations.toml`.",
        "`crosscheck verify` calls a check that fails within one of these limited: neither passed nor",
        "failed. A limitation that it looked for and did not meet is told.",
        "",
        'Where: technique/case and check, as regular expressions. Modes: "by itself" is where none was asked',
        "for. At most: how many times its allowance a check may be off; inf: a yes-or-no check; refused:",
        "there is no result at all. Since: the earliest supported version that has it.",
        "",
        "| name | where | precision | modes | what | at most | since |",
        "|---|---|---|---|---|---:|---|",
    ]
    for one in known():
        modes = ", ".join(mode or "by itself" for mode in one.modes)
        most = "refused" if one.kind == "refused" else f"{one.at_most:g} x allowed"
        where = f"{one.framework}: `{one.cases}`, `{one.checks}`".replace("|", "\\|")
        cells = (one.name, where, ", ".join(one.dtypes), modes, one.what, most, one.known_since)
        lines.append(f"| {' | '.join(cells)} |")
    lines += [
        "",
        "These are refused before anything is begun:",
        "",
        "| framework | mode | where | why | instead |",
    ]
    lines += ["|---|---|---|---|---|"]
    lines += [f"| {r.framework} | {r.mode or 'any'} | {r.where} | {r.why} | {r.instead} |" for r in REFUSALS]
    return "\n".join(lines) + "\n"


def marked(row: Row, limitations: Sequence[Limitation]) -> Row:
    """The row, as limited if a limitation explains how it failed."""
    for limitation in limitations:
        if limitation.explains(row):
            found = replace(row.comparison, verdict="limited", note=f"{limitation.name}: {limitation.what}")
            return replace(row, comparison=found)
    return row


def summary(rows: Iterable[Row]) -> list[str]:
    """A line for each limitation that was met; rows as `marked`."""
    rows = list(rows)
    notes = Counter(row.comparison.note for row in rows if row.comparison.verdict == "limited")
    looked = {
        note: sum(one.looks_at(row) for row in rows)
        for note in notes
        for one in known()
        if one.name == note.partition(":")[0]
    }
    return [
        f"known limitation in {count} of {looked.get(note, count)} checks: {note}"
        for note, count in notes.items()
    ]


def not_met(rows: Iterable[Row], limitations: Sequence[Limitation]) -> list[Limitation]:
    """Limitations that some row might have met, and none did; rows as `marked`."""
    rows = list(rows)
    met = {row.comparison.note.partition(":")[0] for row in rows if row.comparison.verdict == "limited"}
    return [one for one in limitations if one.name not in met and any(one.looks_at(row) for row in rows)]
