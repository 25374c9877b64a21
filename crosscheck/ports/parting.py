"""Two tensors where stretches part, and functions that one may be of the other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from crosscheck.ports.divergence import TOLERANCE
from crosscheck.ports.program import Node

# Tensors that are put together in pairs.
MOST = 8
FUNCTIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "relu": lambda x: np.maximum(x, 0),
    "relu6": lambda x: np.clip(x, 0, 6),
    "sigmoid": special.expit,
    "tanh": np.tanh,
    "silu": lambda x: x * special.expit(x),
    "gelu": lambda x: x * special.ndtr(x),
    "gelu (tanh)": lambda x: 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))),
    "softplus": lambda x: np.logaddexp(x, 0),
    "elu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
    "leaky_relu 0.01": lambda x: np.where(x > 0, x, 0.01 * x),
    "leaky_relu 0.1": lambda x: np.where(x > 0, x, 0.1 * x),
    "leaky_relu 0.2": lambda x: np.where(x > 0, x, 0.2 * x),
    "leaky_relu 0.3": lambda x: np.where(x > 0, x, 0.3 * x),
    "hard_sigmoid": lambda x: np.clip(x / 6 + 0.5, 0, 1),
    "hard_silu": lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
    "mish": lambda x: x * np.tanh(np.logaddexp(x, 0)),
    "selu": lambda x: (
        1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(np.minimum(x, 0)))
    ),
}


@dataclass(frozen=True)
class Operand:
    """A tensor that both sides have before they part.

    Attributes:
        value: in PyTorch's order of axes.
        data: whether it depends on the input, and is no parameter or constant.
    """

    value: np.ndarray
    data: bool


@dataclass(frozen=True)
class Parting:
    """Where two stretches part.

    Attributes:
        torch: PyTorch's tensor.
        keras: Keras' in its place, in PyTorch's order of axes.
        operands: what they are made of.
        steps: the nodes that make them, of torch and of keras.
        at_input: whether that begins at an input of the model.
        elsewhere: whether each side takes a tensor that the other does not.
    """

    torch: np.ndarray
    keras: np.ndarray
    operands: Sequence[Operand]
    steps: tuple[Sequence[Node], Sequence[Node]]
    at_input: bool
    elsewhere: bool = False


def same(first: np.ndarray, second: np.ndarray) -> bool:
    """Whether two tensors are equal to rounding, as large as the second is."""
    if first.shape != second.shape:
        return False
    size = max(float(np.sqrt(np.mean(second**2))), np.finfo(float).tiny)
    with np.errstate(invalid="ignore"):
        return bool(np.all(np.abs(first - second) <= TOLERANCE * size))
