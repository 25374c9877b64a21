"""Functions of PyTorch that are given a module's parameters, told in the words of the layer they amount to.

A module of the user's own that calls `F.linear(x, self.weight)` is a dense layer like any other.
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from crosscheck.dataflow import Step
from crosscheck.ports.program import Own
from crosscheck.ports.words import FUNCTIONS, slices_as_crop

# Where each tensor stands among the arguments: its place and name.
ROLES: Mapping[str, Mapping[str, tuple[int, str]]] = {
    "linear": {"kernel": (1, "weight"), "bias": (2, "bias")},
    "conv": {"kernel": (1, "weight"), "bias": (2, "bias")},
    "layernorm": {"gamma": (2, "weight"), "beta": (3, "bias")},
    "rmsnorm": {"gamma": (2, "weight")},
    "groupnorm": {"gamma": (2, "weight"), "beta": (3, "bias")},
    "embedding": {"embeddings": (1, "weight")},
    "prelu": {"alpha": (1, "weight")},
}


def argument(step: Step, place: int, name: str, default: Any = None) -> Any:
    """An argument of the call, by place or by name."""
    positional, named = step.arguments
    return positional[place] if place < len(positional) else named.get(name, default)


def tensors_by_role(step: Step) -> dict[str, Tensor]:
    """What the function is given as its parameters, by role."""
    found = {role: argument(step, *place) for role, place in ROLES.get(step.operation, {}).items()}
    return {role: tensor for role, tensor in found.items() if isinstance(tensor, Tensor)}


def layer_of(step: Step, names: Mapping[int, str]) -> tuple[str, dict[str, Any], dict[str, Own]] | None:
    """Kind, settings and tensors of the layer, or None if the function is given no parameter of the model."""
    tensors = tensors_by_role(step)
    if not tensors or not all(id(tensor) in names for tensor in tensors.values()):
        return None
    kind, settings, row = _LAYERS[step.operation](step, next(iter(tensors.values())))
    return kind, settings, {role: Own(names[id(t)], f"{row}.{role}") for role, t in tensors.items()}


def _linear(step: Step, weight: Tensor) -> tuple[str, dict[str, Any], str]:
    return "dense", {}, "dense"


def _conv(step: Step, weight: Tensor) -> tuple[str, dict[str, Any], str]:
    rank = weight.ndim - 2
    padding, dilation = argument(step, 4, "padding", 0), argument(step, 5, "dilation", 1)
    groups = argument(step, 6, "groups", 1)
    settings = {
        "strides": as_tuple(argument(step, 3, "stride", 1), rank),
        "padding": as_pairs(padding, tuple(weight.shape[2:]), as_tuple(dilation, rank)),
        "padding_mode": "zeros",
        "dilation": as_tuple(dilation, rank),
    }
    kind = f"conv{rank}d"
    if rank < 3 and groups > 1 and weight.shape[1] == 1:
        return f"depthwise_{kind}", settings | {"groups": groups}, f"depthwise_{kind}"
    return kind, settings | {"groups": groups}, kind


def _layer_norm(step: Step, weight: Tensor) -> tuple[str, dict[str, Any], str]:
    return "layer_norm", {"epsilon": argument(step, 4, "eps", 1e-5), "axes": weight.ndim}, "norm"


def _rms_norm(step: Step, weight: Tensor) -> tuple[str, dict[str, Any], str]:
    return "rms_norm", {"epsilon": argument(step, 3, "eps") or torch.finfo(weight.dtype).eps}, "norm"


def _group_norm(step: Step, weight: Tensor) -> tuple[str, dict[str, Any], str]:
    settings = {"epsilon": argument(step, 4, "eps", 1e-5), "groups": argument(step, 1, "num_groups")}
    return "group_norm", settings, "norm"


def _embedding(step: Step, weight: Tensor) -> tuple[str, dict[str, Any], str]:
    return "embedding", {}, "embedding"


def _prelu(step: Step, weight: Tensor) -> tuple[str, dict[str, Any], str]:
    return "prelu", {"slopes": weight.numel()}, "prelu"


_LAYERS: Mapping[str, Callable[[Step, Tensor], tuple[str, dict[str, Any], str]]] = {
    "linear": _linear,
    "conv": _conv,
    "layernorm": _layer_norm,
    "rmsnorm": _rms_norm,
    "groupnorm": _group_norm,
    "embedding": _embedding,
    "prelu": _prelu,
}


def as_pairs(padding: Any, kernel: tuple[int, ...], dilation: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    """Padding before and after, along each axis of the window."""
    if padding == "valid":
        return tuple((0, 0) for _ in kernel)
    if padding == "same":
        totals = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
        return tuple((total // 2, total - total // 2) for total in totals)
    return tuple((p, p) for p in as_tuple(padding, len(kernel)))


def as_tuple(value: int | tuple[int, ...], rank: int) -> tuple[int, ...]:
    """One number for each axis of the window."""
    value = (value,) if isinstance(value, int) else tuple(value)
    return value * rank if len(value) == 1 else value


def function_of(step: Step) -> tuple[str, dict[str, Any], dict[str, Own]]:
    """Kind and settings of a function without parameters."""
    kind = FUNCTIONS.get(step.operation, step.operation)
    if kind == "getitem":
        cut = slices_as_crop(argument(step, 1, "key"), tuple(argument(step, 0, "x").shape), 2, 0)
        if cut:
            return "crop", {"crop": cut}, {}
    return kind, _ARGUMENTS.get(kind, _function_settings)(step), {}


def _function_settings(step: Step) -> dict[str, Any]:
    positional, named = step.arguments
    plain = [value for value in positional if isinstance(value, int | float | str | bool | tuple | list)]
    plain = [value for value in plain if not _has_tensor(value)]
    settings = {"arguments": plain} if plain else {}
    return settings | {n: v for n, v in named.items() if not _has_tensor(v) and v is not None}


def _named(step: Step, **arguments: tuple[int, str, Any]) -> dict[str, Any]:
    """Settings from arguments: place, own name, default."""
    return {name: argument(step, *where) for name, where in arguments.items()}


def _function_pool(step: Step) -> dict[str, Any]:
    rank = step.results.ndim - 2
    given = _named(
        step, size=(1, "kernel_size", None), strides=(2, "stride", None), padding=(3, "padding", 0)
    )
    size = as_tuple(given["size"], rank)
    settings = {
        "size": size,
        "strides": as_tuple(given["strides"] or size, rank),
        "padding": as_pairs(given["padding"], size, (1,) * rank),
    }
    if "avg" in step.operation:
        return settings | _named(
            step, ceil=(4, "ceil_mode", False), padding_counts=(5, "count_include_pad", True)
        )
    return settings | _named(step, ceil=(5, "ceil_mode", False))


def _attention(step: Step) -> dict[str, Any]:
    query = argument(step, 0, "query")
    given = _named(step, causal=(5, "is_causal", False), scale=(6, "scale", None))
    scale = given["scale"] or query.shape[-1] ** -0.5
    masked = argument(step, 3, "attn_mask") is not None
    # PORT: heads are the axis before the positions here, and the one after them in Keras.
    return {"heads": query.shape[1], "scale": scale, "causal": given["causal"], "masked": masked}


def _resize(step: Step) -> dict[str, Any]:
    given = _named(step, size=(1, "size", None), scale=(2, "scale_factor", None))
    mode = argument(step, 3, "mode", "nearest")
    aligned = bool(argument(step, 4, "align_corners", False))
    return {n: v for n, v in given.items() if v is not None} | {"mode": mode, "aligned": aligned}


def _clip(step: Step) -> dict[str, Any]:
    names = ("min_val", "max_val") if step.operation == "hardtanh" else ("min", "max")
    defaults = (-1.0, 1.0) if step.operation == "hardtanh" else (None, None)
    return _named(step, low=(1, names[0], defaults[0]), high=(2, names[1], defaults[1]))


def _pad(step: Step) -> dict[str, Any]:
    flat = list(argument(step, 1, "pad"))
    pairs = tuple(zip(flat[::2], flat[1::2], strict=True))[::-1]
    mode = argument(step, 2, "mode", "constant")
    return {"padding": pairs, "padding_mode": "zeros" if mode == "constant" else mode}


# Functions whose arguments mean what a module's settings do.
_ARGUMENTS: Mapping[str, Callable[[Step], dict[str, Any]]] = {
    **dict.fromkeys(
        ("relu", "relu6", "silu", "hard_silu", "hard_sigmoid", "sigmoid", "tanh"), lambda step: {}
    ),
    "dropout": lambda step: _named(step, rate=(1, "p", 0.5)),
    "gelu": lambda step: _named(step, approximate=(1, "approximate", "none")),
    "leaky_relu": lambda step: _named(step, slope=(1, "negative_slope", 0.01)),
    "elu": lambda step: _named(step, alpha=(1, "alpha", 1.0)),
    "softmax": lambda step: _named(step, axis=(1, "dim", -1)),
    "log_softmax": lambda step: _named(step, axis=(1, "dim", -1)),
    "dot_product_attention": _attention,
    "resize": _resize,
    "pad": _pad,
    "clip": _clip,
    "max_pool": _function_pool,
    "avg_pool": _function_pool,
}


def _has_tensor(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(_has_tensor(item) for item in value)
    return isinstance(value, Tensor)
