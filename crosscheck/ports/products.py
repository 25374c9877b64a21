"""Products of two tensors: gates and matrices; see `relations`."""

from itertools import combinations, permutations

import numpy as np

from crosscheck.ports.parting import FUNCTIONS, MOST, Parting, same

GATING = {
    "itself": lambda x: x,
    **{name: FUNCTIONS[name] for name in ("sigmoid", "tanh", "relu", "gelu", "silu")},
}


def gates(parting: Parting) -> tuple[str, str] | None:
    """One tensor times a function of another, or two halves of one, as a gated linear unit has it."""
    shape = parting.torch.shape
    halves = [
        np.split(o.value, 2, axis)
        for o in parting.operands
        for axis in range(1, o.value.ndim)
        if o.value.size == 2 * parting.torch.size and o.value.shape[axis] == 2 * shape[axis : axis + 1][0]
    ]
    alike = [o.value for o in parting.operands if o.value.shape == shape][:MOST]
    for one, two in [*halves, *combinations(alike, 2)]:
        if one.shape != shape:
            continue
        ways = {
            (first, second): f(one) * g(two) for first, f in GATING.items() for second, g in GATING.items()
        }
        mine = next((way for way, value in ways.items() if same(value, parting.torch)), None)
        theirs = next((way for way, value in ways.items() if same(value, parting.keras)), None)
        if mine and theirs and mine != theirs:
            said = (
                f"keras multiplies {theirs[0]} and {theirs[1]} of two tensors, torch {mine[0]} and {mine[1]}"
            )
            if mine == theirs[::-1]:
                return "glue.order", said
            count = [sum(name != "itself" for name in way) for way in (mine, theirs)]
            extra = "activation.extra" if count[0] < count[1] else "activation.missing"
            return ("activation.kind" if count[0] == count[1] else extra), said
    return None


def products(parting: Parting) -> tuple[str, str] | None:
    """A product with a matrix that is transposed."""
    arrays = [o.value for o in parting.operands if o.value.ndim > 1][:MOST]
    for x, matrix in permutations(arrays, 2):
        if matrix.shape[-1] != matrix.shape[-2]:
            continue
        for a in (x, np.swapaxes(x, -1, -2)):
            try:
                plain, turned = a @ matrix, a @ np.swapaxes(matrix, -1, -2)
            except ValueError:
                continue
            ways = [(plain, turned), (turned, plain)]
            ways += [(np.swapaxes(b, -1, -2), np.swapaxes(c, -1, -2)) for b, c in ways]
            if any(same(b, parting.torch) and same(c, parting.keras) for b, c in ways):
                return "axes.swapped", "keras multiplies by the matrix transposed"
    return None
