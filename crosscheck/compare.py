"""Arrays in, verdict out.

An element differs only if it exceeds its allowance. NaN or infinity on either side is a verdict of
its own and never a pass; neither is an empty array, another shape or another dtype. Nothing is
sorted, averaged, broadcast or permuted before it is compared.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

Verdict = Literal["equal", "within_rounding", "different", "nan", "failed", "limited"]
PASSES: tuple[Verdict, ...] = ("equal", "within_rounding")


@dataclass(frozen=True)
class Comparison:
    """What comparing two arrays showed.

    Attributes:
        verdict: see `Verdict`.
        error: absolute difference at the element that used most of its allowance.
        allowed: the allowance of that element.
        note: one line for people; where the worst element is, or why nothing could be compared.
    """

    verdict: Verdict
    error: float
    allowed: float
    note: str = ""

    @property
    def passed(self) -> bool:
        return self.verdict in PASSES

    @property
    def used(self) -> float:
        """Share of the allowance that was used: 1 is all of it."""
        if self.error == 0:
            return 0.0
        return self.error / self.allowed if self.allowed > 0 else float("inf")


def failed(note: str) -> Comparison:
    """Nothing could be compared: never a pass, never skipped."""
    return Comparison("failed", float("nan"), 0.0, note)


def holds(condition: bool, otherwise: str) -> Comparison:
    """Judge a plain fact."""
    return Comparison("equal", 0.0, 0.0) if condition else failed(otherwise)


def compare(actual: np.ndarray, expected: np.ndarray, allowed: np.ndarray | float = 0.0) -> Comparison:
    """Judge two arrays, element by element.

    Args:
        actual: array of any shape.
        expected: array of the same shape and dtype.
        allowed: largest difference that counts as rounding; a number or an array of that shape.
    """
    actual, expected = np.asarray(actual), np.asarray(expected)
    allowance = np.asarray(allowed, np.float64)
    if actual.shape != expected.shape:
        return failed(f"shapes differ: {actual.shape} and {expected.shape}")
    if actual.dtype.kind == expected.dtype.kind == "U":
        return holds(bool((actual == expected).all()), f"{actual} instead of {expected}")
    if actual.dtype != expected.dtype:
        return failed(f"dtypes differ: {actual.dtype} and {expected.dtype}")
    if actual.size == 0:
        return failed("empty: there is nothing to compare")
    finite = np.isfinite(actual) & np.isfinite(expected)
    if not finite.all():
        where = _first(~finite)
        values = f"{actual[where]} and {expected[where]}"
        note = f"{(~finite).sum()} of {finite.size} not finite, first at {where}: {values}"
        return Comparison("nan", float("nan"), 0.0, note)
    if allowance.shape not in ((), actual.shape):
        return failed(f"the allowance has shape {allowance.shape}, the arrays {actual.shape}")
    if not (np.isfinite(allowance).all() and (allowance >= 0).all()):
        return failed("the allowance is not a finite number >= 0")
    if np.array_equal(actual, expected):
        return Comparison("equal", 0.0, float(np.max(allowance)))
    difference = np.abs(actual.astype(np.float64) - expected.astype(np.float64))
    allowance = np.broadcast_to(allowance, difference.shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(difference == 0, 0.0, difference / allowance)
    worst = np.unravel_index(int(np.argmax(ratio)), ratio.shape)
    over = int((difference > allowance).sum())
    note = ""
    if over:
        where = tuple(int(i) for i in worst)
        values = f"{actual[where]:.9g} and {expected[where]:.9g}"
        note = f"{over} of {difference.size} differ, most at {where}: {values}"
    verdict: Verdict = "different" if over else "within_rounding"
    return Comparison(verdict, float(difference[worst]), float(allowance[worst]), note)


def compare_count(actual: int, expected: int) -> Comparison:
    """Judge a whole number, which must be exact."""
    verdict: Verdict = "equal" if actual == expected else "different"
    note = "" if actual == expected else f"{actual:,} instead of {expected:,}"
    return Comparison(verdict, float(abs(actual - expected)), 0.0, note)


def _first(mask: np.ndarray) -> tuple[int, ...]:
    return tuple(int(i) for i in np.unravel_index(int(np.argmax(mask)), mask.shape))


def middle(found: Sequence[Comparison]) -> Comparison:
    """The middle one by what it used; what could not be compared at all is never outvoted."""
    for comparison in found:
        if comparison.verdict in ("nan", "failed"):
            return comparison
    return sorted(found, key=lambda comparison: comparison.used)[len(found) // 2]
