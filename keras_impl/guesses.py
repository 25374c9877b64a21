"""What layers of the user's own are, by the shapes of their variables; see `kinds.describe`."""

from typing import Any

import keras

from crosscheck.ports.program import Own

# PORT: Keras' gates are z, r, h in a GRU, PyTorch's r, z, n; both have i, f, c (PyTorch: g), o in an LSTM.
GATES = {"lstm": ("i", "f", "c", "o"), "gru": ("z", "r", "h"), "rnn": ("h",)}


def gates_of(cell: Any, kind: str, names: tuple[str, ...]) -> dict[str, Own]:
    """The tensors of each gate: they lie side by side in one variable.

    Args:
        cell: that holds them.
        kind: "lstm", "gru" or "rnn".
        names: of its kernel, its recurrent kernel and, if it has one, its bias.
    """
    kernel, recurrent, *bias = names
    units, held = getattr(cell, recurrent).shape[0], {}
    for index, gate in enumerate(GATES[kind]):
        columns = slice(index * units, (index + 1) * units)
        held[f"kernel_{gate}"] = Own(kernel, "dense.kernel", (slice(None), columns))
        held[f"recurrent_{gate}"] = Own(recurrent, "dense.kernel", (slice(None), columns))
        if not bias:
            continue
        twice = len(getattr(cell, bias[0]).shape) == 2
        held[f"bias_{gate}"] = Own(bias[0], "dense.bias", (0, columns) if twice else (columns,))
        if twice:
            held[f"recurrent_bias_{gate}"] = Own(bias[0], "dense.bias", (1, columns))
    return held


def guessed(layer: keras.Layer) -> tuple[str, dict[str, Any], dict[str, Own]] | None:
    """What a layer of the user's own is, by the shapes of its variables; whether it does so is compared.

    Only where that leaves no doubt: a recurrent layer or cell, or a two-dimensional convolution.
    """
    if layer._flatten_layers(include_self=False) and any(layer._flatten_layers(include_self=False)):
        return None
    names = {
        id(variable): name for name, variable in vars(layer).items() if isinstance(variable, keras.Variable)
    }
    own = [(names[id(v)], tuple(v.shape)) for v in layer.variables if id(v) in names]
    if len(own) != len(layer.variables) or not own:
        return None
    shapes = [shape for _, shape in own]
    if len(own) in (2, 3) and len(shapes[0]) == len(shapes[1]) == 2 and shapes[0][1] == shapes[1][1]:
        units, several = shapes[1][0], shapes[1][1] // shapes[1][0]
        kind = {4: "lstm", 3: "gru"}.get(several)
        fits = shapes[1][1] == several * units and (len(own) == 2 or shapes[2][-1] == several * units)
        if kind and fits and units > 1:
            settings = {"sequences": True, "reverse": False}
            return kind, settings, gates_of(layer, kind, tuple(name for name, _ in own))
    if len(shapes[0]) == 4 and (len(own) == 1 or shapes[1:] == [shapes[0][-1:]]):
        roles = {
            role: Own(name, f"conv2d.{role}")
            for role, (name, _) in zip(("kernel", "bias"), own, strict=False)
        }
        return "conv2d", {}, roles
    return None
