"""What a model does, in words that both frameworks share; recorded by `trace.py` of either side."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np

from crosscheck.layouts import LAYOUTS, Parameter

Padding = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Held:
    """A tensor that a layer holds.

    Attributes:
        name: on its own side, such as "layer1.0.conv1.weight".
        kind: row of `layouts.LAYOUTS`, such as "conv2d.kernel".
        shape: in the neutral layout.
    """

    name: str
    kind: str
    shape: tuple[int, ...]

    @classmethod
    def of_torch(cls, name: str, kind: str, shape: tuple[int, ...]) -> "Held":
        """From the shape that PyTorch's tensor has."""
        sizes = dict(zip(LAYOUTS[kind].torch.split(), shape, strict=True)) | {"1": 1}
        return cls(name, kind, tuple(sizes[axis] for axis in LAYOUTS[kind].neutral.split()))

    def parameter(self) -> Parameter:
        """As a contract declares it."""
        transposed = self.kind.endswith("_transpose.kernel")
        inputs = (*self.shape[:-2], self.shape[-1]) if transposed else self.shape[:-1]
        depthwise = self.kind == "depthwise_conv2d.kernel"
        return Parameter(self.kind, self.shape, prod(self.shape[:2] if depthwise else inputs) or 1)


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
        step: of the recorded call; several nodes may be of one.
    """

    number: int
    path: str
    kind: str
    settings: dict[str, Any] = field(default_factory=dict)
    held: dict[str, Held] = field(default_factory=dict)
    inputs: tuple[int, ...] = ()
    outputs: tuple[int, ...] = ()
    step: int = 0

    def __str__(self) -> str:
        return f"{self.path or 'the model'} ({self.kind})"


@dataclass(frozen=True)
class Program:
    """A model's call.

    Attributes:
        side: "torch" or "keras".
        nodes: in the order of the calls.
        inputs: numbers of the tensors that the model was given.
        outputs: numbers of the tensors that it returned, in the order of its structure.
        loose: names of parameters and buffers that no node holds.
    """

    side: str
    nodes: tuple[Node, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    loose: tuple[str, ...] = ()

    def layers(self) -> Iterator[Node]:
        """The first call of every layer that holds tensors."""
        seen = set()
        for node in self.nodes:
            key = tuple(held.name for held in node.held.values())
            if key and key not in seen:
                seen.add(key)
                yield node

    def calls(self, layer: Node) -> list[Node]:
        """Every call of a layer, this one among them."""
        return [node for node in self.nodes if node.held == layer.held]

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


@dataclass(frozen=True)
class Part:
    """A stretch of a program to be done again with other tensors.

    Attributes:
        steps: in order.
        given: tensors to begin with, by number.
        wanted: the number of the tensor that is asked for.
        changes: for some steps, what is done instead: a kind and its settings, "skip" for nothing.
        before: for some steps, what is done to their first input before them.
    """

    steps: tuple[int, ...]
    given: dict[int, np.ndarray]
    wanted: int
    changes: dict[int, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    before: dict[int, tuple[str, dict[str, Any]]] = field(default_factory=dict)


# What may be inside a Keras layer, and stands behind a PyTorch one.
ACTIVATIONS = (
    *("relu", "relu6", "leaky_relu", "elu", "gelu", "silu", "hard_silu", "hard_sigmoid", "mish", "softplus"),
    *("sigmoid", "tanh", "softmax", "log_softmax"),
)

# Functions whose names differ between the frameworks, without underscores: what they are called here.
FUNCTIONS = {
    "leakyrelu": "leaky_relu",
    "hardswish": "hard_silu",
    "hardsilu": "hard_silu",
    "swish": "silu",
    "hardsigmoid": "hard_sigmoid",
    "logsoftmax": "log_softmax",
    "maxpool": "max_pool",
    "avgpool": "avg_pool",
    "averagepool": "avg_pool",
    "cat": "concatenate",
    "concat": "concatenate",
    "amax": "max",
    "sub": "subtract",
    "mul": "multiply",
    "permute": "transpose",
}
