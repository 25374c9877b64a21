"""Recurrent layers: what Keras may do otherwise inside them, and behind them."""

from collections.abc import Iterator
from itertools import permutations

import numpy as np

from crosscheck.ports import identifiers
from crosscheck.ports.divergence import TOLERANCE
from crosscheck.ports.hypotheses import Hypothesis, Scene
from crosscheck.ports.program import Node, Program, Trace


def of_recurrence(layer: Node) -> Iterator[Hypothesis]:
    """Everything that could be otherwise in a layer."""
    kind, settings, step = layer.kind, layer.settings, layer.step
    gates = [role.removeprefix("kernel_") for role in layer.held if role.startswith("kernel_")]
    for order in list(permutations(gates))[1:]:
        text = f"keras' gates are in another order: {', '.join(order)} for {', '.join(gates)}"
        yield Hypothesis("recurrent.gate_order", text, step, (kind, settings | {"gates": order}))
    for name in ("activation", "recurrent_activation"):
        for other in ("tanh", "sigmoid", "relu", "hard_sigmoid", "linear"):
            if settings.get(name, other) != other:
                text = f"keras' {name} is {other}, torch's {settings[name]}"
                yield Hypothesis("recurrent.activation", text, step, (kind, settings | {name: other}))
    if kind == "lstm":
        text = "keras puts no tanh around the cell's state on the way out"
        yield Hypothesis("recurrent.activation", text, step, (kind, settings | {"output": "linear"}))
    if len(layer.inputs) > 1:
        text = "keras begins with states of zero, torch with states that come from before"
        zeros = kind, settings | {"states": "zero"}
        yield Hypothesis("glue.missing", text, step, zeros)
    text = "keras takes the time for the batch, and the batch for the time"
    yield Hypothesis("recurrent.time_axis", text, step, before=("swap", {"axes": (0, 1)}))
    text = "keras is given the sequence in reverse"
    yield Hypothesis("recurrent.direction", text, step, before=("flip", {"axis": (1,)}))
    text = "keras goes through the sequence in the other direction"
    turned = kind, settings | {"reverse": not settings["reverse"]}
    yield Hypothesis("recurrent.direction", text, step, turned)


def masked_recurrence(scene: Scene, keras: Trace) -> Iterator[Hypothesis]:
    """A mask that only Keras' layer is given: where it is False, a step is left out."""
    pair = scene.parted.place.pair
    if pair is None or identifiers.group(pair.torch.kind) != "recurrent":
        return
    for number in pair.keras.inputs:
        mask = keras.values[number]
        if mask.dtype.kind == "b" and mask.ndim == 2:
            text = (
                "keras leaves out the steps that its mask hides (mask_zero), torch goes through all of them"
            )
            for hidden in ("repeated", "zero"):  # what stands at the steps that are left out
                change = pair.torch.kind, pair.torch.settings | {"mask": mask, "hidden": hidden}
                yield Hypothesis("recurrent.mask", text, pair.torch.step, change)


def behind_recurrence(scene: Scene, program: Program, trace: Trace) -> Iterator[Hypothesis]:
    """Another step of a sequence than the one that PyTorch goes on with behind a recurrent layer."""
    place = scene.parted.place
    makers = program.makers()
    recurrent = [
        makers[n]
        for n in place.torch.begins
        if n in makers and identifiers.group(makers[n].kind) == "recurrent"
    ]
    if not recurrent:
        return
    layer = place.pair.torch if place.pair else None
    own = {layer.step} if layer and identifiers.group(layer.kind) == "recurrent" else set()
    lasts: dict[str, list[np.ndarray]] = {"last": [], "final": [], "first": [], "mean": [], "max": []}
    for node in {node.number: node for node in recurrent}.values():
        sequence, state = trace.values[node.outputs[0]], trace.values[node.outputs[1]]
        in_time = sequence[:, ::-1] if node.settings["reverse"] else sequence
        lasts["last"].append(in_time[:, -1])
        lasts["first"].append(in_time[:, 0])
        lasts["final"].append(state)
        lasts["mean"].append(in_time.mean(1))
        lasts["max"].append(in_time.max(1))
    said = {
        "last": "the last step of the sequence",
        "first": "the first step of the sequence",
        "final": "the final state of each direction",
        "mean": "the mean of the sequence",
        "max": "the maximum of the sequence",
    }
    ways = {
        name: [np.concatenate([parts[i] for i in order], -1) for order in permutations(range(len(parts)))]
        for name, parts in lasts.items()
    }
    made = [n for node in place.torch.nodes if node.step not in own for n in node.outputs]
    states = list(layer.inputs[1:]) if layer and own else []  # with which the next layer begins
    number, way = _picked([*made, *states], trace, ways)
    for name, arrays in ways.items():
        for index, joined in enumerate(arrays):
            if number is None or joined.shape != trace.values[number].shape:
                continue
            identifier, text = "recurrent.last_step", f"keras goes on with {said[name]}"
            text += f", torch with {said[way]}" if way else ", torch with something else"
            if {name, way} == {"mean", "max"}:
                identifier = "pooling.kind"
            if name == way:
                identifier, text = "glue.order", "keras joins the directions in another order"
            if index or name != way:
                steps = [n.step for n in place.torch.nodes if number in (*n.outputs, *n.inputs)]
                step = steps[0]
                yield Hypothesis(identifier, text, step, forced={number: joined})


def _picked(numbers: list[int], trace: Trace, ways: dict[str, list[np.ndarray]]) -> tuple[int | None, str]:
    """What PyTorch goes on with, and which way that is; where it is none of them, what has its shape."""
    made = [(n, trace.values[n]) for n in numbers if n in trace.values]
    for number, array in made:
        for name, (joined, *_) in ways.items():
            if array.shape == joined.shape and np.allclose(array, joined, rtol=0, atol=TOLERANCE):
                return number, name
    shape = next(iter(ways.values()))[0].shape
    return next((number for number, array in made if array.shape == shape), None), ""
