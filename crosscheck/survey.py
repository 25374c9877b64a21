"""The techniques verified in every mode of either framework, into one file of results."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crosscheck import commands
from crosscheck.compare import PASSES
from crosscheck.environment import BACKENDS, versions
from crosscheck.errors import CrosscheckError
from crosscheck.modes import MIXED, MODES, framework

CIRCUMSTANCES = ("versions", "machine", "revision")
COLUMNS = ("checks", *PASSES, "limited", "failed", "revision")


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
    """Each backend by itself, in each of its modes and in mixed precision; PyTorch compiled, once."""
    found = [Way(backend) for backend in BACKENDS]
    found.append(Way("tensorflow", ("--torch-mode", "compile")))
    for backend in BACKENDS:
        modes = MODES[framework("keras", backend)]
        found += [Way(backend, ("--keras-mode", mode)) for mode in modes if len(modes) > 1]
    return [*found, *(Way(backend, ("--dtype", MIXED)) for backend in BACKENDS)]


def verified(rows: Path, *options: str) -> dict[str, Any]:
    """What `crosscheck verify` writes with these options; what is there already is taken.

    Raises:
        CrosscheckError: it broke off, or wrote nothing.
    """
    if not rows.exists():
        # Status 1: something differs, which is a result. What broke off (2) is not to be taken for whole,
        # nor is what such a one had left.
        partial = rows.with_suffix(".partial")
        partial.unlink(missing_ok=True)
        commands.crosscheck("verify", *options, "--json", partial, fine=(0, 1))
        if not partial.exists():
            raise CrosscheckError("crosscheck verify wrote no rows; see above")
        partial.rename(rows)
    found: dict[str, Any] = json.loads(rows.read_text())
    return found


def read(file: Path) -> dict[str, Any]:
    """What a file of results holds; nothing if it is not there yet.

    Raises:
        CrosscheckError: it holds something else.
    """
    try:
        found: dict[str, Any] = json.loads(file.read_text())
        if all(known.keys() >= {"checks", "verdicts", "failed", *CIRCUMSTANCES} for known in found.values()):
            return found
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError):
        pass
    raise CrosscheckError(f"{file}: holds no results of a survey")


def failed(facts: dict[str, Any]) -> int:
    """How many checks failed, of all ways."""
    return sum(len(facts[str(way)]["failed"]) for way in ways() if str(way) in facts)


def survey(facts: dict[str, Any], folder: Path) -> Iterator[dict[str, Any]]:
    """Verify in every way that is not known yet.

    Args:
        facts: what is known, of whatever revision; what other versions of the packages showed is done again.
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
            cells = [*(f"{count:,}" for count in counts), known["revision"]]
        lines.append(f"| `{way}` | " + " | ".join(cells) + " |")
    return "\n".join([*lines, "", _circumstances([facts[str(way)] for way in ways() if str(way) in facts])])


def _circumstances(known: list[dict[str, Any]]) -> str:
    if not known:
        return ""
    versions_of = dict.fromkeys(", ".join(f"{n} {v}" for n, v in one["versions"].items()) for one in known)
    machines = dict.fromkeys(one["machine"] for one in known)
    return f"{'; '.join(versions_of)}; {'; '.join(machines)}."
