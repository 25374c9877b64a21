"""Dropout that is active when it should not be, and rates that differ."""

from collections.abc import Iterator

from crosscheck.ports.backwards import Observation
from crosscheck.ports.comparison import Ports
from crosscheck.ports.divergence import Place, relative_error


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
                    yield Observation(place, "dropout", 0.0, "dropout.active", text)
        rates = [[float(n.settings["rate"]) for n in nodes] for nodes in (one, two)]
        if len(one) == len(two) and rates[0] != rates[1]:
            text = f"the rate is {rates[1][0]:g} in keras and {rates[0][0]:g} in torch, seen in training only"
            yield Observation(place, "dropout", 0.0, "dropout.rate", text)
