"""Training mode: where forward passes, gradients and statistics part that agree in evaluation mode."""

from collections.abc import Callable, Iterator

import numpy as np

from crosscheck.errors import CallError
from crosscheck.ports.comparison import KEY, Ports
from crosscheck.ports.complaints import in_one_line
from crosscheck.ports.divergence import TOLERANCE, Place, in_keras_order, keras_order, relative_error
from crosscheck.ports.drops import unlike_drops
from crosscheck.ports.leftovers import LayerPair
from crosscheck.ports.observation import Observation
from crosscheck.ports.program import Backward, Node

# A gradient that is so small beside the others is rounding.
NEGLIGIBLE = 1e-9
OTHER_WAY = "In training mode a model goes another way: its norms were trained on the way of evaluation mode."
NOT_COMPARED = "Training mode could not be compared"
STATISTICS = ("moving_mean", "moving_variance")
Apart = Callable[[np.ndarray | None, np.ndarray | None], float]


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
    faults = faults or _named_first(_gradients(ports, places, torch, keras))
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


def _gradients(ports: Ports, places: list[Place], torch: Backward, keras: Backward) -> Iterator[Observation]:
    """Places behind which the gradients agree, and before which they do not."""
    scale = max((float(np.sqrt(np.mean(g**2))) for g in torch.weights.values() if g.size), default=1.0)

    def apart(one: np.ndarray | None, two: np.ndarray | None) -> float:
        if one is None and two is None:
            return 0.0
        one = np.zeros_like(two) if one is None else one
        two = np.zeros_like(one) if two is None else two
        one = in_keras_order(one, two.shape, two)
        floor = NEGLIGIBLE * scale / TOLERANCE
        size = np.maximum(np.abs(one), max(float(np.sqrt(np.mean(one**2))), floor))
        return float(np.max(np.abs(one - two) / size)) if one.shape == two.shape else float("inf")

    behind = {
        p.torch.ends: apart(torch.gradients[p.torch.ends], keras.gradients.get(p.keras.ends))
        for p in places
        if p.torch.ends in torch.gradients
    }
    born: list[Observation] = []  # between layers, where what is before may have a cause of its own
    for place in reversed(places):
        if behind.get(place.torch.ends, 0.0) > TOLERANCE:
            continue
        stopped = _stopped(place)
        before = max((behind.get(number, 0.0) for number in place.torch.begins), default=0.0)
        if before > TOLERANCE and not stopped:
            stops = "both stop a gradient there, and not the same" if all(_stops(place)) else ""
            born.append(Observation(place, "gradient", before, "gradient.stopped" if stops else "", stops))
        if stopped and before > TOLERANCE:
            # The layer whose output gets another gradient first.
            born = []
            wrong = [
                p
                for p in places
                if p.torch.ends in place.torch.begins and behind.get(p.torch.ends, 0.0) == before
            ]
            yield Observation(wrong[0] if wrong else place, "gradient", before, "gradient.stopped", stopped)
            continue
        if place.pair is None or not place.pair.torch.held:
            continue
        worst, role = _worst_weight(ports, place.pair, torch, keras, apart)
        if worst > TOLERANCE:
            born = []
            yield _of_weight(place, place.pair, role, worst, torch, keras)
    # Parameters of the user's own, and layers that are one on one side and several on the other.
    seen = {place.pair.torch.path for place in places if place.pair}
    for pair in ports.pairs:
        if pair.torch.path in seen:
            continue
        worst, role = _worst_weight(ports, pair, torch, keras, apart)
        place = next((p for p in places if pair.torch in p.torch.nodes), places[-1])
        if worst > TOLERANCE and behind.get(place.torch.ends, 0.0) <= TOLERANCE:
            born = []
            yield _of_weight(place, pair, role, worst, torch, keras)
    # Tensors between layers may be other ones, as behind an activation and before it: the weights decide.
    if born and any(_worst_weight(ports, p, torch, keras, apart)[0] > TOLERANCE for p in ports.pairs):
        yield born[0]


def _of_weight(
    place: Place, pair: LayerPair, role: str, error: float, torch: Backward, keras: Backward
) -> Observation:
    """What is said of a weight whose gradients are apart."""
    mine, theirs = pair.torch.held[role], pair.keras.held[role]
    frozen, thawed = theirs.name not in keras.weights, mine.name in torch.weights
    if frozen and thawed:
        text = f"keras does not train {theirs} (trainable is False), torch does"
    elif not thawed and not frozen:
        text = f"torch does not train {mine} (requires_grad), keras does"
    else:
        return Observation(place, "gradient", error)
    return Observation(place, "gradient", error, "parameter.frozen", text)


def _stops(place: Place) -> tuple[int, int]:
    """How many steps of either side stop the gradient there."""
    kinds = ([node.kind for node in stretch.nodes] for stretch in (place.torch, place.keras))
    torch, keras = (sum(kind in ("stopgradient", "detach") for kind in found) for found in kinds)
    return torch, keras


def _stopped(place: Place) -> str:
    torch, keras = _stops(place)
    if keras > torch:
        return "keras stops the gradient (stop_gradient), torch does not"
    return "torch stops the gradient (detach), keras does not" if torch > keras else ""


def _worst_weight(
    ports: Ports, pair: LayerPair, torch: Backward, keras: Backward, apart: Apart
) -> tuple[float, str]:
    """The largest error of the gradients of a pair's tensors, and whose it is."""
    found = (0.0, "")
    trainable = [role for role in pair.shared() if role not in STATISTICS]
    names = {str(tensor): name for name, tensor in ports.held[0].items()}  # tied tensors have one name
    for role in trainable:
        name = names[str(pair.torch.held[role])]
        one, two = ports.held[0][name], ports.held[1][name]
        mine, theirs = torch.weights.get(one.name), keras.weights.get(two.name)
        if mine is not None:
            mine = one.to_neutral(mine[one.part] if one.part else mine, "torch")
        if theirs is not None:
            theirs = two.to_neutral(theirs[two.part] if two.part else theirs, "keras")
            theirs = ports.rows.from_keras({name: theirs})[name]
        idle = pair.torch.settings.get("padding_idx")
        if idle is not None and mine is not None and theirs is not None:
            theirs = theirs.copy()
            theirs[idle] = 0.0  # PORT: PyTorch never trains the padding token's row
        found = max(found, (apart(mine, theirs), role))
    return found
