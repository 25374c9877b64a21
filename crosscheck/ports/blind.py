"""Mistakes that no setting shows: they are tried one by one where nothing that is seen explains it."""

from collections.abc import Iterator
from itertools import combinations, permutations, product

import numpy as np

from crosscheck.ports import identifiers
from crosscheck.ports.hypotheses import Hypothesis, Scene
from crosscheck.ports.program import ACTIVATIONS, Node, Program, Trace

MOST_HEADS = 16


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


def special(scene: Scene, program: Program, trace: Trace) -> Iterator[Hypothesis]:
    """Behind recurrent layers and between the projections of attention: see `blind`."""
    yield from _of_recurrence(scene, program, trace)
    yield from _of_attention(scene, trace)


def _of_layer(layer: Node, scene: Scene, trace: Trace) -> Iterator[Hypothesis]:
    kind, settings, step = layer.kind, layer.settings, layer.step
    if kind == "batch_norm":
        text = "keras normalises with the moments of the batch, in evaluation mode, too"
        yield Hypothesis("norm.mode", text, step, (kind, settings | {"mode": "batch"}))
    if kind.startswith(("conv", "depthwise")):
        text = "keras' kernel is flipped: a true convolution, not a cross-correlation"
        yield Hypothesis("conv.kernel_flipped", text, step, (kind, settings | {"kernel": "flipped"}))
        text = "height and width of keras' kernel are exchanged"
        yield Hypothesis("conv.kernel_transposed", text, step, (kind, settings | {"kernel": "transposed"}))
    if kind == "depthwise_conv2d":
        many = layer.held["kernel"].shape
        text = "keras has the kernels of a channel's outputs in another order"
        change = kind, settings | {"kernel": "multiplier first", "each": many[-2]}
        yield Hypothesis("depthwise.order", text, step, change)
    if identifiers.group(kind) == "recurrent":
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
        text = "keras takes the time for the batch, and the batch for the time"
        yield Hypothesis("recurrent.time_axis", text, step, before=("swap", {"axes": (0, 1)}))
        text = "keras is given the sequence in reverse"
        yield Hypothesis("recurrent.direction", text, step, before=("flip", {"axis": (1,)}))
        text = "keras goes through the sequence in the other direction"
        turned = kind, settings | {"reverse": not settings["reverse"]}
        yield Hypothesis("recurrent.direction", text, step, turned)


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
        for axes in combinations(range(1, len(shape)), 2):
            equal = shape[axes[0]] == shape[axes[1]]
            text = f"keras exchanges two axes of the same size ({shape[axes[0]]})"
            if equal and shape[axes[0]] > 1:
                yield Hypothesis("axes.swapped", text, node.step, before=("swap", {"axes": axes}))
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


def _of_recurrence(scene: Scene, program: Program, trace: Trace) -> Iterator[Hypothesis]:
    """Another step of a sequence than the one that PyTorch goes on with."""
    place = scene.parted.place
    layer = place.pair.torch if place.pair else None
    makers = program.makers()
    recurrent = [
        makers[n]
        for n in place.torch.begins
        if n in makers and identifiers.group(makers[n].kind) == "recurrent"
    ]
    if layer is None or not recurrent or not layer.inputs:
        return
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
    for name, parts in lasts.items():
        for order in permutations(range(len(parts))):
            joined = np.concatenate([parts[index] for index in order], axis=-1)
            if joined.shape == trace.values[layer.inputs[0]].shape:
                forced = {layer.inputs[0]: joined}
                text = f"keras goes on with {said[name]}, torch with something else"
                yield Hypothesis("recurrent.last_step", text, layer.step, forced=forced)


def _of_attention(scene: Scene, trace: Trace) -> Iterator[Hypothesis]:
    """Attention between projections: what scale, how many heads, which positions see which."""
    place = scene.parted.place
    layer = place.pair.torch if place.pair else None
    begins = tuple(
        n for n in place.torch.begins if trace.values[n].dtype.kind == "f" and trace.values[n].ndim > 2
    )
    kinds = {node.kind for node in (*place.torch.nodes, *place.keras.nodes)}
    if layer is None or not kinds & {"softmax", "dot_product_attention"} or len(begins) not in (1, 3):
        return
    size = trace.values[layer.inputs[0]].shape[-1]
    mask = _mask(place.torch.nodes)
    ways = ("no", "hides", "shows") if mask is not None else ("no",)
    for heads in (h for h in range(1, MOST_HEADS + 1) if size % h == 0):
        each = size / heads
        scales = {each**-0.5, 1.0, 1 / each, size**-0.5, each**0.5}
        for scale, causal, masked in product(scales, ("no", "yes", "reversed", "without itself"), ways):
            settings = {"heads": heads, "scale": scale, "causal": causal, "mask": masked}
            change = "attention_core", settings | {"of": (*begins, *((mask,) if masked != "no" else ()))}
            yield Hypothesis("attention", "attention of its own", layer.step, before=change)


def _mask(nodes: tuple[Node, ...]) -> int | None:
    """The tensor that says which positions are hidden."""
    places = {"dot_product_attention": 3, "maskedfill": 1, "where": 0}
    found = (
        node.inputs[places[node.kind]]
        for node in nodes
        if node.kind in places and len(node.inputs) > max(1, places[node.kind])
    )
    return next(found, None)
