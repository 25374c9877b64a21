"""The lower precision that a model asks for, and is not given, so that nothing but rounding is left out."""

from collections.abc import Mapping


def notes(asked: Mapping[str, str], dtype: str = "float64") -> list[str]:
    """What is said of it.

    Args:
        asked: the precision, by side; "" if there is none.
        dtype: that it is given.
    """
    return [
        f"{side} asks for {what}: compared in {dtype}, as all is." for side, what in asked.items() if what
    ]
