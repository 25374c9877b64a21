"""One set of weights for both models, drawn as after training."""

from dataclasses import replace
from itertools import permutations
from math import prod

import numpy as np

from crosscheck.layouts import Weights
from crosscheck.parameters import trained_like_weights
from crosscheck.ports.channels import channels_first
from crosscheck.ports.divergence import TOLERANCE, relative_error
from crosscheck.ports.leftovers import LayerPair
from crosscheck.ports.program import Held, Node, Program
from crosscheck.ports.stretches import SILENT
from crosscheck.ports.words import ACTIVATIONS

NAMED = 6
UNLIKE = "The weights themselves differ"
FLATTENING = ("flatten", "reshape", "view")
# What may stand between a flattening and the dense layer behind it without changing the order.
HARMLESS = (*ACTIVATIONS, *SILENT)
TO_FIRST = ((0, 3, 1, 2), (0, 2, 1), (0, 4, 1, 2, 3))


def names(pairs: list[LayerPair]) -> tuple[dict[str, Held], dict[str, Held]]:
    """The tensors that both models hold, by a common name: where they are in torch and in keras."""
    torch: dict[str, Held] = {}
    keras: dict[str, Held] = {}
    for pair in pairs:
        for role in pair.shared():
            name = f"{pair.torch.path}.{role}"
            torch[name], keras[name] = _aligned(pair.torch.held[role], pair.keras.held[role])
    return torch, keras


def rest(program: Program, held: dict[str, Held]) -> dict[str, Held]:
    """The tensors of a program that are not among these, by their own names."""
    known = {name for tensor in held.values() for name in (str(tensor), tensor.name if tensor.part else "")}
    every = {str(tensor): tensor for node in program.nodes for tensor in node.held.values()}
    return {f"only {name}": tensor for name, tensor in every.items() if name not in known}


def _aligned(torch: Held, keras: Held) -> tuple[Held, Held]:
    """A parameter of the user's own with the axes that its counterpart has; the others as they are."""
    if torch.kind == "raw":
        return _turned(torch, keras.shape), keras
    if keras.kind == "raw":
        return torch, _turned(keras, torch.shape)
    if len(torch.shape) < len(keras.shape):  # a dense layer there, a convolution of 1 x 1 here
        return torch, replace(keras, kind=torch.kind, shape=torch.shape, own=keras.own or keras.shape)
    if len(torch.shape) > len(keras.shape):
        own = (*torch.shape[-2:][::-1], *torch.shape[:-2])
        return replace(torch, kind=keras.kind, shape=keras.shape, own=own), keras
    return torch, keras


def _turned(raw: Held, shape: tuple[int, ...]) -> Held:
    sizes = tuple(size for size in shape if size > 1)
    rank = len(sizes)
    # As it is, a kernel's axes, channels first and last, and whatever else fits; the first is taken.
    kernel = [(rank - 1, rank - 2, *range(rank - 2))] if rank > 3 else []
    orders = [
        tuple(range(rank)),
        *kernel,
        tuple(np.roll(range(rank), 1)),
        *permutations(range(rank)),
    ]
    axes = next(order for order in orders if tuple(sizes[a] for a in order) == raw.sizes)
    return replace(raw, shape=shape, axes=tuple(int(axis) for axis in axes))


def drawn(held: dict[str, Held], seed: int) -> Weights:
    """Values as after training: default initialisation hides mistakes."""
    return trained_like_weights({name: tensor.parameter() for name, tensor in held.items()}, seed)


def unlike(torch: Weights, keras: Weights) -> list[str]:
    """A line that names the weights that are not the same on both sides."""
    apart = [name for name, array in torch.items() if relative_error(array, keras[name]) > TOLERANCE]
    more = " ..." if len(apart) > NAMED else ""
    said = f"{UNLIKE} in {len(apart)} of {len(torch)} tensors: "
    return [f"{said}{', '.join(apart[:NAMED])}{more}."] if apart else []


class RowOrders:
    """Dense kernels behind a flattened feature map: PyTorch has its rows by channel, Keras by place.

    Args:
        torch: the program, and the shape of each tensor in it.
        keras: the same.
        pairs: of layers.
    """

    def __init__(
        self,
        torch: tuple[Program, dict[int, tuple[int, ...]]],
        keras: tuple[Program, dict[int, tuple[int, ...]]],
        pairs: list[LayerPair],
    ) -> None:
        self.maps: dict[str, tuple[int, ...]] = {}  # (C, H, W) by kernel
        first, mine = _channels_first(keras[0]), channels_first(torch, keras)
        for pair in pairs:
            if (
                pair.torch.kind != "dense"
                or not pair.compared
                or not pair.torch.inputs
                or not pair.keras.inputs
            ):
                continue
            before, there = _flattened(torch[0], pair.torch), _flattened(keras[0], pair.keras)
            if before is None or there is None or there in first or before not in mine:
                continue
            shape = torch[1][before][1:]
            turned = len(shape) > 1 and keras[1][there][1:] == (*shape[1:], shape[0])
            if turned and shape[0] > 1 and prod(shape) == pair.torch.held["kernel"].shape[0]:
                self.maps[f"{pair.torch.path}.kernel"] = shape

    def for_keras(self, weights: Weights) -> Weights:
        """The same weights with rows in the order that Keras' flattening gives."""
        return weights | {
            name: np.moveaxis(weights[name].reshape(*shape, -1), 0, len(shape) - 1).reshape(prod(shape), -1)
            for name, shape in self.maps.items()
        }

    def from_keras(self, weights: Weights) -> Weights:
        """The inverse of `for_keras`."""
        found = dict(weights)
        for name, shape in self.maps.items():
            if name in found:
                rows = found[name].reshape(*shape[1:], shape[0], -1)
                found[name] = np.moveaxis(rows, len(shape) - 1, 0).reshape(prod(shape), -1)
        return found


def _flattened(program: Program, layer: Node) -> int | None:
    """The tensor that was flattened to become a layer's input, if that is how it came about."""
    makers = program.makers()
    number = layer.inputs[0]
    while number in makers:
        node = makers[number]
        if node.kind in FLATTENING:
            return node.inputs[0]
        if node.kind not in HARMLESS or not node.inputs:
            return None
        number = node.inputs[0]
    return None


def _channels_first(program: Program) -> set[int]:
    """Tensors that the model itself has brought into PyTorch's order of axes."""
    found: set[int] = set()
    for node in program.nodes:
        order = next(
            (v for v in node.settings.values() if isinstance(v, tuple | list) and tuple(v) in TO_FIRST), ()
        )
        if (node.kind in ("transpose", "permute") and order) or (
            node.kind in HARMLESS and set(node.inputs) & found
        ):
            found |= set(node.outputs)
    return found
