"""Which tensors of PyTorch's have their channels before the places: maps, and what the model turned."""

from crosscheck.ports.program import Program

Shapes = dict[int, tuple[int, ...]]

TURNING = ("transpose", "permute", "swapaxes", "movedim", "moveaxis")
# Layers and functions that take the second axis for the channels.
WITH_CHANNELS = ("conv", "depthwise", "batch_norm", "group_norm", "prelu")
POOLING = ("max_pool", "avg_pool", "resize", "adaptive")
PRODUCTS = ("matmul", "bmm")
RESHAPING = ("reshape", "view", "flatten", "squeeze", "unsqueeze", "unflatten")


def channels_first(torch: tuple[Program, Shapes], keras: tuple[Program, Shapes]) -> set[int]:
    """The tensors whose axes are in an order that Keras has otherwise.

    Args:
        torch: the program, and the shape of each tensor in it.
        keras: the same.
    """
    program, shapes = torch
    found = {
        one
        for one, two in zip(program.inputs, keras[0].inputs, strict=False)
        if len(shapes[one]) > 2 and keras[1][two] == (shapes[one][0], *shapes[one][2:], shapes[one][1])
    }
    for node in program.nodes:
        for number in node.outputs:
            shape = shapes.get(number, ())
            if len(shape) < 3:
                continue
            given = [n for n in node.inputs if n in shapes]
            first = any(n in found for n in given)
            same = any(len(shapes[n]) == len(shape) for n in given if n in found)
            if node.kind in TURNING:
                now = not first
            elif node.kind.startswith((*WITH_CHANNELS, *POOLING)):
                now = True
            elif node.kind in RESHAPING:
                now = any(n in found and shapes[n][1] == shape[1] for n in given)
            elif node.kind in PRODUCTS and len(shapes.get(node.inputs[0], ())) == len(shape):
                now = node.inputs[0] in found  # its rows are those of the first
            else:
                now = same
            if now:
                found.add(number)
    return found
