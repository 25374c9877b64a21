"""Where gradients part: at layers whose own are at fault, and between layers."""

from collections.abc import Callable, Iterator

import numpy as np

from crosscheck.ports.comparison import Ports
from crosscheck.ports.divergence import TOLERANCE, Place, in_keras_order
from crosscheck.ports.leftovers import LayerPair
from crosscheck.ports.observation import Observation
from crosscheck.ports.program import Backward

# A gradient that is so small beside the others is rounding.
NEGLIGIBLE = 1e-9
STATISTICS = ("moving_mean", "moving_variance")
Apart = Callable[[np.ndarray | None, np.ndarray | None], float]


def _apart(torch: Backward) -> Apart:
    """How far two gradients are apart, beside the size of all."""
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

    return apart


def _behind(places: list[Place], torch: Backward, keras: Backward, apart: Apart) -> dict[int, float]:
    """How far the gradients of what each place ends with are apart, by PyTorch's number."""
    return {
        p.torch.ends: apart(torch.gradients[p.torch.ends], keras.gradients.get(p.keras.ends))
        for p in places
        if p.torch.ends in torch.gradients
    }


def of_layers(ports: Ports, places: list[Place], torch: Backward, keras: Backward) -> Iterator[Observation]:
    """Places behind which the gradients agree, and before which they do not."""
    apart = _apart(torch)
    behind = _behind(places, torch, keras, apart)
    for place in reversed(places):
        if behind.get(place.torch.ends, 0.0) > TOLERANCE:
            continue
        stopped = _stopped(place)
        before = max((behind.get(number, 0.0) for number in place.torch.begins), default=0.0)
        if stopped and before > TOLERANCE:
            # The layer whose output gets another gradient first.
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
            yield _of_weight(place, place.pair, role, worst, torch, keras)
    # Parameters of the user's own, and layers that are one on one side and several on the other.
    seen = {place.pair.torch.path for place in places if place.pair}
    for pair in ports.pairs:
        if pair.torch.path in seen:
            continue
        worst, role = _worst_weight(ports, pair, torch, keras, apart)
        place = next((p for p in places if pair.torch in p.torch.nodes), places[-1])
        if worst > TOLERANCE and behind.get(place.torch.ends, 0.0) <= TOLERANCE:
            yield _of_weight(place, pair, role, worst, torch, keras)


def between_layers(
    ports: Ports, places: list[Place], torch: Backward, keras: Backward
) -> Iterator[Observation]:
    """The last place that gradients part in, where no layer's own are at fault.

    Tensors between layers may be other ones, as behind an activation and before it: the weights decide
    whether there is a fault.
    """
    apart = _apart(torch)
    if all(_worst_weight(ports, pair, torch, keras, apart)[0] <= TOLERANCE for pair in ports.pairs):
        return
    behind = _behind(places, torch, keras, apart)
    for place in reversed(places):
        before = max((behind.get(number, 0.0) for number in place.torch.begins), default=0.0)
        if behind.get(place.torch.ends, 0.0) <= TOLERANCE < before:
            both = all(_stops(place))
            text = "both stop a gradient there, and not the same" if both else ""
            yield Observation(place, "gradient", before, "gradient.stopped" if both else "", text)
            return


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
