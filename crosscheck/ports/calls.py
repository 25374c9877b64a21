"""Which call of a layer is which, where layers are used more than once."""

import numpy as np
from scipy.optimize import linear_sum_assignment

from crosscheck.ports.divergence import TOLERANCE, apart
from crosscheck.ports.leftovers import LayerPair
from crosscheck.ports.program import Node, Program, Trace


def calls_of(pair: LayerPair, torch: Program, keras: Program, values: tuple[Trace, Trace]) -> list[LayerPair]:
    """Every call of the two layers, in their order: a layer may be used more than once.

    Args:
        pair: the layers.
        torch: the one program.
        keras: the other.
        values: of their runs.
    """
    if pair.mismatch == "sharing.parameters":
        return [pair]
    mine, theirs = torch.calls(pair.torch), keras.calls(pair.keras)
    if len(mine) != len(theirs) and min(len(mine), len(theirs)) == 1 and not pair.mismatch:
        return []  # one call on several inputs together: what is behind them is compared
    if len(mine) == len(theirs) > 1:
        theirs = _in_order_of(mine, theirs, keras, values)
    return [LayerPair(a, b, pair.mismatch) for a, b in zip(mine, theirs, strict=False)]


def _in_order_of(
    torch: list[Node], keras: list[Node], program: Program, values: tuple[Trace, Trace]
) -> list[Node]:
    """Keras' calls of a layer in the order of PyTorch's, by what they give: either may come first."""
    given = [values[1].values[_result(node, program)] for node in keras]
    errors = [[min(1e9, apart(values[0].values[a.outputs[0]], array)) for array in given] for a in torch]
    if max(errors[index][index] for index in range(len(torch))) <= TOLERANCE:
        return keras
    _, order = linear_sum_assignment(np.array(errors))
    return [keras[index] for index in order]


def _result(node: Node, program: Program) -> int:
    """The tensor that a layer gives, or the one behind the activation inside it."""
    while node.outputs[0] < 0:
        node = program.nodes[node.number + 1]
    return node.outputs[0]
