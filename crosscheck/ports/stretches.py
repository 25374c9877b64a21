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
        layer: the one layer that has a counterpart on the other side; None if there is none.
    """

    nodes: tuple[Node, ...]
    begins: tuple[int, ...]
    ends: int
    layer: Node | None = None

    @property
    def steps(self) -> tuple[int, ...]:
        """The recorded calls that it consists of."""
        return tuple(sorted({node.step for node in self.nodes if node.step >= 0}))

    def glue(self) -> list[Node]:
        """What is done besides the layer, layers without a counterpart among it."""
        step = self.layer.step if self.layer else None
        return [
            node
            for node in self.nodes
            if node.kind not in (*SILENT, "parameter") and not (node.held and node.step == step)
        ]


def stretch_to(
    program: Program, ends: int, layer: Node | None, common: Collection[int], paired: Collection[int]
) -> Stretch:
    """The stretch that a tensor comes from.

    Args:
        program: of one side.
        ends: the tensor.
        layer: the one layer that belongs to it; without one, only what stands behind the last layers does.
        common: tensors that the other side has as well: it begins at these.
        paired: steps of layers that the other side has as well.
    """
    makers, nodes, begins = program.makers(), dict[int, Node](), set[int]()
    if layer is None and ends in common:
        return Stretch((), (ends,), ends)  # a layer's output is the model's
    waiting = [ends]
    while waiting:
        number = waiting.pop()
        node = makers.get(number)
        if node is None:
            if number in program.inputs:
                begins.add(number)  # everything else that nothing makes is a constant
        elif (
            (number in common and number != ends)
            # An activation inside a layer cannot be done without the layer.
            or (node.step in paired and (layer is None or node.step != layer.step))
        ):
            begins.add(number)
        elif node.number not in nodes:
            nodes[node.number] = node
            waiting += node.inputs
    found = tuple(nodes[number] for number in sorted(nodes))
    return Stretch(found, tuple(sorted(begins)), ends, layer)
