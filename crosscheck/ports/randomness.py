"""Models that give other numbers each time: they are run twice."""

import numpy as np

from crosscheck.errors import CrosscheckError
from crosscheck.ports.program import Node, Program, Trace


def first_unstable(program: Program, runs: tuple[Trace, Trace]) -> Node | None:
    """The first step of a program whose result is not the same twice; NaN is the same as NaN here."""
    one, two = runs
    for node in program.nodes:
        for number in node.outputs:
            if number in one.values and not np.array_equal(
                one.values[number], two.values[number], equal_nan=one.values[number].dtype.kind == "f"
            ):
                return node
    return None


def require_stable(program: Program, runs: tuple[Trace, Trace]) -> None:
    """Refuse a model that gives other numbers each time.

    Raises:
        CrosscheckError: it does; the message names the first step.
    """
    node = first_unstable(program, runs)
    if node is not None:
        raise CrosscheckError(
            f"{program.side}: {node} gives other numbers each time, in evaluation mode, on the same input; "
            "make it deterministic to compare the models"
        )
