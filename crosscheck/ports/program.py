"""What a model does, in words that both frameworks share; recorded by `trace.py` of either side."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any, NamedTuple

import numpy as np

from crosscheck.layouts import LAYOUTS, Parameter, from_side, to_side

Padding = tuple[tuple[int, int], ...]
Part = tuple[int | slice, ...]


class Own(NamedTuple):
    """A tensor of a layer, as the layer itself knows it.

    Attributes:
        name: of its attribute.
        row: of `layouts.LAYOUTS`; "raw" for a parameter of the user's own.
        part: which part of it; everything if empty. Gates and projections share one tensor.
        also: another tensor that is always added to it, as PyTorch's second bias of an LSTM.
        as_is: whether its axes are those of the row's neutral layout, whatever the side.
        turned: whether its axes are in reverse, as of an embedding's that an output layer uses.
    """

    name: str
    row: str
    part: Part = ()
    also: str = ""
    as_is: bool = False
    turned: bool = False


@dataclass(frozen=True)
class Held:
    """A tensor that a layer holds, or a part of one.

    Attributes:
        name: of the tensor on its own side, such as "layer1.0.conv1.weight".
        kind: row of `layouts.LAYOUTS`, such as "conv2d.kernel", or "raw".
        shape: in the neutral layout.
        part: as in `Own`.
        also: the name of another tensor that is always added to it.
        own: shape on its own side, where that groups the axes otherwise.
        axes: where no row says it, the neutral axes in the side's order, those of size 1 left out.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    part: Part = ()
    also: str = ""
    own: tuple[int, ...] = ()
    axes: tuple[int, ...] = ()

    @classmethod
    def of_torch(cls, name: str, own: Own, tensor: tuple[int, ...], also: str = "") -> "Held":
        """From the shape that PyTorch's tensor has, or the part of it."""
        if own.row == "raw" or own.as_is:
            axes = range(sum(size > 1 for size in tensor))
            return cls(name, own.row, tensor, own.part, also, tensor, tuple(axes))
        sizes = dict(zip(LAYOUTS[own.row].torch.split(), tensor, strict=True)) | {"1": 1}
        shape = tuple(sizes[axis] for axis in LAYOUTS[own.row].neutral.split())
        return cls(name, own.row, shape, own.part, also)

    def __str__(self) -> str:
        inside = ", ".join(f"{p.start}:{p.stop}" if isinstance(p, slice) else str(p) for p in self.part)
        return f"{self.name}[{inside}]" if inside else self.name

    @property
    def sizes(self) -> tuple[int, ...]:
        """The neutral shape without axes of size 1."""
        return tuple(size for size in self.shape if size > 1)

    def as_raw(self, side: str) -> "Held":
        """The same tensor as one of the user's own, that no row of the layouts tells the axes of."""
        own = self.own or to_side(np.empty(self.shape, np.int8), self.parameter(), side).shape
        axes = tuple(range(sum(size > 1 for size in own)))
        return replace(self, kind="raw", shape=own, own=own, axes=axes)

    def to_own(self, array: np.ndarray, side: str) -> np.ndarray:
        """A neutral array as the side has it."""
        if self.axes or self.kind == "raw":
            # Not the reverse: what is contiguous has one axis at least, and a scalar none.
            return np.ascontiguousarray(np.transpose(array.reshape(self.sizes), self.axes)).reshape(self.own)
        array = to_side(array, self.parameter(), side)
        return array.reshape(self.own) if self.own else array

    def to_neutral(self, array: np.ndarray, side: str) -> np.ndarray:
        """The inverse of `to_own`."""
        if self.axes or self.kind == "raw":
            turned = array.reshape(tuple(self.sizes[axis] for axis in self.axes))
            return np.ascontiguousarray(np.transpose(turned, np.argsort(self.axes))).reshape(self.shape)
        if self.own:  # the same axes, grouped otherwise
            array = array.reshape(to_side(np.empty(self.shape, np.int8), self.parameter(), side).shape)
        return from_side(array, self.parameter(), side)

    def parameter(self) -> Parameter:
        """As a contract declares it."""
        if self.kind == "raw":
            sizes = self.sizes
            return Parameter("dense.kernel" if len(sizes) > 1 else "raw.value", self.shape, (*sizes, 1)[0])
        transposed = self.kind.endswith("_transpose.kernel")
        inputs = (*self.shape[:-2], self.shape[-1]) if transposed else self.shape[:-1]
        depthwise = self.kind.startswith("depthwise")
        return Parameter(self.kind, self.shape, prod(self.shape[:-2] if depthwise else inputs) or 1)


@dataclass(frozen=True)
class Node:
    """The call of a layer or of a function.

    Attributes:
        number: in the order of the calls.
        path: of the layer, or of the one whose code calls the function.
        kind: what is done, such as "conv2d" or "relu"; "?name" if it is not known what that does.
        settings: all that the result depends on beside tensors, by names that both sides share.
        held: the layer's tensors by role ("kernel", "bias", ...).
        inputs: numbers of the tensors that go in.
        outputs: numbers of the tensors that come out; negative where the side does not show them, as
            between a Keras layer and the activation inside it.
        step: of the recorded call; several nodes may be of one, and a parameter that functions use is of
            none (-1).
        tied: tensors by role that belong to a layer elsewhere, as an output layer that uses an embedding's.
        also: other paths of the layer: Keras' own names beside those of the attributes that hold layers.
    """

    number: int
    path: str
    kind: str
    settings: dict[str, Any] = field(default_factory=dict)
    held: dict[str, Held] = field(default_factory=dict)
    inputs: tuple[int, ...] = ()
    outputs: tuple[int, ...] = ()
    step: int = 0
    tied: dict[str, Held] = field(default_factory=dict)
    also: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Every path that the layer goes by."""
        return (self.path, *self.also)

    def __str__(self) -> str:
        return f"{self.path or 'the model'} ({self.kind})"


def plain(value: Any) -> Any:
    """A setting that can be sent to another process: numbers, words and tuples of them."""
    if isinstance(value, list | tuple):
        return tuple(plain(item) for item in value)
    if isinstance(value, np.generic):
        return value.item()
    return value if isinstance(value, int | float | str | bool | None) else str(value)


def without_tied(nodes: list[Node]) -> list[Node]:
    """The nodes numbered, each tensor held by one layer: by the first that is more than a mere use of it."""
    owners: dict[str, str] = {}
    for node in sorted(nodes, key=lambda node: node.kind == "parameter"):
        for tensor in node.held.values():
            owners.setdefault(str(tensor), node.kind)
    found = []
    for node in nodes:
        if node.held and all(owners[str(tensor)] != node.kind for tensor in node.held.values()):
            node = replace(node, held={}, tied=node.held)
        found.append(node)
    return [
        replace(node, number=number, settings={name: plain(value) for name, value in node.settings.items()})
        for number, node in enumerate(found)
    ]


@dataclass(frozen=True)
class Program:
    """A model's call.

    Attributes:
        side: "torch" or "keras".
        nodes: in the order of the calls.
        inputs: numbers of the tensors that the model was given.
        outputs: numbers of the tensors that it returned, in the order of its structure.
        unknown: names of parameters of layers that are not known.
        unused: names of parameters that the call does not use.
        steps: how many calls were recorded.
    """

    side: str
    nodes: tuple[Node, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    unknown: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    steps: int = 0

    def layers(self) -> Iterator[Node]:
        """The first call of every layer that holds tensors."""
        seen = set()
        for node in self.nodes:
            key = tuple(map(str, node.held.values()))
            if key and key not in seen:
                seen.add(key)
                yield node

    def calls(self, layer: Node) -> list[Node]:
        """Every call of a layer, this one among them."""
        return [node for node in self.nodes if node.held == layer.held]

    def users(self, number: int) -> list[Node]:
        """The nodes that a tensor goes into."""
        return [node for node in self.nodes if number in node.inputs]

    def behind(self, number: int, kinds: Collection[str]) -> Iterator[int]:
        """A tensor, and those that steps of these kinds alone make of it."""
        yield number
        users = self.users(number)
        while len(users) == 1 and users[0].kind in kinds:
            yield users[0].outputs[0]
            users = self.users(users[0].outputs[0])

    def makers(self) -> dict[int, Node]:
        """The node that each tensor comes from."""
        return {number: node for node in self.nodes for number in node.outputs}


@dataclass(frozen=True)
class Trace:
    """One run of a program.

    Attributes:
        values: every tensor on the way, by its number, as the side itself has it.
    """

    values: dict[int, np.ndarray]


class Drop(NamedTuple):
    """Something that is dropped at random in training mode.

    Attributes:
        what: is dropped; empty if that is not known.
        rate: the share that is dropped, or a deviation.
    """

    what: str
    rate: float


@dataclass(frozen=True)
class Backward:
    """One pass forward and backward in training mode, dropout switched off.

    Attributes:
        values: every tensor on the way, by its number.
        gradients: of a weighted sum of the outputs, with respect to those tensors that were asked for.
        weights: with respect to the trainable tensors that the model holds, by their own names.
        buffers: what it holds besides, after the pass, by their own names.
        steps: kinds of the recorded calls: another way through the model cannot be compared.
        dropped: what would have been dropped.
    """

    values: dict[int, np.ndarray]
    gradients: dict[int, np.ndarray]
    weights: dict[str, np.ndarray]
    buffers: dict[str, np.ndarray]
    steps: tuple[str, ...]
    dropped: tuple[Drop, ...]


@dataclass(frozen=True)
class Again:
    """A stretch of a program to be done again with other tensors.

    Attributes:
        steps: in order.
        given: tensors to begin with, by number.
        wanted: the number of the tensor that is asked for.
        changes: for some steps, what is done instead: a kind and its settings, "skip" for nothing.
        before: for some steps, what is done to their first input before them.
        forced: tensors that are these, whatever the steps make of them, by number.
    """

    steps: tuple[int, ...]
    given: dict[int, np.ndarray]
    wanted: int
    changes: dict[int, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    before: dict[int, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    forced: dict[int, np.ndarray] = field(default_factory=dict)
