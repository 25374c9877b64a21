"""A step done with other settings than its own, to see whether that explains a difference."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from torch_impl.adapter import fetched, placed
from torch_impl.emulated_glue import GLUE
from torch_impl.emulated_recurrence import recurrence

Settings = Mapping[str, Any]


def emulate(kind: str, settings: Settings, held: Mapping[str, Tensor], *x: Tensor) -> Tensor:
    """What a node of `crosscheck.ports.program` does, in evaluation mode.

    Args:
        kind: of the node.
        settings: see `kinds.describe` of either side.
        held: the layer's tensors by role, as PyTorch has them.
        x: the inputs, channels first.

    Raises:
        KeyError: what this kind does is not known here.
    """
    if "held" in settings:  # the other side's own
        held = {role: placed(array) for role, array in settings["held"].items()}
    if settings.get("last"):  # channels last in memory of the user's own
        first = x[0].movedim(-1, 1)
        return _KINDS[kind](settings, held, first, *x[1:]).movedim(1, -1)
    return _KINDS[kind](settings, held, *x)


def _padded(x: Tensor, padding: Any, value: float = 0.0, mode: str = "zeros") -> Tensor:
    if mode == "symmetric":
        pairs = [(0, 0)] * (x.ndim - len(padding)) + [tuple(pair) for pair in padding]
        return placed(np.pad(fetched(x), pairs, mode="symmetric"))
    flat = [size for pair in reversed(padding) for size in pair]
    return F.pad(x, flat, value=value) if mode == "zeros" else F.pad(x, flat, mode=mode)


def _conv(settings: Settings, held: Mapping[str, Tensor], x: Tensor) -> Tensor:
    kernel = _turned(held["kernel"], settings)
    convolve = (F.conv1d, F.conv2d, F.conv3d)[kernel.ndim - 3]
    x = _padded(x, settings["padding"], mode=settings.get("padding_mode", "zeros"))
    groups = settings.get("groups", x.shape[1] // kernel.shape[1])
    return convolve(x, kernel, held.get("bias"), settings["strides"], 0, settings["dilation"], groups)


def _transposed(settings: Settings, held: Mapping[str, Tensor], x: Tensor) -> Tensor:
    kernel = _turned(held["kernel"], settings)
    stamp = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)[kernel.ndim - 3]
    whole = stamp(x, kernel, held.get("bias"), settings["strides"], dilation=settings["dilation"])
    # A negative crop adds to the end what only the bias reaches.
    bias = held["bias"].reshape(1, -1, *(1,) * (kernel.ndim - 2)) if "bias" in held else None
    flat = [-size for pair in reversed(settings["crop"]) for size in pair]
    if bias is None:
        return F.pad(whole, flat)
    return F.pad(whole - bias, flat) + bias


def _turned(kernel: Tensor, settings: Settings) -> Tensor:
    """The kernel as a mistake would have it."""
    window = tuple(range(2, kernel.ndim))
    match settings.get("kernel"):
        case "flipped":
            return kernel.flip(window)
        case "transposed":
            return kernel.transpose(-1, -2)
        case "multiplier first":
            groups, many = settings["each"], kernel.shape[0] // settings["each"]
            return kernel.unflatten(0, (many, groups)).transpose(0, 1).flatten(0, 1)
    return kernel


def _batch_norm(settings: Settings, held: Mapping[str, Tensor], x: Tensor) -> Tensor:
    if settings.get("mode") == "batch":
        return F.batch_norm(
            x, None, None, held.get("gamma"), held.get("beta"), training=True, eps=settings["epsilon"]
        )
    statistics = held["moving_mean"], held["moving_variance"]
    if "axis" in settings:
        turned = _batch_norm({"epsilon": settings["epsilon"]}, held, x.movedim(settings["axis"], 1))
        return turned.movedim(1, settings["axis"])
    return F.batch_norm(x, *statistics, held.get("gamma"), held.get("beta"), eps=settings["epsilon"])


def _layer_norm(settings: Settings, held: Mapping[str, Tensor], x: Tensor) -> Tensor:
    if settings["axes"] == "channels":
        turned = x.movedim(1, -1)
        return F.layer_norm(
            turned, turned.shape[-1:], held.get("gamma"), held.get("beta"), settings["epsilon"]
        ).movedim(-1, 1)
    shape = x.shape[x.ndim - settings["axes"] :]
    return F.layer_norm(x, shape, held.get("gamma"), held.get("beta"), settings["epsilon"])


def _rms_norm(settings: Settings, held: Mapping[str, Tensor], x: Tensor) -> Tensor:
    y = x * torch.rsqrt(x.square().mean(-1, keepdim=True) + settings["epsilon"])
    return y * held["gamma"] if "gamma" in held else y


def _group_norm(settings: Settings, held: Mapping[str, Tensor], x: Tensor) -> Tensor:
    groups = x.shape[1] if settings["groups"] == "channels" else settings["groups"]
    return F.group_norm(x, groups, held.get("gamma"), held.get("beta"), settings["epsilon"])


def _prelu(settings: Settings, held: Mapping[str, Tensor], x: Tensor) -> Tensor:
    alpha = held["alpha"]
    if alpha.ndim == 1 and x.ndim > 2:
        alpha = alpha.reshape(-1, *(1,) * (x.ndim - 2))
    return torch.where(x > 0, x, alpha * x)


def _dense(settings: Settings, held: Mapping[str, Tensor], x: Tensor) -> Tensor:
    return F.linear(x, held["kernel"], held.get("bias"))


def _max_pool(settings: Settings, held: Mapping[str, Tensor], x: Tensor) -> Tensor:
    pool = (F.max_pool1d, F.max_pool2d, F.max_pool3d)[len(settings["size"]) - 1]
    x = _padded(x, settings["padding"], value=-torch.inf)
    return pool(x, settings["size"], settings["strides"], ceil_mode=settings["ceil"])


def _avg_pool(settings: Settings, held: Mapping[str, Tensor], x: Tensor) -> Tensor:
    pool = (F.avg_pool1d, F.avg_pool2d, F.avg_pool3d)[len(settings["size"]) - 1]

    def averaged(values: Tensor) -> Tensor:
        values = _padded(values, settings["padding"])
        return pool(values, settings["size"], settings["strides"], ceil_mode=settings["ceil"])

    return averaged(x) if settings["padding_counts"] else averaged(x) / averaged(torch.ones_like(x))


def _plain(function: Callable[..., Tensor], **names: str) -> Callable[..., Tensor]:
    def done(settings: Settings, held: Mapping[str, Tensor], x: Tensor) -> Tensor:
        return function(x, **{own: settings[name] for name, own in names.items() if name in settings})

    return done


_KINDS: dict[str, Callable[..., Any]] = {
    **GLUE,
    **dict.fromkeys(("lstm", "gru", "rnn"), recurrence),
    **dict.fromkeys(("conv1d", "conv2d", "conv3d", "depthwise_conv1d", "depthwise_conv2d"), _conv),
    **dict.fromkeys(("conv1d_transpose", "conv2d_transpose", "conv3d_transpose"), _transposed),
    "batch_norm": _batch_norm,
    "layer_norm": _layer_norm,
    "group_norm": _group_norm,
    "rms_norm": _rms_norm,
    "dense": _dense,
    "embedding": lambda settings, held, x: F.embedding(x, held["embeddings"]),
    "prelu": _prelu,
    "max_pool": _max_pool,
    "avg_pool": _avg_pool,
    "identity": _plain(lambda x: x),
    "pad": lambda settings, held, x: _padded(
        x, settings["padding"], mode=settings.get("padding_mode", "zeros")
    ),
    "relu": _plain(F.relu),
    "relu6": _plain(F.relu6),
    "leaky_relu": _plain(F.leaky_relu, slope="negative_slope"),
    "elu": _plain(F.elu, alpha="alpha"),
    "gelu": _plain(F.gelu, approximate="approximate"),
    "silu": _plain(F.silu),
    "hard_silu": _plain(F.hardswish),
    "hard_sigmoid": _plain(F.hardsigmoid),
    "mish": _plain(F.mish),
    "softplus": _plain(F.softplus),
    "sigmoid": _plain(torch.sigmoid),
    "tanh": _plain(torch.tanh),
    "softmax": _plain(F.softmax, axis="dim"),
    "log_softmax": _plain(F.log_softmax, axis="dim"),
}
