"""Training mode: where forward passes, gradients and statistics part that agree in evaluation mode."""

from collections.abc import Iterator

import numpy as np

from crosscheck.errors import CallError
from crosscheck.ports import gradients
from crosscheck.ports.comparison import KEY, Ports
from crosscheck.ports.complaints import in_one_line
from crosscheck.ports.divergence import TOLERANCE, Place, in_keras_order, keras_order, relative_error
from crosscheck.ports.drops import unlike_drops
from crosscheck.ports.gradients import STATISTICS
from crosscheck.ports.observation import Observation
from crosscheck.ports.program import Backward, Node

OTHER_WAY = "In training mode a model goes another way: its norms were trained on the way of evaluation mode."
NOT_COMPARED = "Training mode could not be compared"


def compare_training_mode(ports: Ports, places: list[Place], seed: int = 0) -> tuple[list[Observation], str]:
    """Faults of one pass forward and backward, and a line where it could not be done, or not quite.

    A model may go another way when it trains: with a head of its own, or leaving blocks out at random. Then
    only its norms are trained, on the way that it goes otherwise.
    """
    generator = np.random.default_rng(seed)
    ends = {place.keras.ends: place.torch.ends for place in places}
    outputs = [
        (ports.values[0].values[a], ports.values[1].values[b])
        for a, b in zip(ports.torch.outputs, ports.keras.outputs, strict=True)
    ]
    mine = [generator.normal(size=one.shape) for one, _ in outputs]
    cotangents = [
        np.ascontiguousarray(keras_order(one, two.shape, two)(c))
        for c, (one, two) in zip(mine, outputs, strict=True)
    ]
    failed = ""
    for norms_only in (False, True):
        try:
            torch, keras = _passes(ports, ends, mine, cotangents, norms_only)
        except CallError as error:
            failed = failed or f"{NOT_COMPARED}: {in_one_line(error)}"
            continue
        if len(torch.steps) == ports.torch.steps and len(keras.steps) == ports.keras.steps:
            break
    else:
        return [], failed or OTHER_WAY
    note = failed or (OTHER_WAY if norms_only else "")
    faults = list(_forward(ports, places, torch, keras)) or list(_statistics(ports, places, torch, keras))
    faults = faults or _named_first(gradients.of_layers(ports, places, torch, keras))
    faults = faults or list(gradients.between_layers(ports, places, torch, keras))
    drops = [] if norms_only else list(unlike_drops(places, torch.dropped, keras.dropped))
    return [*faults, *drops], note


def _passes(
    ports: Ports,
    ends: dict[int, int],
    mine: list[np.ndarray],
    theirs: list[np.ndarray],
    norms_only: bool,
) -> tuple[Backward, Backward]:
    """One pass of either model."""
    torch, keras = (f"{side}_impl.backward:backward" for side in ("torch", "keras"))
    wanted = (*ends.values(), *ports.torch.inputs), (*ends, *ports.keras.inputs)
    futures = (
        ports.sides.torch.submit(torch, KEY, ports.inputs, wanted[0], mine, norms_only),
        ports.sides.keras.submit(keras, KEY, ports.keras_inputs, wanted[1], theirs, norms_only),
    )
    try:
        first = ports.sides.torch.result(futures[0])
    finally:
        second = ports.sides.keras.result(futures[1])
    return first, second


def _named_first(found: Iterator[Observation]) -> list[Observation]:
    """Each place once; where a cause is known, what is before it only carries the error."""
    every = list({str(observation): observation for observation in found}.values())
    return [observation for observation in every if observation.identifier] or every


def _forward(ports: Ports, places: list[Place], torch: Backward, keras: Backward) -> Iterator[Observation]:
    """The first place whose output is another one in training mode."""
    for place in places:
        one, two = torch.values[place.torch.ends], keras.values[place.keras.ends]
        error = relative_error(in_keras_order(one, two.shape, two), two)
        if error <= TOLERANCE:
            continue
        layer = place.pair.torch if place.pair else None
        if layer is not None and layer.kind == "batch_norm":
            x = torch.values[layer.inputs[0]]
            moved = _normalised(ports, layer, x)
            after = relative_error(in_keras_order(moved, two.shape, two), two)
            frozen = place.pair and not any(t.name in keras.weights for t in place.pair.keras.held.values())
            if after <= TOLERANCE:
                # Where PyTorch's parameters are frozen, too, only the moments are amiss.
                thawed = any(tensor.name in torch.weights for tensor in layer.held.values())
                text = "keras normalises with the moving statistics, as in evaluation mode"
                text += ", since the layer is frozen (trainable is False)" if frozen else ""
                identifier = "parameter.frozen" if frozen and thawed else "norm.mode"
                yield Observation(place, "forward", error, identifier, text, after)
                return
        yield Observation(place, "forward", error)
        return


def _normalised(ports: Ports, layer: Node, x: np.ndarray) -> np.ndarray:
    weights = ports.sides.torch.call("torch_impl.trace:get_weights", KEY, dict(layer.held))
    shape = (1, -1, *(1,) * (x.ndim - 2))
    y = (x - weights["moving_mean"].reshape(shape)) / np.sqrt(
        weights["moving_variance"].reshape(shape) + layer.settings["epsilon"]
    )
    gamma, beta = weights.get("gamma", np.ones(1)), weights.get("beta", np.zeros(1))
    return y * gamma.reshape(shape) + beta.reshape(shape)


def _statistics(ports: Ports, places: list[Place], torch: Backward, keras: Backward) -> Iterator[Observation]:
    """Moving statistics after one step, PyTorch's variance without its n / (n - 1)."""
    for place in places:
        pair = place.pair
        if pair is None or pair.torch.kind != "batch_norm" or not set(STATISTICS) <= pair.torch.held.keys():
            continue
        if not set(STATISTICS) <= pair.keras.held.keys():
            continue
        old = ports.sides.torch.call("torch_impl.trace:get_weights", KEY, dict(pair.torch.held))
        calls = [node for node in ports.torch.nodes if node.held == pair.torch.held]
        given = [torch.values[node.inputs[0]] for node in calls]
        batches = [_moments(x) for x in given]
        keep = pair.torch.settings["momentum"]
        for name in STATISTICS:
            two = keras.buffers.get(pair.keras.held[name].name, old[name])
            one = torch.buffers[pair.torch.held[name].name]
            if name == "moving_variance" and keep is not None:
                # PORT: PyTorch stores the unbiased variance, Keras the biased one it normalises with.
                for later, (x, batch) in enumerate(zip(reversed(given), reversed(batches), strict=True)):
                    one = one - (1 - keep) * keep**later * batch[name] / (x.size / x.shape[1] - 1)
            error = relative_error(one, two)
            if error <= TOLERANCE:
                continue
            other = pair.keras.settings.get("momentum")
            if np.array_equal(two, old[name]):
                text = "keras leaves its moving statistics as they are"
                yield Observation(place, "statistics", error, "norm.mode", text)
            elif other is not None and keep is not None:
                expected = old[name]
                for batch in batches:
                    expected = other * expected + (1 - other) * batch[name]
                after = relative_error(expected, two)
                text = f"keras keeps {other:g} of the old statistics, torch {keep:g} (momentum {1 - keep:g})"
                if after <= TOLERANCE:
                    yield Observation(place, "statistics", error, "norm.momentum", text, after)
                else:
                    yield Observation(place, "statistics", error)
            else:
                yield Observation(place, "statistics", error)
            break


def _moments(x: np.ndarray) -> dict[str, np.ndarray]:
    """Of a batch (B, C, ...), channel by channel; the variance is the biased one."""
    axes = (0, *range(2, x.ndim))
    return dict(zip(STATISTICS, (x.mean(axes), x.var(axes)), strict=True))
