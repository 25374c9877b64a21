"""The whole corpus, compared family by family, and counted."""

import json
from pathlib import Path
from typing import Any

from crosscheck import checkpoint, console
from crosscheck.environment import machine, revision, versions
from crosscheck.sides import Sides

from .catalogue import CORRECT, DOUBLES, MISTAKES
from .entries import Pair
from .judging import Judgement, family, judge, judge_right, label

KEYS = ("right", "right_equal", "mistakes", "detected", "located", "named")
# What is asked for: shares of the mistakes.
TARGETS = {"detected": 1.0, "located": 0.95, "named": 0.9}


class Score:
    """Counts of each family of models.

    Args:
        backend: Keras'.
        kept: a file of the counts of whole families, which are taken from it, and written there by `keep`.
    """

    def __init__(self, backend: str, kept: Path | None = None) -> None:
        self.backend, self.kept = backend, kept
        self.families: dict[str, dict[str, int]] = {}
        self.recipes: dict[str, int] = {}
        if kept and kept.exists():
            self.families = json.loads(kept.read_text())

    def keep(self) -> None:
        """Write the counts down: what is counted by now is not done again."""
        if self.kept:
            self.kept.parent.mkdir(parents=True, exist_ok=True)
            checkpoint.write_text(self.kept, json.dumps(self.families) + "\n")

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
        return self.families.setdefault(family(pair), dict.fromkeys(KEYS, 0))

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


def compare_families(sides: Sides, score: Score, only: str = "", right: bool = False) -> None:
    """Compare every family that is not counted yet, and print a line for each port.

    Args:
        sides: both frameworks.
        score: where they are counted.
        only: ports whose name holds this.
        right: the right ones alone.
    """
    for name in [name for name in dict.fromkeys(map(family, CORRECT)) if name not in score.families]:
        for pair in (pair for pair in CORRECT if family(pair) == name and only in label(pair)):
            answer = judge_right(sides, pair)
            score.right(pair, answer)
            console.say(f"{'right port':12} {label(pair):70} {answer}")
        for mistakes in () if right else (*((m,) for m in MISTAKES), *DOUBLES):
            if family(mistakes[0].pair) == name and only in label(mistakes[0].pair):
                verdict = judge(sides, *mistakes)
                score.mistake(mistakes[0].pair, verdict)
                planted = "; ".join(f"{', '.join(m.where)}: {', '.join(m.cause)}" for m in mistakes)
                found = f"{verdict.marks:12} {label(mistakes[0].pair):70} {verdict.said}"
                console.say(f"{found} (planted: {planted})")
        score.keep()
