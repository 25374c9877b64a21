"""How long calls take, measured so that a change of the machine's mood hits all of them alike."""

from collections.abc import Callable, Sequence
from statistics import median
from time import perf_counter
from typing import Any


def alternating(calls: Sequence[Callable[[], Any]], rounds: int) -> list[list[float]]:
    """Seconds of each call in each round; the calls take turns, and the first two rounds do not count."""
    seconds: list[list[float]] = [[] for _ in calls]
    for number in range(-2, rounds):
        for call, found in zip(calls, seconds, strict=True):
            start = perf_counter()
            call()
            if number >= 0:
                found.append(perf_counter() - start)
    return seconds


def ratio(first: Sequence[float], second: Sequence[float]) -> tuple[float, float, float]:
    """How many times as long the first takes: the median over the rounds, and the middle half."""
    ratios = sorted(a / b for a, b in zip(first, second, strict=True))
    quarter = len(ratios) // 4
    return median(ratios), ratios[quarter], ratios[-1 - quarter]
