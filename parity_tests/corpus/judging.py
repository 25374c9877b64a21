"""Whether what the comparison says of a port is what is wrong with it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crosscheck.environment import machine, revision, versions
from crosscheck.errors import CrosscheckError
from crosscheck.ports import inputs
from crosscheck.ports.comparison import Ports
from crosscheck.ports.report import Finding, Report, examine, where
from crosscheck.sides import Sides

from .entries import Mistake, Pair


@dataclass(frozen=True)
class Judgement:
    """What was right about the answer to a port with mistakes.

    Attributes:
        detected: it was called different.
        located: the first divergence is where the first mistake is.
        named: every mistake is among the causes.
        said: the first divergence and its cause.
    """

    detected: bool
    located: bool
    named: bool
    said: str

    @property
    def marks(self) -> str:
        """The three in short."""
        return " ".join("yes" if right else "NO" for right in (self.detected, self.located, self.named))


KEYS = ("right", "right_equal", "mistakes", "detected", "located", "named")
# What is asked for: shares of the mistakes.
TARGETS = {"detected": 1.0, "located": 0.95, "named": 0.9}


class Score:
    """Counts of each family of models.

    Args:
        backend: Keras'.
    """

    def __init__(self, backend: str) -> None:
        self.backend = backend
        self.families: dict[str, dict[str, int]] = {}
        self.recipes: dict[str, int] = {}

    def right(self, pair: Pair, answer: str) -> None:
        """A right port was compared."""
        counts = self._of(pair)
        counts["right"] += 1
        counts["right_equal"] += answer == "equal"

    def mistake(self, pair: Pair, judgement: Judgement) -> None:
        """A port with mistakes was compared."""
        counts = self._of(pair)
        counts["mistakes"] += 1
        for key in TARGETS:
            counts[key] += getattr(judgement, key)

    def _of(self, pair: Pair) -> dict[str, int]:
        name = Path(pair.torch.partition(":")[0]).stem.removesuffix("_torch")
        return self.families.setdefault(name, dict.fromkeys(KEYS, 0))

    @property
    def total(self) -> dict[str, int]:
        return {key: sum(counts[key] for counts in self.families.values()) for key in KEYS}

    @property
    def good(self) -> bool:
        """Whether every target is met."""
        found = [(counts, share) for counts in (self.total, self.recipes) for share in TARGETS.items()]
        met = all(c[key] >= share * c["mistakes"] for c, (key, share) in found if key in c)
        return met and all(c["right"] == c["right_equal"] for c in (self.total, self.recipes) if c)

    def lines(self) -> list[str]:
        """The shares."""
        both = ("ports", self.total), ("training recipes", self.recipes)
        return [
            f"{c['right_equal']} of {c['right']} right {what} called equal; of {c['mistakes']} mistakes "
            + ", ".join(f"{c[key]} {key}" for key in TARGETS if key in c)
            for what, c in both
            if c
        ]

    def as_json(self) -> dict[str, Any]:
        """The counts, and what they were made with."""
        facts = {
            "backend": self.backend,
            "versions": versions(),
            "machine": machine(),
            "revision": revision(),
        }
        return facts | {"families": self.families, "total": self.total, "recipes": self.recipes}


def label(pair: Pair) -> str:
    """The two functions, without their folder."""
    return f"{Path(pair.torch).name} {Path(pair.keras).name}"


def examined(sides: Sides, pair: Pair) -> Report:
    """The whole comparison of a pair."""
    return examine(Ports(sides, pair.torch, pair.keras, inputs.read(pair.inputs)))


def judge_right(sides: Sides, pair: Pair) -> str:
    """ "equal", or what is said otherwise: that it is so in evaluation mode alone is not enough."""
    try:
        report = examined(sides, pair)
    except CrosscheckError as error:
        return f"could not be compared: {error}"
    return report.verdict if report.equal else " ".join(report.lines())


def judge(sides: Sides, *mistakes: Mistake) -> Judgement:
    """What is said of a port, against what is wrong with it."""
    try:
        report = examined(sides, mistakes[0].pair)
    except CrosscheckError as error:
        return Judgement(True, False, False, f"could not be compared: {error}")
    if report.equal:
        return Judgement(False, False, False, "equal")
    first = report.findings[0] if report.findings else None
    causes = {name for finding in report.findings for name in finding.identifiers}
    named = [where(first)] if first else []
    if isinstance(first, Finding) and first.between:  # it says between which layers the fault is
        named += [*first.at, *(torch for torch, _ in first.behind)]
    return Judgement(
        True,
        any(found == w or found.startswith(f"{w}.") for w in mistakes[0].where for found in named),
        all(causes & set(mistake.cause) for mistake in mistakes),
        f"{', '.join(named[:2])}: {', '.join(first.identifiers) if first else ''}",
    )
