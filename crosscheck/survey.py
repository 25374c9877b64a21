"""The techniques verified in every way that the frameworks execute them, into one file of results."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crosscheck import commands
from crosscheck.compare import PASSES
from crosscheck.environment import BACKENDS, versions
from crosscheck.modes import MIXED, MODES, framework

CIRCUMSTANCES = ("versions", "machine", "revision")
COLUMNS = ("checks", *PASSES, "limited", "failed")


@dataclass(frozen=True)
class Way:
    """A way of executing the models.

    Attributes:
        backend: of Keras.
        options: of `crosscheck verify` besides, such as ("--torch-mode", "compile").
    """

    backend: str
    options: tuple[str, ...] = ()

    def __str__(self) -> str:
        return " ".join(("--backend", self.backend, *self.options))


def ways() -> list[Way]:
    """All of them: each backend by itself and in each of its modes, PyTorch compiled, mixed precision."""
    found = [Way(backend) for backend in BACKENDS]
    found.append(Way("tensorflow", ("--torch-mode", "compile")))
    for backend in BACKENDS:
        modes = MODES[framework("keras", backend)]
        found += [Way(backend, ("--keras-mode", mode)) for mode in modes if len(modes) > 1]
    return [*found, *(Way(backend, ("--dtype", MIXED)) for backend in BACKENDS)]


def verified(rows: Path, *options: str) -> dict[str, Any]:
    """What `crosscheck verify` writes with these options; what is there already is taken.

    Raises:
        CrosscheckError: it broke off.
    """
    if not rows.exists():
        # Status 1: something differs, which is a result. What broke off (2) is not to be taken for whole,
        # nor is what such a one had left.
        partial = rows.with_suffix(".partial")
        partial.unlink(missing_ok=True)
        commands.crosscheck("verify", *options, "--json", partial, fine=(0, 1))
        partial.rename(rows)
    found: dict[str, Any] = json.loads(rows.read_text())
    return found


def survey(facts: dict[str, Any], folder: Path) -> Iterator[dict[str, Any]]:
    """Verify in every way that is not known yet.

    Args:
        facts: what is known; what other versions of the packages showed is done again.
        folder: where the rows are kept until the way is whole.

    Yields:
        what is known so far, after every way.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for way in ways():
        known = facts.get(str(way))
        if known and known["versions"] == versions():
            continue
        rows = folder / "rows.json"
        rows.unlink(missing_ok=True)
        found = verified(rows, "--backend", way.backend, *way.options)
        facts = facts | {str(way): summary(found["rows"]) | {key: found[key] for key in CIRCUMSTANCES}}
        yield facts


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """How many checks there were and how they ended, and those that failed; a limitation is no failure."""
    fine = (*PASSES, "limited")
    return {
        "checks": len(rows),
        "verdicts": dict(Counter(row["verdict"] for row in rows)),
        "failed": [row for row in rows if row["verdict"] not in fine],
    }


def table(facts: dict[str, Any]) -> str:
    """The survey in Markdown, a row for every way; a way that was not verified is said to be so."""
    lines = ["| `crosscheck verify` with | " + " | ".join(name.replace("_", " ") for name in COLUMNS) + " |"]
    lines.append("|---|" + "---:|" * len(COLUMNS))
    for way in map(str, ways()):
        known = facts.get(way)
        cells = ["not run"] * len(COLUMNS)
        if known:
            counts = [known["verdicts"].get(verdict, 0) for verdict in (*PASSES, "limited")]
            counts = [known["checks"], *counts, len(known["failed"])]
            cells = [f"{count:,}" for count in counts]
        lines.append(f"| `{way}` | " + " | ".join(cells) + " |")
    return "\n".join([*lines, "", _circumstances([facts[str(way)] for way in ways() if str(way) in facts])])


def _circumstances(known: list[dict[str, Any]]) -> str:
    if not known:
        return ""
    versions_of = dict.fromkeys(", ".join(f"{n} {v}" for n, v in one["versions"].items()) for one in known)
    machines, revisions = (dict.fromkeys(one[key] for one in known) for key in ("machine", "revision"))
    return f"{'; '.join(versions_of)}; {'; '.join(machines)}; revision {', '.join(revisions)}."
