"""Relative errors as they are said, to people and to programs."""

import numpy as np


def for_json(value: float) -> float | None:
    """A figure for JSON, which knows no infinity."""
    return float(value) if np.isfinite(value) else None


def counted(number: int, thing: str) -> str:
    """So many things: "1 pair", "2 pairs"."""
    return f"{number} {thing}{'' if number == 1 else 's'}"


def figure(value: float) -> str:
    """A relative error as it is said."""
    odd = "of another shape, or not finite, and so not to be said how far"
    return f"{value:.1e}" if np.isfinite(value) else odd
