"""Which call of a layer is which, where layers are used more than once."""

import numpy as np
import scipy  # loads scipy.optimize when it is first used

from crosscheck.ports.divergence import TOLERANCE, apart, in_keras_order
from crosscheck.ports.leftovers import LayerPair
from crosscheck.ports.program import Node, Program, Trace
from crosscheck.ports.words import ACTIVATIONS

# Steps that only cut something off, or put it elsewhere.
CUTTING = ("crop", "getitem", "slice", "pad", "reshape", "squeeze")
RECURRENT = ("lstm", "gru", "rnn")


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
    _, order = scipy.optimize.linear_sum_assignment(np.array(errors))
    return [keras[index] for index in order]


def _result(node: Node, program: Program) -> int:
    """The tensor that a layer gives, or the one behind the activation inside it."""
    while node.outputs[0] < 0:
        node = program.nodes[node.number + 1]
    return node.outputs[0]


def states_of(calls: list[LayerPair]) -> dict[int, int]:
    """The last states of recurrent layers, where Keras' returns them: PyTorch's by Keras'."""
    found: dict[int, int] = {}
    for pair in calls:
        if pair.torch.kind in RECURRENT:
            found |= dict(zip(pair.keras.outputs[1:], pair.torch.outputs[1:], strict=False))
    return found


def ends_of(pair: LayerPair, torch: Program, keras: Program, values: tuple[Trace, Trace]) -> tuple[int, int]:
    """Tensors of either side that should be equal: behind the activation, if that is in Keras' layer."""
    # PORT: PyTorch's recurrent layers always return the sequence, Keras' the last state unless asked.
    last = pair.torch.kind in RECURRENT and not pair.keras.settings["sequences"]
    number, layer = pair.torch.outputs[1 if last else 0], pair.keras
    while layer.outputs[0] < 0:
        layer = keras.nodes[layer.number + 1]
        users = torch.users(number)
        if len(users) == 1 and users[0].kind in ACTIVATIONS:
            number = users[0].outputs[0]
    # What one side cuts off, the other may not have made: the tensor behind the cutting is compared.
    for one in torch.behind(number, CUTTING):
        for two in keras.behind(layer.outputs[0], CUTTING):
            a, b = values[0].values[one], values[1].values[two]
            if in_keras_order(a, b.shape, b).shape == b.shape:
                return one, two
    return number, layer.outputs[0]
