"""What a model does with its tensors, in the order in which it does it.

`torch_impl/graph.py` and `keras_impl/graph.py` record it from one call of a model.
"""

import re
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Step:
    """The call of a layer or of a function.

    Attributes:
        path: of the layer, or of the one whose code calls the function; such as "block1.conv".
        owner: the layer that the path names.
        operation: what is called, in the same words on both sides where that can be.
        called: the layer or function itself.
        arguments: what it is called with: positional, by name.
        results: what it returns.
        inputs: numbers of the tensors that go in.
        outputs: numbers of the tensors that come out; a tensor changed in place has a new number.
    """

    path: str
    owner: Any
    operation: str
    called: Any
    arguments: tuple[tuple[Any, ...], dict[str, Any]]
    results: Any
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True)
class Record:
    """A call of a model.

    Attributes:
        steps: in order.
        inputs: numbers of the tensors that go in.
        results: what the model returns.
        outputs: numbers of the tensors that come out.
        constants: by number, tensors that steps use and no step makes, as the stand-in and the tensor itself.
    """

    steps: tuple[Step, ...]
    inputs: tuple[int, ...]
    results: Any
    outputs: tuple[int, ...]
    constants: dict[int, tuple[Any, Any]] = field(default_factory=dict)


def operation_name(name: str) -> str:
    """A name without case, underscores and dimensions: "max_pool2d" and "MaxPool" are "maxpool"."""
    return re.sub(r"_|\dd$", "", name.lower())
