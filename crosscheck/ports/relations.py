"""What a tensor of Keras' is to the one that PyTorch has in its place: told from the numbers alone.

The numbers say the same however either side has written it down.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np
from scipy import special

from crosscheck.ports import identifiers
from crosscheck.ports.divergence import TOLERANCE
from crosscheck.ports.identifiers import group
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
PAIRS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "average": lambda a, b: (a + b) / 2,
}
REDUCTIONS: dict[str, Callable[[np.ndarray, tuple[int, ...]], np.ndarray]] = {
    "mean": lambda x, axes: x.mean(axes),
    "sum": lambda x, axes: x.sum(axes),
    "max": lambda x, axes: x.max(axes),
    "min": lambda x, axes: x.min(axes),
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


def relation(parting: Parting) -> tuple[str, str] | None:
    """The identifier of what is done otherwise and a text, or None if the numbers do not say."""
    if not np.isfinite(parting.keras).all() or not np.isfinite(parting.torch).all():
        return None
    rules = (_left_out, _too_many, _functions, _reductions, _pairs, _numbers)
    return next((found for rule in rules if (found := rule(parting))), None)


def _same(first: np.ndarray, second: np.ndarray) -> bool:
    if first.shape != second.shape:
        return False
    size = max(float(np.sqrt(np.mean(second**2))), np.finfo(float).tiny)
    with np.errstate(invalid="ignore"):
        return bool(np.all(np.abs(first - second) <= TOLERANCE * size))


def _kinds(nodes: Sequence[Node]) -> list[str]:
    return [node.kind for node in nodes]


def _left_out(parting: Parting) -> tuple[str, str] | None:
    """Keras' tensor is one that both had before: what PyTorch does with it is missing."""
    if not any(_same(operand.value, parting.keras) for operand in parting.operands):
        return None
    steps = parting.steps[0]
    torch = [node for node in steps if node.kind not in identifiers.SHAPING]
    kinds = _kinds(torch)
    if not torch:
        if steps:
            name = "axes.swapped" if len(steps) == 1 else "glue.missing"
            return name, "keras leaves the axes as they are, torch exchanges them"
        return "glue.order", "keras goes on with another of the tensors that both have"
    said = f"keras leaves out what torch does there ({', '.join(kinds)})"
    if {"rsqrt", "sqrt", "std"} & {*kinds}:
        return "norm.missing", said
    if any(kind in ("add", "subtract") for kind in kinds):
        if any(node.held and node.kind != "parameter" for node in torch):
            return "layer.missing", said
        constant = any(
            not o.data and _spread(o.value, parting.torch - parting.keras) for o in parting.operands
        )
        plain = {*kinds} <= {"add", "subtract", "parameter", "concatenate", "dropout"}
        return "glue.constant" if constant else "residual.missing" if plain else "glue.missing", said
    node = _most_telling(torch)
    if node is None or (len(torch) > 2 and not _tells(node)):
        return "glue.missing", said
    return identifiers.of_missing(node, torch, parting.at_input), said


def _too_many(parting: Parting) -> tuple[str, str] | None:
    """PyTorch's tensor is one that both had before: what Keras does with it is too much."""
    if not any(_rearranged(operand.value, parting.torch) for operand in parting.operands):
        return None
    keras = [node for node in parting.steps[1] if node.kind not in identifiers.SHAPING]
    node = _most_telling(keras)
    if node is None:
        return None
    said = f"keras does {', '.join(_kinds(keras))} besides"
    if len(keras) > 2 and not _tells(node):
        return "glue.extra", said
    return identifiers.of_extra(node, keras, parting.at_input), said


def _rearranged(first: np.ndarray, second: np.ndarray) -> bool:
    return first.size == second.size and _same(np.sort(first, None), np.sort(second, None))


def _tells(node: Node) -> bool:
    return bool(node.held) or group(node.kind) in ("norm", "activation", "pool")


def _most_telling(nodes: Sequence[Node]) -> Node | None:
    """Of several steps the one that says what they are about."""
    return next(iter([*filter(_tells, nodes), *(n for n in nodes if n.kind != "parameter")]), None)


def _spread(operand: np.ndarray, whole: np.ndarray) -> bool:
    """Whether a tensor is an operand that was broadcast."""
    try:
        return _same(np.broadcast_to(operand, whole.shape), whole)
    except ValueError:
        return operand.size == whole.size


def _functions(parting: Parting) -> tuple[str, str] | None:
    """One function of one number in place of another, or one too many or too few."""
    torch, keras = parting.torch, parting.keras
    for name, function in FUNCTIONS.items():
        if _same(function(keras), torch):
            return "activation.missing", f"keras has no {name} there"
        if _same(function(torch), keras):
            return "activation.extra", f"keras does {name} besides"
    for operand in parting.operands:
        x = operand.value
        if x.shape != torch.shape:
            continue
        mine = next((name for name, f in FUNCTIONS.items() if _same(f(x), torch)), "")
        theirs = next((name for name, f in FUNCTIONS.items() if _same(f(x), keras)), "")
        if mine and theirs:
            slope = mine.startswith("leaky") and theirs.startswith("leaky")
            name = "activation.slope" if slope else "activation.kind"
            return name, f"keras does {theirs} where torch does {mine}"
    return None


def _axes(x: np.ndarray, result: np.ndarray) -> Iterator[tuple[int, ...]]:
    """Axes over which a tensor may have been reduced to a result."""
    for first in range(x.ndim):
        yield (first,)
        for second in range(first + 1, x.ndim):
            yield (first, second)


def _reductions(parting: Parting) -> tuple[str, str] | None:
    """A mean in place of a maximum, or over other axes."""
    torch, keras = (np.squeeze(array) for array in (parting.torch, parting.keras))
    for operand in parting.operands:
        x = operand.value
        if x.ndim < 2 or x.size <= torch.size:
            continue
        ways = [(n, a, np.squeeze(f(x, a))) for n, f in REDUCTIONS.items() for a in _axes(x, torch)]
        mine = next(((n, a) for n, a, value in ways if _same(value, torch)), None)
        theirs = next(((n, a) for n, a, value in ways if _same(value, keras)), None)
        if mine and theirs and mine != theirs:
            if mine[0] != theirs[0]:
                return "pooling.kind", f"keras takes the {theirs[0]} where torch takes the {mine[0]}"
            return "glue.axis", f"keras takes the {mine[0]} along axes {theirs[1]}, torch along {mine[1]}"
    return None


def _pairs(parting: Parting) -> tuple[str, str] | None:
    """Two tensors put together in another way, or with another one."""
    whole = [o.value for o in parting.operands if o.value.ndim and o.value.size <= parting.torch.size][:MOST]
    ways = []
    for a, b in permutations(range(len(whole)), 2):
        for name, function in PAIRS.items():
            if name in ("add", "multiply", "maximum", "minimum", "average") and a > b:
                continue
            try:
                with np.errstate(all="ignore"):
                    value = function(whole[a], whole[b])
            except ValueError:
                continue
            if value.shape == parting.torch.shape:
                ways.append((name, (a, b), value))
    mine = next(((n, p) for n, p, value in ways if _same(value, parting.torch)), None)
    theirs = next(((n, p) for n, p, value in ways if _same(value, parting.keras)), None)
    if not mine or not theirs:
        return None
    if mine[0] == theirs[0]:
        if set(mine[1]) == set(theirs[1]):
            return "glue.order", f"keras exchanges the operands of {mine[0]}"
        return "glue.operation", f"keras' {mine[0]} takes another tensor than torch's"
    return "glue.operation", f"keras does {theirs[0]} where torch does {mine[0]}"


def _numbers(parting: Parting) -> tuple[str, str] | None:
    """The same numbers times or plus a constant, or in another order."""
    torch, keras = parting.torch, parting.keras
    size = float(np.sqrt(np.mean(torch**2)))
    large = np.abs(torch) > 1e-3 * size
    if not size or not large.any():
        return None
    ratio = float(np.median(keras[large] / torch[large]))
    nodes = [*parting.steps[0], *parting.steps[1]]
    if np.isfinite(ratio) and abs(ratio) > TOLERANCE and _same(torch * ratio, keras):
        return identifiers.of_constant(
            nodes, parting.at_input
        ), f"keras' numbers are {ratio:.6g} times torch's"
    shift = float(np.median(keras - torch))
    if abs(shift) > TOLERANCE * size and _same(torch + shift, keras):
        return identifiers.of_constant(
            nodes, parting.at_input
        ), f"keras' numbers are torch's plus {shift:.6g}"
    return None
