"""Whether the recorded steps of a model give what its own call gives."""

import numpy as np

from crosscheck.errors import CrosscheckError
from crosscheck.ports.program import Program, Trace

# Whether the steps are the model's, in any precision; not how well they are computed.
LIKE = 1e-4
# Tensors that are named.
NAMED = 6


def require_faithful(program: Program, run: Trace, real: list[np.ndarray]) -> None:
    """Refuse a model whose recorded steps do not give what its own call gives.

    Raises:
        CrosscheckError: they do not; the message says at which output first, and how far they are apart.
    """
    for place, (number, array) in enumerate(zip(program.outputs, real, strict=True), 1):
        recorded = run.values[number]
        same = array.shape == recorded.shape
        limit = LIKE * _size(array)
        if same and np.allclose(recorded, array, rtol=LIKE, atol=limit, equal_nan=array.dtype.kind == "f"):
            continue
        apart = f"up to {_apart(recorded, array):.1e} of its size" if same else "even in shape"
        makers = program.makers()
        made = f", made by {makers[number]}," if number in makers else ""
        raise CrosscheckError(
            f"{program.side}: its own call gives something else than its recorded steps one by one: "
            f"output {place} of {len(real)}{made} differs {apart}; the record does not see code that asks "
            "tensors for what only numbers can say (==, if, int), or that calls the backend itself"
        )


def _apart(recorded: np.ndarray, real: np.ndarray) -> float:
    one, two = (
        np.nan_to_num(array.astype(np.float64), posinf=np.inf, neginf=-np.inf) for array in (recorded, real)
    )
    with np.errstate(invalid="ignore"):
        difference = np.where(one == two, 0.0, np.abs(one - two))
    return float(np.max(difference, initial=0.0) / (_size(real) or 1.0))


def _size(array: np.ndarray) -> float:
    finite = array[np.isfinite(array)] if array.dtype.kind == "f" else array
    return float(np.sqrt(np.mean(np.square(finite.astype(np.float64))))) if finite.size else 0.0


def require_known(program: Program) -> None:
    """Refuse a model with layers whose tensors no description covers and that cannot be opened either.

    Raises:
        CrosscheckError: it has some; the message names the tensors.
    """
    if program.unknown:
        names = ", ".join(program.unknown[:NAMED]) + (" ..." if len(program.unknown) > NAMED else "")
        raise CrosscheckError(f"{program.side}: layers of these tensors are not known yet: {names}")
