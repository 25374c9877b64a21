"""Nets of the same cost: what more depth costs in width or in the size of filters (arXiv 1412.1710)."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt

SIDES = (1, 2, 3, 5, 7)
DEEPEST = 12


@dataclass(frozen=True)
class Block:
    """Convolutions of one width on maps of one size.

    Attributes:
        inputs: channels that come in.
        side: of the filters.
        width: filters of every layer.
        size: side of the output maps.
        layers: how many.
    """

    inputs: int
    side: int
    width: int
    size: int
    layers: int

    @property
    def cost(self) -> int:
        """Multiplications for one image: n_(l-1) s^2 n_l m^2, summed over the layers."""
        channels = self.inputs * self.width + (self.layers - 1) * self.width**2
        return channels * self.side**2 * self.size**2


def alternatives(
    block: Block, tolerance: float, sides: Sequence[int] = SIDES, deepest: int = DEEPEST
) -> list[Block]:
    """Blocks that cost the same as this one, by depth, side of the filters and width.

    For every depth and side the width is chosen that comes nearest.

    Args:
        block: to be replaced; its inputs and the size of its maps stay.
        tolerance: largest relative difference of the cost.
        sides: of filters, to choose from.
        deepest: most layers.

    Raises:
        ValueError: the block costs nothing, or the tolerance is negative.
    """
    if min(block.inputs, block.side, block.width, block.size, block.layers) < 1 or tolerance < 0:
        raise ValueError(f"not a block with a cost, or not a tolerance: {block}, {tolerance}")
    found = []
    for layers in range(1, deepest + 1):
        for side in sides:
            other = _nearest(block, side, layers)
            if other != block and abs(other.cost / block.cost - 1) <= tolerance:
                found.append(other)
    return found


def _nearest(block: Block, side: int, layers: int) -> Block:
    """The width with which so many layers with such filters come nearest to the block's cost."""
    # (layers - 1) width^2 + inputs width = budget
    budget = block.cost // (side**2 * block.size**2)
    if layers == 1:
        width = budget // block.inputs
    else:
        root = isqrt(block.inputs**2 + 4 * (layers - 1) * budget)
        width = (root - block.inputs) // (2 * (layers - 1))
    tried = [Block(block.inputs, side, max(1, width + step), block.size, layers) for step in (-1, 0, 1, 2)]
    return min(tried, key=lambda other: abs(other.cost - block.cost))
