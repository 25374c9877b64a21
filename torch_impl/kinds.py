"""What a PyTorch module or function does, in the words of `crosscheck.ports.program`."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn

from crosscheck.dataflow import Step
from crosscheck.ports.program import FUNCTIONS, Padding

# A kind, its settings, and the module's own tensors by role: (name, row of `layouts.LAYOUTS`).
Description = tuple[str, dict[str, Any], dict[str, tuple[str, str]]]

# Modules with code of their own that calls others: it is that code that is recorded.
CONTAINERS = (
    nn.Sequential,
    nn.ModuleList,
    nn.ModuleDict,
    nn.Transformer,
    nn.TransformerEncoder,
    nn.TransformerDecoder,
    nn.TransformerEncoderLayer,
    nn.TransformerDecoderLayer,
)


def is_whole(module: nn.Module) -> bool:
    """Whether a module is one step: PyTorch's own, or without modules inside."""
    own = type(module).__module__.startswith("torch.nn.") and not isinstance(module, CONTAINERS)
    return own or not any(True for _ in module.children())


def describe(step: Step) -> Description:
    """What a step of `graph.record` does."""
    module = step.called
    if not isinstance(module, nn.Module):
        kind = FUNCTIONS.get(step.operation, step.operation)
        return kind, _ARGUMENTS.get(kind, _function_settings)(step), {}
    for classes, describe_module in _MODULES.items():
        if isinstance(module, classes):
            if type(module).forward not in {c.forward for c in type(module).__mro__ if c in _flat(classes)}:
                break
            return describe_module(module)
    return f"?{type(module).__name__}", {}, {}


def _flat(classes: Any) -> tuple[type, ...]:
    return classes if isinstance(classes, tuple) else (classes,)


def _function_settings(step: Step) -> dict[str, Any]:
    positional, named = step.arguments
    plain = [value for value in positional if isinstance(value, int | float | str | bool | tuple | list)]
    plain = [value for value in plain if not _has_tensor(value)]
    settings = {"arguments": plain} if plain else {}
    return settings | {n: v for n, v in named.items() if not _has_tensor(v) and v is not None}


def _named(step: Step, **arguments: tuple[int, str, Any]) -> dict[str, Any]:
    """Settings from arguments: place, own name, default."""
    positional, named = step.arguments
    found = {}
    for name, (place, own, default) in arguments.items():
        found[name] = positional[place] if place < len(positional) else named.get(own, default)
    return found


def _function_pool(step: Step) -> dict[str, Any]:
    rank = step.results.ndim - 2
    given = _named(
        step, size=(1, "kernel_size", None), strides=(2, "stride", None), padding=(3, "padding", 0)
    ) | _named(step, ceil=(9, "ceil_mode", False))
    size = _tuple(given["size"], rank)
    settings = {
        "size": size,
        "strides": _tuple(given["strides"] or size, rank),
        "padding": _pairs(given["padding"], size, (1,) * rank),
        "ceil": given["ceil"],
    }
    if "avg" in step.operation:
        settings |= _named(step, padding_counts=(5, "count_include_pad", True))
    return settings


# Functions whose arguments mean what a module's settings do.
_ARGUMENTS: Mapping[str, Callable[[Step], dict[str, Any]]] = {
    **dict.fromkeys(
        ("relu", "relu6", "silu", "hard_silu", "hard_sigmoid", "sigmoid", "tanh"), lambda step: {}
    ),
    "gelu": lambda step: _named(step, approximate=(1, "approximate", "none")),
    "leaky_relu": lambda step: _named(step, slope=(1, "negative_slope", 0.01)),
    "elu": lambda step: _named(step, alpha=(1, "alpha", 1.0)),
    "softmax": lambda step: _named(step, axis=(1, "dim", -1)),
    "log_softmax": lambda step: _named(step, axis=(1, "dim", -1)),
    "max_pool": _function_pool,
    "avg_pool": _function_pool,
}


def _has_tensor(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(_has_tensor(item) for item in value)
    return isinstance(value, torch.Tensor)


def _pairs(padding: Any, kernel: tuple[int, ...], dilation: tuple[int, ...]) -> Padding:
    if padding == "valid":
        return tuple((0, 0) for _ in kernel)
    if padding == "same":
        totals = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
        return tuple((total // 2, total - total // 2) for total in totals)
    return tuple((p, p) for p in _tuple(padding, len(kernel)))


def _tuple(value: int | tuple[int, ...], rank: int) -> tuple[int, ...]:
    return (value,) * rank if isinstance(value, int) else tuple(value)


def _held(module: nn.Module, kind: str, **roles: str) -> dict[str, tuple[str, str]]:
    """The tensors that the module has, of those that it may have."""
    found = {}
    for role, name in roles.items():
        if getattr(module, name, None) is not None:
            found[role] = name, f"{kind}.{role}"
    return found


def _dense(module: nn.Linear) -> Description:
    return "dense", {}, _held(module, "dense", kernel="weight", bias="bias")


def _conv(module: nn.Conv1d | nn.Conv2d | nn.Conv3d) -> Description:
    kind = f"conv{len(module.kernel_size)}d"
    depthwise = module.groups > 1 and module.groups == module.in_channels
    settings = {
        "strides": tuple(module.stride),
        "padding": _pairs(module.padding, module.kernel_size, module.dilation),
        "padding_mode": module.padding_mode,
        "dilation": tuple(module.dilation),
    }
    if depthwise and kind == "conv2d":
        return "depthwise_conv2d", settings, _held(module, "depthwise_conv2d", kernel="weight", bias="bias")
    return kind, settings | {"groups": module.groups}, _held(module, kind, kernel="weight", bias="bias")


def _transposed(module: nn.ConvTranspose1d | nn.ConvTranspose2d | nn.ConvTranspose3d) -> Description:
    kind = f"conv{len(module.kernel_size)}d_transpose"
    # What is cut off the whole result; `output_padding` cuts less off the end.
    crop = tuple((p, p - more) for p, more in zip(module.padding, module.output_padding, strict=True))
    settings = {
        "strides": tuple(module.stride),
        "crop": crop,
        "dilation": tuple(module.dilation),
        "groups": module.groups,
    }
    return kind, settings, _held(module, kind, kernel="weight", bias="bias")


NORM = {"gamma": "weight", "beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var"}


def _batch_norm(module: nn.BatchNorm2d) -> Description:
    # PORT: PyTorch's momentum is the weight of the new moments, Keras' of the old ones.
    momentum = None if module.momentum is None else 1 - module.momentum
    settings = {"epsilon": module.eps, "momentum": momentum, "unbiased": True}
    return "batch_norm", settings, _held(module, "norm", **NORM)


def _instance_norm(module: nn.InstanceNorm2d) -> Description:
    return "group_norm", {"epsilon": module.eps, "groups": "channels"}, _held(module, "norm", **NORM)


def _group_norm(module: nn.GroupNorm) -> Description:
    held = _held(module, "norm", gamma="weight", beta="bias")
    return "group_norm", {"epsilon": module.eps, "groups": module.num_groups}, held


def _layer_norm(module: nn.LayerNorm) -> Description:
    held = _held(module, "norm", gamma="weight", beta="bias")
    return "layer_norm", {"epsilon": module.eps, "axes": len(module.normalized_shape)}, held


def _prelu(module: nn.PReLU) -> Description:
    return "prelu", {"slopes": module.num_parameters}, _held(module, "prelu", alpha="weight")


def _embedding(module: nn.Embedding) -> Description:
    return "embedding", {}, _held(module, "embedding", embeddings="weight")


def _plain(kind: str, **settings: str) -> Callable[[nn.Module], Description]:
    def describe_plain(module: nn.Module) -> Description:
        return kind, {name: getattr(module, own) for name, own in settings.items()}, {}

    return describe_plain


def _pool(kind: str) -> Callable[[nn.Module], Description]:
    def describe_pool(module: nn.Module) -> Description:
        rank = int(type(module).__name__[-2])
        size = _tuple(module.kernel_size, rank)
        settings = {
            "size": size,
            "strides": _tuple(module.stride or size, rank),
            "padding": _pairs(module.padding, size, (1,) * rank),
            "ceil": module.ceil_mode,
        }
        if kind == "avg_pool":
            settings["padding_counts"] = module.count_include_pad
        return kind, settings, {}

    return describe_pool


def _adaptive(kind: str) -> Callable[[nn.Module], Description]:
    def describe_adaptive(module: nn.Module) -> Description:
        size = module.output_size
        whole = size in (1, (1,), (1, 1), (1, 1, 1))
        return (
            (f"global_{kind}", {"keepdims": True}, {}) if whole else (f"adaptive_{kind}", {"size": size}, {})
        )

    return describe_adaptive


_MODULES: Mapping[Any, Callable[[Any], Description]] = {
    nn.Linear: _dense,
    (nn.Conv1d, nn.Conv2d, nn.Conv3d): _conv,
    (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d): _transposed,
    (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d): _batch_norm,
    (nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d): _instance_norm,
    nn.GroupNorm: _group_norm,
    nn.LayerNorm: _layer_norm,
    nn.PReLU: _prelu,
    nn.Embedding: _embedding,
    nn.ReLU6: _plain("relu6"),
    nn.ReLU: _plain("relu"),
    nn.LeakyReLU: _plain("leaky_relu", slope="negative_slope"),
    nn.ELU: _plain("elu", alpha="alpha"),
    nn.GELU: _plain("gelu", approximate="approximate"),
    nn.SiLU: _plain("silu"),
    nn.Hardswish: _plain("hard_silu"),
    nn.Hardsigmoid: _plain("hard_sigmoid"),
    nn.Mish: _plain("mish"),
    nn.Softplus: _plain("softplus"),
    nn.Sigmoid: _plain("sigmoid"),
    nn.Tanh: _plain("tanh"),
    nn.Softmax: _plain("softmax", axis="dim"),
    nn.LogSoftmax: _plain("log_softmax", axis="dim"),
    (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d): _plain("dropout", rate="p"),
    nn.Flatten: _plain("flatten", start="start_dim", end="end_dim"),
    nn.Identity: _plain("identity"),
    (nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d): _pool("max_pool"),
    (nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d): _pool("avg_pool"),
    (nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d): _adaptive("avg_pool"),
    (nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d, nn.AdaptiveMaxPool3d): _adaptive("max_pool"),
    nn.Upsample: _plain("resize", scale="scale_factor", size="size", mode="mode", aligned="align_corners"),
}
