"""What a tensor of Keras' is to the one that PyTorch has in its place: told from the numbers alone.

The numbers say the same however either side has written it down.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import permutations

import numpy as np

from crosscheck.ports import identifiers
from crosscheck.ports.divergence import TOLERANCE
from crosscheck.ports.identifiers import group
from crosscheck.ports.parting import FUNCTIONS, MOST, Parting, same
from crosscheck.ports.products import gates, products
from crosscheck.ports.program import Node

SCALING = {*identifiers.ARITHMETIC, "rescale", "parameter"}
PAIRS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "average": lambda a, b: (a + b) / 2,
}
SPREADS = {"std", "stdmean", "var", "varmean", "moments"}
MOST_VALUES = 1e4  # n and n - 1 of more can't be told from rounding
REDUCTIONS: dict[str, Callable[[np.ndarray, tuple[int, ...]], np.ndarray]] = {
    "mean": lambda x, axes: x.mean(axes),
    "sum": lambda x, axes: x.sum(axes),
    "max": lambda x, axes: x.max(axes),
    "min": lambda x, axes: x.min(axes),
}


def relation(parting: Parting) -> tuple[str, str] | None:
    """The identifier of what is done otherwise and a text, or None if the numbers do not say."""
    if not np.isfinite(parting.keras).all() or not np.isfinite(parting.torch).all():
        return None
    rules = (_left_out, _too_many, _functions, _reductions, _pairs, gates, products, corrected, _numbers)
    return next((found for rule in rules if (found := rule(parting))), None)


def corrected(parting: Parting) -> tuple[str, str] | None:
    """Whether in a variance, or in its root, one side divides by n and the other by n - 1.

    Those are the defaults: PyTorch's `std` and `var` divide by n - 1, Keras' by n.
    """
    torch, keras = np.ravel(parting.torch), np.ravel(parting.keras)
    taken = torch != 0
    if not SPREADS & {*_kinds(parting.steps[0]), *_kinds(parting.steps[1])} or not taken.any():
        return None
    ratios = keras[taken] / torch[taken]
    ratio = float(np.median(ratios))
    if ratio <= 0 or not np.allclose(ratios, ratio, rtol=1e-6, atol=0):
        return None
    for power in (1, 2):  # of a variance, of a deviation
        share = min(ratio, 1 / ratio) ** power
        count = 1 / (1 - share) if share < 1 else np.inf
        if 2 <= count < MOST_VALUES and abs(count - round(count)) <= 1e-4:
            divisors = ("n", "n - 1") if ratio < 1 else ("n - 1", "n")
            said = f"keras divides by {divisors[0]}, torch by {divisors[1]}, of n = {round(count)} values"
            return "norm.variance", said
    return None


def _kinds(nodes: Sequence[Node]) -> list[str]:
    return [node.kind for node in nodes]


def _left_out(parting: Parting) -> tuple[str, str] | None:
    """Keras' tensor is one that both had before: what PyTorch does with it is missing."""
    if not any(same(operand.value, parting.keras) for operand in parting.operands):
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
    if parting.at_input and {*kinds} <= SCALING:
        return "input.scaling", said
    if any(kind in ("add", "subtract") for kind in kinds):
        if any(node.held and node.kind != "parameter" for node in torch):
            return "layer.missing", said
        constant = any(
            not o.data and _spread(o.value, parting.torch - parting.keras) for o in parting.operands
        )
        plain = {*kinds} <= {"add", "subtract", "parameter", "concatenate", "dropout"}
        return "glue.constant" if constant else "residual.missing" if plain else "glue.missing", said
    node = _most_telling(torch)
    if node is None or (len(torch) > 1 and not _tells(node)):
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
    if parting.at_input and {*_kinds(keras)} <= SCALING:
        return "input.scaling", said
    if len(keras) > 1 and not _tells(node):
        return "glue.extra", said
    others = [other for other in keras if other is not node]
    return identifiers.of_extra(node, others, parting.at_input), said


def _rearranged(first: np.ndarray, second: np.ndarray) -> bool:
    return first.size == second.size and same(np.sort(first, None), np.sort(second, None))


def _tells(node: Node) -> bool:
    return bool(node.held) or group(node.kind) in ("norm", "activation", "pool")


def _most_telling(nodes: Sequence[Node]) -> Node | None:
    """Of several steps the one that says what they are about."""
    return next(iter([*filter(_tells, nodes), *(n for n in nodes if n.kind != "parameter")]), None)


def _spread(operand: np.ndarray, whole: np.ndarray) -> bool:
    """Whether a tensor is an operand that was broadcast."""
    try:
        return same(np.broadcast_to(operand, whole.shape), whole)
    except ValueError:
        return operand.size == whole.size


def _functions(parting: Parting) -> tuple[str, str] | None:
    """One function of one number in place of another, or one too many or too few."""
    torch, keras = parting.torch, parting.keras
    for name, function in FUNCTIONS.items():
        if same(function(keras), torch):
            return "activation.missing", f"keras has no {name} there"
        if same(function(torch), keras):
            return "activation.extra", f"keras does {name} besides"
    for operand in parting.operands:
        x = operand.value
        if x.shape != torch.shape:
            continue
        mine = next((name for name, f in FUNCTIONS.items() if same(f(x), torch)), "")
        theirs = next((name for name, f in FUNCTIONS.items() if same(f(x), keras)), "")
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
        mine = next(((n, a) for n, a, value in ways if same(value, torch)), None)
        theirs = next(((n, a) for n, a, value in ways if same(value, keras)), None)
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
    mine = next(((n, p) for n, p, value in ways if same(value, parting.torch)), None)
    theirs = next(((n, p) for n, p, value in ways if same(value, parting.keras)), None)
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
    if np.isfinite(ratio) and abs(ratio) > TOLERANCE and same(torch * ratio, keras):
        return identifiers.of_constant(
            nodes, parting.at_input
        ), f"keras' numbers are {ratio:.6g} times torch's"
    shift = float(np.median(keras - torch))
    if abs(shift) > TOLERANCE * size and same(torch + shift, keras):
        return identifiers.of_constant(
            nodes, parting.at_input
        ), f"keras' numbers are torch's plus {shift:.6g}"
    return None
