"""What settings and dtypes show: active dropout, rates that differ, lower precision."""

from collections.abc import Iterator
from itertools import permutations

import numpy as np

from crosscheck.ports.comparison import KEY, Ports
from crosscheck.ports.divergence import TOLERANCE, Place, apart, relative_error
from crosscheck.ports.observation import Observation

# Outputs whose order is looked into.
MOST = 5


def dropouts(ports: Ports, places: list[Place]) -> Iterator[Observation]:
    """Dropout that is active in evaluation mode, and rates that differ."""
    for place in places:
        one, two = (
            [n for n in stretch.nodes if n.kind == "dropout"] for stretch in (place.torch, place.keras)
        )
        for side, nodes, ends in (("torch", one, place.torch.ends), ("keras", two, place.keras.ends)):
            for node in nodes:
                if (side, node.number) in ports.active:
                    first, second = (run.values[ends] for run in ports.unsteady[side])
                    text = (
                        f"{side}'s {node.path or 'model'} drops in evaluation mode, too: two runs are "
                        f"{relative_error(first, second):.1e} apart; compared without"
                    )
                    yield Observation(place, "settings", 0.0, "dropout.active", text)
        rates = [[float(n.settings["rate"]) for n in nodes] for nodes in (one, two)]
        if len(one) == len(two) and rates[0] != rates[1]:
            said = f"{rates[1][0]:g} in keras and {rates[0][0]:g} in torch"
            text = f"the rate of dropout there is {said}, seen in training only"
            yield Observation(place, "settings", 0.0, "dropout.rate", text)


def modes(ports: Ports, places: list[Place]) -> Iterator[Observation]:
    """Layers of a Functional graph that train whenever nobody says otherwise."""
    if ports.free <= TOLERANCE:
        return
    names = ports.sides.keras.call("keras_impl.trace:always_training", KEY)
    for place in places:
        for node in place.keras.nodes:
            own = {path.rpartition(".")[2] for path in node.names}
            if own & set(names):
                text = (
                    f"keras' {node.path} is called with training=True in the graph: under model(x), though "
                    f"not under model(x, training=False) and predict, outputs are {ports.free:.1e} apart"
                )
                identifier = "dropout.active" if node.kind == "dropout" else "norm.mode"
                yield Observation(place, "settings", ports.free, identifier, text)
                names = [name for name in names if name not in own]


def exchanged(ports: Ports, places: list[Place]) -> Iterator[Observation]:
    """Outputs that Keras returns in another order."""
    torch = [ports.values[0].values[number] for number in ports.torch.outputs]
    keras = [ports.values[1].values[number] for number in ports.keras.outputs]
    errors = [[apart(one, two) for two in keras] for one in torch]
    if not 1 < len(torch) <= MOST or all(errors[i][i] <= TOLERANCE for i in range(len(torch))):
        return
    for order in permutations(range(len(torch))):
        if all(errors[i][j] <= TOLERANCE for i, j in enumerate(order)):
            wrong = next(i for i, j in enumerate(order) if i != j)
            text = f"keras returns the outputs in another order: {', '.join(str(j + 1) for j in order)}"
            place = places[len(places) - len(torch) + wrong]
            yield Observation(place, "settings", errors[wrong][wrong], "glue.order", text)
            return


def momenta(ports: Ports, places: list[Place]) -> Iterator[Observation]:
    """Moving statistics that follow at another pace: seen in the settings, where training is not compared."""
    for place in places:
        if place.pair is None:
            continue
        torch, keras = (node.settings.get("momentum") for node in (place.pair.torch, place.pair.keras))
        if torch is not None and keras is not None and abs(torch - keras) > TOLERANCE:
            text = f"keras keeps {keras:g} of the old statistics, torch {torch:g} (momentum {1 - torch:g})"
            yield Observation(place, "settings", 0.0, "norm.momentum", text)


def _rounded(array: np.ndarray) -> bool:
    """Whether it is in less than float64, and not of whole numbers that are exact there, such as a mask."""
    if array.dtype not in (np.float32, np.float16):
        return False
    exact = np.abs(array) <= 2.0 ** (np.finfo(array.dtype).nmant + 1)
    return not (exact & (array == np.round(array))).all()


def casts(ports: Ports, places: list[Place]) -> Iterator[Observation]:
    """Tensors that Keras makes in float32 on the way, though everything is float64."""
    if ports.sides.backend != "tensorflow":
        return  # Keras' other backends do so by themselves
    values = ports.values[1].values
    for place in places:
        for node in place.keras.nodes:
            found = [n for n in node.outputs if n in values and _rounded(values[n])]
            if found and node.kind != "parameter":
                text = f"keras computes in {values[found[0]].dtype} at {node}, torch in float64"
                yield Observation(place, "settings", 0.0, "dtype.float32", text)
                break
