"""The stretch of a model that ends in a layer: the layer, and whatever stands between it and those before."""

from collections.abc import Collection
from dataclasses import dataclass

from crosscheck.ports.program import Node, Program

# What changes no number.
SILENT = ("converttotensor", "identity", "dropout", "contiguous", "cast", "detach", "to", "clone")


@dataclass(frozen=True)
class Stretch:
    """A part of a program.

    Attributes:
        nodes: in the order of the calls; the layer is among them, if there is one.
        begins: tensors that come from before it.
        ends: the tensor that comes out.
    """

    nodes: tuple[Node, ...]
    begins: tuple[int, ...]
    ends: int

    @property
    def steps(self) -> tuple[int, ...]:
        """The recorded calls that it consists of."""
        return tuple(sorted({node.step for node in self.nodes if node.step >= 0}))

    def glue(self) -> list[Node]:
        """What is done besides the layer."""
        return [node for node in self.nodes if not node.held and node.kind not in SILENT]


def stretch_to(program: Program, ends: int, layer: Node | None, common: Collection[int]) -> Stretch:
    """The stretch that a tensor comes from.

    Args:
        program: of one side.
        ends: the tensor.
        layer: the one layer that belongs to it; without one, only what stands behind the last layers does.
        common: tensors that the other side has as well: it begins at these.
    """
    makers, nodes, begins = program.makers(), dict[int, Node](), set[int]()
    # An activation inside a layer cannot be done without the layer.
    of_layers = {node.step for node in program.nodes if node.held and node.step >= 0}
    waiting = [ends]
    while waiting:
        number = waiting.pop()
        node = makers.get(number)
        if (
            node is None
            or (number in common and number != ends)
            or (node.step in of_layers and (layer is None or node.step != layer.step))
        ):
            begins.add(number)
        elif node.number not in nodes:
            nodes[node.number] = node
            waiting += node.inputs
    found = tuple(nodes[number] for number in sorted(nodes))
    return Stretch(found, tuple(sorted(begins)), ends)
