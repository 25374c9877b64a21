"""What settings and dtypes show: active dropout, rates that differ, lower precision."""

from collections.abc import Iterator

import numpy as np

from crosscheck.ports.backwards import Observation
from crosscheck.ports.comparison import KEY, Ports
from crosscheck.ports.divergence import TOLERANCE, Place, relative_error


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
            text = f"the rate is {rates[1][0]:g} in keras and {rates[0][0]:g} in torch, seen in training only"
            yield Observation(place, "settings", 0.0, "dropout.rate", text)


def modes(ports: Ports, places: list[Place]) -> Iterator[Observation]:
    """Layers of a Functional graph that train whenever nobody says otherwise."""
    if ports.free <= TOLERANCE:
        return
    names = ports.sides.keras.call("keras_impl.trace:always_training", KEY)
    for place in places:
        for node in place.keras.nodes:
            if node.path.rpartition(".")[2] in names:
                text = (
                    f"keras' {node.path} is called with training=True in the graph: under model(x), though "
                    f"not under model(x, training=False) and predict, outputs are {ports.free:.1e} apart"
                )
                identifier = "dropout.active" if node.kind == "dropout" else "norm.mode"
                yield Observation(place, "settings", ports.free, identifier, text)
                names = [name for name in names if name != node.path.rpartition(".")[2]]


def casts(ports: Ports, places: list[Place]) -> Iterator[Observation]:
    """Tensors that Keras makes in float32 on the way, though everything is float64."""
    if ports.sides.backend != "tensorflow":
        return  # Keras' other backends do so by themselves
    values = ports.values[1].values
    for place in places:
        for node in place.keras.nodes:
            found = [n for n in node.outputs if n in values and values[n].dtype in (np.float32, np.float16)]
            if found and node.kind != "parameter":
                text = f"keras computes in {values[found[0]].dtype} at {node}, torch in float64"
                yield Observation(place, "settings", 0.0, "dtype.float32", text)
                break
