"""What stands between layers, done with other settings than its own; see `emulation.emulate`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from torch_impl.adapter import placed

Settings = Mapping[str, Any]


def _constant(settings: Settings, x: Tensor) -> Tensor | float:
    """The number, or the numbers of each channel, that Keras has."""
    (value,) = settings["arguments"]
    if isinstance(value, tuple | list):
        tensor = torch.tensor(value, dtype=x.dtype)
        return tensor.reshape(-1, *(1,) * (x.ndim - 2)) if x.ndim > 2 else tensor
    return value


def _arithmetic(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def done(settings: Settings, held: Mapping[str, Tensor], *x: Tensor) -> Tensor:
        return function(*x) if len(x) == 2 else function(x[0], torch.as_tensor(_constant(settings, x[0])))

    return done


def _concatenate(settings: Settings, held: Mapping[str, Tensor], *x: Tensor) -> Tensor:
    order = settings.get("order", range(len(x)))
    return torch.cat([x[index] for index in order], settings.get("axis", 1))


def _reduced(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def done(settings: Settings, held: Mapping[str, Tensor], x: Tensor) -> Tensor:
        return function(x, settings["axis"], bool(settings.get("keepdims", False)))

    return done


def _over_map(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def done(settings: Settings, held: Mapping[str, Tensor], x: Tensor) -> Tensor:
        return function(x, tuple(range(2, x.ndim)), bool(settings.get("keepdims", False)))

    return done


def _rows(settings: Settings, held: Mapping[str, Tensor], x: Tensor) -> Tensor:
    """Features in the order that another flattening gives."""
    shape, order = settings["shape"], settings["order"]
    return (
        x.unflatten(-1, shape)
        .permute(*range(x.ndim - 1), *(x.ndim - 1 + a for a in order))
        .flatten(-len(shape))
    )


def _resize(settings: Settings, held: Mapping[str, Tensor], x: Tensor) -> Tensor:
    aligned = settings["aligned"] if settings["mode"] in ("bilinear", "bicubic", "linear") else None
    size, scale = settings.get("size"), settings.get("scale")
    size = tuple(size) if isinstance(size, list | tuple) else size
    mode = "linear" if settings["mode"] == "bilinear" and x.ndim == 3 else settings["mode"]
    return F.interpolate(x, size, None if size else scale, mode, aligned)


def _attention(settings: Settings, held: Mapping[str, Tensor], *x: Tensor) -> Tensor:
    q, k, v, *mask = x
    scores = q @ k.transpose(-1, -2) * settings["scale"]
    if mask and settings["masked"]:
        scores = (
            scores + torch.where(mask[0], 0.0, -torch.inf)
            if mask[0].dtype == torch.bool
            else scores + mask[0]
        )
    if settings["causal"]:
        scores = scores.masked_fill(torch.ones(scores.shape[-2:]).tril() == 0, -torch.inf)
    return scores.softmax(-1) @ v


def _core(settings: Settings, held: Mapping[str, Tensor], *x: Tensor) -> Tensor:
    """Attention of projections (B, T, heads x D), of all three in one, or of heads (B, heads, T, D)."""
    parts = x if len(x) == 3 else _thirds(x[0], settings)
    apart = parts[2].ndim == 4
    axes = settings.get("layout", (0, 1, 2, 3))  # of heads (B, heads, T, D) in what is given
    if apart:
        parts = [part.permute(axes) for part in parts]
    by_role = dict(zip(settings["roles"], parts, strict=True))
    q, k, v = (_heads(by_role[role], settings) for role in ("query", "key", "value"))
    scores = q @ k.transpose(-1, -2) * settings["scale"]
    square = torch.ones(scores.shape[-2:])
    seen = {"no": square, "yes": square.tril(), "reversed": square.triu()}
    allowed = seen.get(settings["causal"], square.tril(-1)) > 0
    if settings["causal"] == "without itself":
        allowed[0, 0] = True  # the first would see nothing
    scores = scores.masked_fill(~allowed, -1e30)  # not infinite: where all are hidden, weights are equal
    if "hidden" in settings:
        hidden = placed(settings["hidden"])
        scores = scores.masked_fill(hidden if settings["mask"] == "hides" else ~hidden, -1e30)
    mixed = scores.softmax(settings["axis"]) @ v
    return mixed.permute(*(axes.index(n) for n in range(4))) if apart else _joined(mixed, settings)


def _thirds(x: Tensor, settings: Settings) -> Sequence[Tensor]:
    """Queries, keys and values that one layer gives together."""
    if settings["thirds"] == "in each head":
        return [part.flatten(-2) for part in x.unflatten(-1, (settings["heads"], 3, -1)).unbind(-2)]
    if settings["thirds"] == "interleaved":
        return x.unflatten(-1, (-1, 3)).unbind(-1)
    return x.chunk(3, -1)


def _heads(x: Tensor, settings: Settings) -> Tensor:
    """(B, T, heads x D) -> (B, heads, T, D)."""
    heads = settings["heads"]
    if x.ndim == 4:
        return x
    if settings["split"] == "interleaved":
        return x.unflatten(-1, (-1, heads)).permute(0, 3, 1, 2)
    if settings["split"] == "reshaped":
        return x.reshape(len(x), heads, x.shape[1], -1)
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def _joined(mixed: Tensor, settings: Settings) -> Tensor:
    """(B, heads, T, D) -> (B, T, heads x D)."""
    if settings["merge"] == "interleaved":
        return mixed.permute(0, 2, 3, 1).flatten(2)
    if settings["merge"] == "reshaped":
        return mixed.reshape(len(mixed), mixed.shape[2], -1)
    return mixed.transpose(1, 2).flatten(2)


GLUE: dict[str, Callable[..., Tensor]] = {
    "add": _arithmetic(torch.add),
    "subtract": _arithmetic(torch.subtract),
    "multiply": _arithmetic(torch.multiply),
    "divide": _arithmetic(torch.divide),
    "maximum": _arithmetic(torch.maximum),
    "minimum": _arithmetic(torch.minimum),
    "average": _arithmetic(lambda a, b: (a + b) / 2),
    "subtracted": _arithmetic(lambda a, b: b - a),
    "power": lambda settings, held, x: x ** settings["arguments"][0],
    "rescale": lambda settings, held, x: x * settings["scale"] + settings["offset"],
    "concatenate": _concatenate,
    "mean": _reduced(torch.mean),
    "sum": _reduced(torch.sum),
    "max": _reduced(torch.amax),
    "global_avg_pool": _over_map(torch.mean),
    "global_max_pool": _over_map(torch.amax),
    "first": lambda settings, held, *x: x[0],
    "second": lambda settings, held, *x: x[1],
    "flip": lambda settings, held, x: x.flip(settings["axis"]),
    "swap": lambda settings, held, x: x.transpose(*settings["axes"]).contiguous(),
    "crossed": lambda settings, held, x: x.transpose(*settings["axes"]).reshape(x.shape),
    "rows": _rows,
    "float32": lambda settings, held, x: x.float().to(x.dtype),
    "resize": _resize,
    "dot_product_attention": _attention,
    "attention_core": _core,
    "clip": lambda settings, held, x: x.clip(settings["low"], settings["high"]),
    "selu": lambda settings, held, x: F.selu(x),
}
