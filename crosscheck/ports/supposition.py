"""A hypothesis about what trains a Keras port otherwise, which can be tried out in PyTorch."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from crosscheck.ports.recipe import Recipe


@dataclass(frozen=True)
class Supposition:
    """One thing that trains the two models otherwise.

    Attributes:
        identifier: such as "adam.epsilon".
        text: what is so in Keras, and what in PyTorch.
        change: a recipe of PyTorch's into one that has this as Keras does; None if PyTorch cannot do it.
        of_frameworks: whether it is so in any port, whatever the user does.
    """

    identifier: str
    text: str
    change: Callable[[Recipe], Recipe] | None
    of_frameworks: bool = False


def differs(what: str, torch: Any, keras: Any) -> str:
    """Both values of something, in words."""
    return f"{what} is {_shown(keras)} in keras and {_shown(torch)} in torch"


def some(names: list[str]) -> str:
    """A few of them, and how many more there are."""
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return f"({', '.join(map(_shown, value))})"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
