"""Mistakes that no setting shows: they are tried one by one where nothing that is seen explains it."""

from collections.abc import Iterator
from itertools import combinations, permutations

import numpy as np

from crosscheck.ports import identifiers
from crosscheck.ports.hypotheses import Hypothesis, Scene
from crosscheck.ports.program import Node, Program, Trace
from crosscheck.ports.recurrence import of_recurrence
from crosscheck.ports.words import ACTIVATIONS


def blind(scene: Scene, program: Program, trace: Trace) -> Iterator[Hypothesis]:
    """Everything that could be otherwise at a place.

    Args:
        scene: the place.
        program: PyTorch's.
        trace: of its run.
    """
    place = scene.parted.place
    if place.pair:
        yield from _of_layer(place.pair.torch, scene, trace)
    for node in place.torch.glue():
        yield from _of_glue(node, scene, trace)
    yield from _of_order(scene, trace)


def _of_layer(layer: Node, scene: Scene, trace: Trace) -> Iterator[Hypothesis]:
    kind, settings, step = layer.kind, layer.settings, layer.step
    if kind == "batch_norm":
        text = "keras normalises with the moments of the batch, in evaluation mode, too"
        yield Hypothesis("norm.mode", text, step, (kind, settings | {"mode": "batch"}))
        shape = trace.values[layer.inputs[0]].shape
        for axis in (a for a in range(2, len(shape)) if shape[a] == shape[1]):
            text = f"keras normalises along another axis of the same size ({shape[1]})"
            yield Hypothesis("norm.axis", text, step, (kind, settings | {"axis": axis}))
    if kind.startswith(("conv", "depthwise")):
        text = "keras' kernel is flipped: a true convolution, not a cross-correlation"
        yield Hypothesis("conv.kernel_flipped", text, step, (kind, settings | {"kernel": "flipped"}))
        text = "height and width of keras' kernel are exchanged"
        yield Hypothesis("conv.kernel_transposed", text, step, (kind, settings | {"kernel": "transposed"}))
    if kind.startswith("depthwise"):
        many = layer.held["kernel"].shape
        text = "keras has the kernels of a channel's outputs in another order"
        change = kind, settings | {"kernel": "multiplier first", "each": many[-2]}
        yield Hypothesis("depthwise.order", text, step, change)
    if identifiers.group(kind) == "recurrent":
        yield from of_recurrence(layer)
    if kind == "embedding":
        yield from _of_numbers(layer, trace)


def _of_numbers(layer: Node, trace: Trace) -> Iterator[Hypothesis]:
    """An embedding that is asked for other rows than PyTorch's, as positions counted otherwise."""
    step, numbers = layer.step, trace.values[layer.inputs[0]]
    for axis in range(numbers.ndim):
        text = "keras asks the embedding for the same rows in reverse"
        yield Hypothesis("glue.order", text, step, before=("flip", {"axis": (axis,)}))
    for offset in (1, -1, 2, -2):
        text = f"keras asks the embedding for rows {abs(offset)} {'later' if offset > 0 else 'earlier'}"
        yield Hypothesis("glue.constant", text, step, before=("add", {"arguments": (offset,)}))


def other_rows(scene: Scene, keras: Trace, torch: Trace) -> Iterator[Hypothesis]:
    """An embedding that is asked for the rows that Keras' is asked for."""
    pair = scene.parted.place.pair
    if pair is None or pair.torch.kind != "embedding" or not pair.keras.inputs:
        return
    rows, number = keras.values[pair.keras.inputs[0]], pair.torch.inputs[0]
    if rows.size == torch.values[number].size and rows.dtype.kind in "iu":
        text = "keras asks the embedding for other rows than torch"
        forced = {number: rows.reshape(torch.values[number].shape).astype(np.int64)}
        yield Hypothesis("glue.constant", text, pair.torch.step, forced=forced)


def _of_glue(node: Node, scene: Scene, trace: Trace) -> Iterator[Hypothesis]:
    kind, settings, step = node.kind, node.settings, node.step
    if kind in ACTIVATIONS:
        for other in ACTIVATIONS:
            defaults = {"slope": 0.01, "alpha": 1.0, "approximate": "none", "axis": -1}
            if other != kind:
                text = f"keras does {other} where torch does {kind}"
                yield Hypothesis("activation.kind", text, step, (other, defaults))
        for slope in (0.01, 0.1, 0.2, 0.25, 0.3) if kind == "leaky_relu" else ():
            yield Hypothesis("activation.slope", f"keras' slope is {slope}", step, (kind, {"slope": slope}))
    if "axis" in settings or "dim" in settings or kind in ("mean", "sum", "max", "softmax", "concatenate"):
        name = "activation.softmax_axis" if kind.endswith("softmax") else "glue.axis"
        shape = trace.values[node.inputs[0]].shape
        for axis in range(len(shape)):
            text = f"keras does {kind} along another axis (torch's {axis})"
            change = kind, settings | {"axis": axis, "keepdims": settings.get("keepdim", False)}
            yield Hypothesis(name, text, step, change)
    if kind == "concatenate" and len(node.inputs) < 5:
        for order in list(permutations(range(len(node.inputs))))[1:]:
            change = kind, {"axis": _axis(node), "order": order}
            yield Hypothesis("glue.order", "keras concatenates in another order", step, change)
    if kind in identifiers.ARITHMETIC and len(node.inputs) == 2:
        for other in ("add", "subtract", "subtracted", "multiply", "divide", "maximum", "minimum", "average"):
            if other != kind:
                swapped = other == "subtracted" and kind == "subtract"
                text = (
                    "keras exchanges the operands"
                    if swapped
                    else f"keras does {other} where torch does {kind}"
                )
                name = "glue.order" if swapped else "glue.operation"
                yield Hypothesis(name, text, step, (other, {}))
        for way in ("first", "second"):
            name = "residual.missing" if kind == "add" else "glue.missing"
            yield Hypothesis(name, f"keras leaves out one operand of {kind}", step, (way, {}))


def _axis(node: Node) -> int:
    given = [*node.settings.get("arguments", []), node.settings.get("dim", node.settings.get("axis", 0))]
    return next((int(value) for value in given if isinstance(value, int)), 0)


def _of_order(scene: Scene, trace: Trace) -> Iterator[Hypothesis]:
    """Numbers in another order on the way in."""
    place = scene.parted.place
    for node in place.torch.nodes:
        if not node.inputs or node.inputs[0] not in trace.values or node.step < 0:
            continue
        shape = trace.values[node.inputs[0]].shape
        if scene.at_input and node.inputs[0] in place.torch.begins and len(shape) > 2 and 1 < shape[1] < 5:
            text = "keras has the channels of the input in reverse (RGB and BGR)"
            yield Hypothesis("channels.order", text, node.step, before=("flip", {"axis": (1,)}))
        for axis in range(1, len(shape)) if node.inputs[0] in place.torch.begins else ():
            text = f"keras turns the tensor round along an axis of size {shape[axis]}"
            yield Hypothesis("glue.extra", text, node.step, before=("flip", {"axis": (axis,)}))
        for axes in combinations(range(1, len(shape)), 2):
            equal = shape[axes[0]] == shape[axes[1]]
            text = f"keras exchanges two axes of the same size ({shape[axes[0]]})"
            if equal and shape[axes[0]] > 1:
                # A norm of exchanged axes is one over another axis.
                name = "norm.axis" if node.kind in identifiers.NORMS and node.held else "axes.swapped"
                yield Hypothesis(name, text, node.step, before=("swap", {"axes": axes}))
            elif len(shape) > 2:
                text = "keras reshapes where axes are to be exchanged, or the reverse"
                yield Hypothesis("axes.swapped", text, node.step, before=("crossed", {"axes": axes}))
        if node.held and node.kind == "dense" and len(shape) == 2:
            yield from _of_rows(node, scene, trace)


def _of_rows(layer: Node, scene: Scene, trace: Trace) -> Iterator[Hypothesis]:
    """A feature map flattened in another order before a dense layer."""
    size = trace.values[layer.inputs[0]].shape[-1]
    for node in scene.parted.place.torch.nodes:
        for number in node.inputs:
            shape = trace.values[number].shape[1:] if number in trace.values else ()
            if len(shape) > 1 and int(np.prod(shape)) == size:
                for order in list(permutations(range(len(shape))))[1:]:
                    before = ("rows", {"shape": shape, "order": order})
                    text = "keras flattens the feature map in another order"
                    yield Hypothesis("flatten.order", text, layer.step, before=before)
                return
