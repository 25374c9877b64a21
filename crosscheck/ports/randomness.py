"""Models that give other numbers each time: they are run twice."""

import numpy as np

from crosscheck.errors import CrosscheckError
from crosscheck.ports.program import Node, Program, Trace

# Whether the steps are the model's, in any precision; not how well they are computed.
LIKE = 1e-4


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


def require_faithful(program: Program, run: Trace, real: list[np.ndarray]) -> None:
    """Refuse a model whose recorded steps do not give what its own call gives.

    Raises:
        CrosscheckError: code of the user's asks tensors for something that only numbers can answer.
    """
    for number, array in zip(program.outputs, real, strict=True):
        kind = array.dtype.kind == "f"
        close = array.shape == run.values[number].shape and np.allclose(
            run.values[number], array, rtol=LIKE, atol=LIKE * _size(array), equal_nan=kind
        )
        if not close:
            raise CrosscheckError(
                f"{program.side}: its own call gives something else than its steps one by one: the code "
                "asks tensors for what only numbers can say (==, if, int); write that with keras.ops"
            )


def _size(array: np.ndarray) -> float:
    finite = array[np.isfinite(array)] if array.dtype.kind == "f" else array
    return float(np.sqrt(np.mean(np.square(finite)))) if finite.size else 0.0
