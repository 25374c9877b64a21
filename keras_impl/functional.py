"""Functions of Keras that are given a layer's variables, told in the words of the layer they amount to.

A layer of the user's own that calls `ops.matmul(x, self.kernel)` is a dense layer like any other.
"""

from collections.abc import Callable, Mapping
from typing import Any

import keras

from crosscheck.dataflow import Step
from crosscheck.ports.program import Own
from crosscheck.ports.words import FUNCTIONS, slices_as_crop

# Where the kernel stands among the arguments: its place and name.
ROLES: Mapping[str, Mapping[str, tuple[int, str]]] = {
    "matmul": {"kernel": (1, "x2")},
    "conv": {"kernel": (1, "kernel")},
    "depthwiseconv": {"kernel": (1, "kernel")},
}


def argument(step: Step, place: int, name: str, default: Any = None) -> Any:
    """An argument of the call, by place or by name."""
    positional, named = step.arguments
    return positional[place] if place < len(positional) else named.get(name, default)


def tensors_by_role(step: Step) -> dict[str, keras.KerasTensor]:
    """What the function is given as its parameters, by role."""
    found = {role: argument(step, *place) for role, place in ROLES.get(step.operation, {}).items()}
    return {role: tensor for role, tensor in found.items() if isinstance(tensor, keras.KerasTensor)}


def layer_of(step: Step, names: Mapping[int, str]) -> tuple[str, dict[str, Any], dict[str, Own]] | None:
    """Kind, settings and variables of the layer, or None if the function is given no variable."""
    tensors = tensors_by_role(step)
    if not tensors or not all(id(tensor) in names for tensor in tensors.values()):
        return None
    first = next(iter(tensors.values()))
    if step.operation == "matmul" and len(first.shape) != 2:
        return None
    kind, settings = _LAYERS[step.operation](step, tuple(first.shape))
    return kind, settings, {role: Own(names[id(t)], f"{kind}.{role}") for role, t in tensors.items()}


def _matmul(step: Step, kernel: tuple[int, ...]) -> tuple[str, dict[str, Any]]:
    return "dense", {}


def _conv(step: Step, kernel: tuple[int, ...]) -> tuple[str, dict[str, Any]]:
    rank, called = len(kernel) - 2, step.called
    dilation = as_tuple(called.dilation_rate, rank)
    strides = as_tuple(called.strides, rank)
    sizes = argument(step, 0, "inputs").shape[1:-1]
    padding = as_pairs(called.padding, sizes, kernel[:rank], strides, dilation)
    settings = {"strides": strides, "padding": padding, "padding_mode": "zeros", "dilation": dilation}
    if step.operation == "depthwiseconv":
        return f"depthwise_conv{rank}d", settings
    return f"conv{rank}d", settings | {"groups": argument(step, 0, "inputs").shape[-1] // kernel[-2]}


_LAYERS: Mapping[str, Callable[[Step, tuple[int, ...]], tuple[str, dict[str, Any]]]] = {
    "matmul": _matmul,
    "conv": _conv,
    "depthwiseconv": _conv,
}


def as_pairs(
    padding: str,
    sizes: tuple[int, ...],
    kernel: tuple[int, ...],
    strides: tuple[int, ...],
    dilation: tuple[int, ...],
) -> tuple[tuple[int, int], ...]:
    """Padding before and after, along each axis of the window."""
    # PORT: "same" depends on the input's size and puts the odd row at the end; PyTorch's padding is equal
    # on both ends.
    if padding == "valid":
        return ((0, 0),) * len(kernel)
    if padding == "causal":
        return tuple((d * (k - 1), 0) for k, d in zip(kernel, dilation, strict=True))
    found = []
    for size, k, s, d in zip(sizes, kernel, strides, dilation, strict=True):
        total = max(0, (-(-size // s) - 1) * s + d * (k - 1) + 1 - size)
        found.append((total // 2, total - total // 2))
    return tuple(found)


def as_tuple(value: int | tuple[int, ...], rank: int) -> tuple[int, ...]:
    """One number for each axis of the window."""
    return (value,) * rank if isinstance(value, int) else tuple(value)


def function_of(step: Step) -> tuple[str, dict[str, Any], dict[str, Own]]:
    """Kind and settings of a function without parameters."""
    kind = FUNCTIONS.get(step.operation, step.operation)
    if kind == "getitem":
        cut = slices_as_crop(argument(step, 1, "key"), tuple(argument(step, 0, "x").shape), 1, 1)
        if cut:
            return "crop", {"crop": cut}, {}
    settings = _OPERATIONS[kind](step) if kind in _OPERATIONS else _settings(step)
    return kind, settings, {}


def _settings(step: Step) -> dict[str, Any]:
    positional, named = step.arguments
    held = {n: v for n, v in vars(step.called).items() if isinstance(v, int | float | str | bool | tuple)}
    plain = [v for v in positional if isinstance(v, int | float | str | bool)]
    settings = {"arguments": plain} if plain else {}
    own = {n: v for n, v in held.items() if not n.startswith("_") and n not in ("name", "built", "sparse")}
    given = {n: v for n, v in named.items() if isinstance(v, int | float | str | bool | tuple)}
    return settings | own | given


def _attention(step: Step) -> dict[str, Any]:
    query, called = argument(step, 0, "query"), step.called
    scale = getattr(called, "scale", None) or argument(step, 5, "scale") or query.shape[-1] ** -0.5
    masked = any(argument(step, *place) is not None for place in ((3, "bias"), (4, "mask")))
    causal = bool(getattr(called, "is_causal", False) or argument(step, 6, "is_causal", False))
    # PORT: heads are the axis behind the positions here, and the one before them in PyTorch.
    return {"heads": query.shape[2], "scale": float(scale), "causal": causal, "masked": masked}


def _pool(step: Step) -> dict[str, Any]:
    called, x = step.called, argument(step, 0, "inputs")
    rank = len(x.shape) - 2
    size = as_tuple(called.pool_size, rank)
    strides = size if called.strides is None else as_tuple(called.strides, rank)
    padding = as_pairs(called.padding, x.shape[1:-1], size, strides, (1,) * rank)
    settings = {"size": size, "strides": strides, "padding": padding, "ceil": False}
    return settings | ({"padding_counts": False} if "ver" in step.operation else {})


def _resize(step: Step) -> dict[str, Any]:
    return {"size": tuple(step.called.size), "mode": step.called.interpolation, "aligned": False}


def _pad(step: Step) -> dict[str, Any]:
    pairs = tuple(tuple(pair) for pair in step.called.pad_width)
    modes = {"constant": "zeros"}
    return {"padding": pairs[1:-1], "padding_mode": modes.get(step.called.mode, step.called.mode)}


# Operations whose attributes mean what a layer's settings do.
_OPERATIONS: Mapping[str, Callable[[Step], dict[str, Any]]] = {
    **dict.fromkeys(
        ("relu", "relu6", "silu", "hard_silu", "hard_sigmoid", "sigmoid", "tanh"), lambda step: {}
    ),
    "gelu": lambda step: {"approximate": "tanh" if step.called.approximate else "none"},
    "leaky_relu": lambda step: {"slope": step.called.negative_slope},
    "elu": lambda step: {"alpha": step.called.alpha},
    "softmax": lambda step: {"axis": step.called.axis},
    "log_softmax": lambda step: {"axis": step.called.axis},
    "dot_product_attention": _attention,
    "max_pool": _pool,
    "avg_pool": _pool,
    "resize": _resize,
    "pad": _pad,
    "clip": lambda step: {"low": step.called.x_min, "high": step.called.x_max},
}
