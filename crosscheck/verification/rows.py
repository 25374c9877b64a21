"""One row for every single thing that was checked."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from crosscheck.compare import Comparison

Finding = tuple[str, Comparison]


@dataclass(frozen=True)
class Row:
    """A check of a case in one precision, and its outcome.

    Attributes:
        technique, case, check: what was checked, such as "gradient/fc1.kernel".
        dtype: "float64" or "float32".
        backend: Keras'.
        device: "cpu" or "cuda".
        comparison: the verdict, with error and allowance.
        modes: in which PyTorch and Keras were asked to execute; "" is what suits the work.
    """

    technique: str
    case: str
    check: str
    dtype: str
    backend: str
    device: str
    comparison: Comparison
    modes: tuple[str, str] = ("", "")

    @property
    def passed(self) -> bool:
        return self.comparison.passed

    def as_json(self) -> dict[str, Any]:
        """Plain data; numbers that JSON cannot hold (NaN, infinity) become null."""
        found = self.comparison
        return {
            "technique": self.technique,
            "case": self.case,
            "check": self.check,
            "dtype": self.dtype,
            "backend": self.backend,
            "device": self.device,
            "modes": list(self.modes),
            "error": _number(found.error),
            "allowed": _number(found.allowed),
            "used": _number(found.used),
            "verdict": found.verdict,
            "note": found.note,
        }


def failures(rows: Iterable[Row]) -> list[Row]:
    """The rows that are no pass, and not for a known limitation."""
    return [row for row in rows if not row.passed and row.comparison.verdict != "limited"]


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
