"""One grouped convolution, and a convolution for each slice of the channels, as before Keras had groups."""

from collections.abc import Iterator
from dataclasses import replace

from crosscheck.ports.program import Node
from crosscheck.ports.structure import Place

Parts = tuple[Place, list[Place], list[Node]]


def sliced(wholes: list[Place], parts: list[Place]) -> Iterator[Parts]:
    """A grouped convolution, the convolutions that do as much, and the pieces of the one that they hold.

    Args:
        wholes: layers of the one side, in which grouped convolutions are looked for.
        parts: layers of the other, in the order of the calls those that belong together.
    """
    free = sorted(parts, key=lambda place: place.node.number)
    for whole in sorted(wholes, key=lambda place: place.node.number):
        node, count = whole.node, whole.node.settings.get("groups", 1)
        if not node.kind.startswith("conv") or "kernel" not in node.held or count == 1:
            continue
        shape = node.held["kernel"].shape
        wanted = (*shape[:-1], shape[-1] // count)
        fitting = [p for p in free if p.node.kind == node.kind and p.node.held["kernel"].shape == wanted]
        if len(fitting) < count:
            continue
        chosen = fitting[:count]
        free = [place for place in free if place not in chosen]
        yield whole, chosen, [_piece(node, index, shape[-1] // count) for index in range(count)]


def _piece(node: Node, index: int, size: int) -> Node:
    begin, end = index * size, (index + 1) * size
    held = {
        role: replace(tensor, shape=(*tensor.shape[:-1], size), part=(slice(begin, end),))
        for role, tensor in node.held.items()
    }
    return replace(node, path=f"{node.path}[{begin}:{end}]", held=held)
