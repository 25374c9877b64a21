"""A block that one model has more often: which layers are left over then, so that no other block is torn."""

from collections.abc import Sequence

from crosscheck.ports.structure import Place, signature


def left_over(left: Sequence[Place], right: Sequence[Place]) -> tuple[list[int], list[int]] | None:
    """The layers of either model, by index and in order, without a run of layers that one has more.

    Of several runs that would do, the last that begins and ends with blocks of PyTorch's is taken.

    Args:
        left: PyTorch's layers.
        right: Keras'.

    Returns:
        None if there is no such run.
    """
    order = [sorted(range(len(side)), key=lambda index: side[index].node.number) for side in (left, right)]
    kinds = [
        [signature(side[index].node) for index in indices]
        for side, indices in zip((left, right), order, strict=True)
    ]
    longer = int(len(left) < len(right))
    more = len(kinds[longer]) - len(kinds[1 - longer])
    if more < 2:  # of a single layer its surroundings tell
        return None
    paths = [left[index].node.path for index in order[0]]
    for begin in reversed(range(len(kinds[1 - longer]) + 1)):
        kept = kinds[longer][:begin] + kinds[longer][begin + more :]
        ends = (begin, begin) if longer else (begin, begin + more)
        if kept == kinds[1 - longer] and all(_between_blocks(paths, end) for end in ends):
            order[longer] = order[longer][:begin] + order[longer][begin + more :]
            return order[0], order[1]
    return None


def _between_blocks(paths: Sequence[str], place: int) -> bool:
    return place in (0, len(paths)) or _block(paths[place - 1]) != _block(paths[place])


def _block(path: str) -> str:
    """The block that a layer is in: up to the last number that is not its own, such as "layers.2"."""
    parts = path.split(".")
    numbers = [index for index, part in enumerate(parts[:-1]) if part.isdigit()]
    return ".".join(parts[: numbers[-1] + 1]) if numbers else path
