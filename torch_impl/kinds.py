"""What a PyTorch module or function does, in the words of `crosscheck.ports.program`."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn

from crosscheck.dataflow import Step, operation_name
from crosscheck.ports.program import Own
from torch_impl.expansions import Projection, Recurrence, is_expanded
from torch_impl.functional import as_pairs, as_tuple, function_of, layer_of

# A kind, its settings, and the module's own tensors by role.
Description = tuple[str, dict[str, Any], dict[str, Own]]

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
    """Whether a module is one step: PyTorch's own, or a part of such a one."""
    if is_expanded(module) or isinstance(module, CONTAINERS):
        return False
    if not type(module).__module__.startswith(("torch.nn.", "torch_impl.expansions")):
        return False
    held = {own.name for own in _described(module)[2].values()}
    # What holds parameters in a way that no word says is opened: an unknown module, a weight made of others.
    return all(name in held for name, _ in module.named_parameters())


def describe(step: Step, names: Mapping[int, str]) -> Description:
    """What a step of `graph.record` does.

    Args:
        step: of the record.
        names: of the model's tensors, by their `id`.
    """
    module = step.called
    if not isinstance(module, nn.Module):
        return layer_of(step, names) or function_of(step)
    return _described(module)


def _described(module: nn.Module) -> Description:
    for classes, describe_module in _MODULES.items():
        if isinstance(module, classes):
            if type(module).forward not in {c.forward for c in type(module).__mro__ if c in _flat(classes)}:
                break
            return describe_module(module)
    name = type(module).__name__
    # What holds nothing is a function like any other.
    return (f"?{name}" if next(module.parameters(), None) is not None else operation_name(name)), {}, {}


def _flat(classes: Any) -> tuple[type, ...]:
    return classes if isinstance(classes, tuple) else (classes,)


def _held(module: nn.Module, kind: str, **roles: str) -> dict[str, Own]:
    """The tensors that the module has, of those that it may have."""
    return {
        role: Own(name, f"{kind}.{role}")
        for role, name in roles.items()
        if getattr(module, name, None) is not None
    }


def _dense(module: nn.Linear) -> Description:
    return "dense", {}, _held(module, "dense", kernel="weight", bias="bias")


def _conv(module: nn.Conv1d | nn.Conv2d | nn.Conv3d) -> Description:
    kind = f"conv{len(module.kernel_size)}d"
    depthwise = module.groups > 1 and module.groups == module.in_channels
    settings = {
        "strides": tuple(module.stride),
        "padding": as_pairs(module.padding, module.kernel_size, module.dilation),
        "padding_mode": module.padding_mode,
        "dilation": tuple(module.dilation),
    }
    if depthwise and kind in ("conv1d", "conv2d"):
        kind = f"depthwise_{kind}"
        return kind, settings, _held(module, kind, kernel="weight", bias="bias")
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
    if len(module.normalized_shape) > 1:
        held = {role: own._replace(row="raw") for role, own in held.items()}
    return "layer_norm", {"epsilon": module.eps, "axes": len(module.normalized_shape)}, held


def _rms_norm(module: nn.RMSNorm) -> Description:
    # PORT: PyTorch's default is the machine epsilon of the dtype, Keras' 1e-6.
    epsilon = torch.finfo(torch.float64).eps if module.eps is None else module.eps
    return "rms_norm", {"epsilon": epsilon}, _held(module, "norm", gamma="weight")


def _prelu(module: nn.PReLU) -> Description:
    return "prelu", {"slopes": module.num_parameters}, _held(module, "prelu", alpha="weight")


def _embedding(module: nn.Embedding) -> Description:
    return "embedding", {"padding_idx": module.padding_idx}, _held(module, "embedding", embeddings="weight")


# PORT: PyTorch's gates are r, z, n in a GRU, Keras' z, r, h; both have i, f, g (Keras: c), o in an LSTM.
GATES = {"lstm": ("i", "f", "c", "o"), "gru": ("r", "z", "h"), "rnn": ("h",)}


def _recurrence(module: Recurrence) -> Description:
    owner = module.owner
    kind, held = module.kind, {}
    for index, gate in enumerate(GATES[kind]):
        rows = (slice(index * owner.hidden_size, (index + 1) * owner.hidden_size),)
        held[f"kernel_{gate}"] = Own("weight_ih" + module.suffix, "dense.kernel", rows)
        held[f"recurrent_{gate}"] = Own("weight_hh" + module.suffix, "dense.kernel", rows)
        if not owner.bias:
            continue
        # PORT: PyTorch adds two biases; Keras has one, but for the GRU with `reset_after`.
        second = "bias_hh" + module.suffix
        held[f"bias_{gate}"] = Own(
            "bias_ih" + module.suffix, "dense.bias", rows, "" if kind == "gru" else second
        )
        if kind == "gru":
            held[f"recurrent_bias_{gate}"] = Own(second, "dense.bias", rows)
    settings: dict[str, Any] = {"reverse": module.reverse, "activation": "tanh"}
    if kind == "rnn":
        settings["activation"] = owner.nonlinearity
    else:
        settings["recurrent_activation"] = "sigmoid"
    if kind == "gru":
        settings["reset_after"] = True
    return kind, settings, held


def _projection(module: Projection) -> Description:
    owner, size = module.owner, module.owner.embed_dim
    rows = (slice(module.index * size, (module.index + 1) * size),)
    held = {"kernel": Own("in_proj_weight", "dense.kernel", rows)}
    if not owner._qkv_same_embed_dim:
        held["kernel"] = Own("qkv"[module.index] + "_proj_weight", "dense.kernel")
    if owner.in_proj_bias is not None:
        held["bias"] = Own("in_proj_bias", "dense.bias", rows)
    return "dense", {}, held


def _plain(kind: str, **settings: str) -> Callable[[nn.Module], Description]:
    def describe_plain(module: nn.Module) -> Description:
        return kind, {name: getattr(module, own) for name, own in settings.items()}, {}

    return describe_plain


def _pool(kind: str) -> Callable[[nn.Module], Description]:
    def describe_pool(module: nn.Module) -> Description:
        rank = int(type(module).__name__[-2])
        size = as_tuple(module.kernel_size, rank)
        settings = {
            "size": size,
            "strides": as_tuple(module.stride or size, rank),
            "padding": as_pairs(module.padding, size, (1,) * rank),
            "ceil": module.ceil_mode,
        }
        if kind == "avg_pool":
            settings["padding_counts"] = module.count_include_pad
        return kind, settings, {}

    return describe_pool


def _sides(mode: str) -> Callable[[Any], Description]:
    def describe_sides(module: Any) -> Description:
        flat = as_tuple(module.padding, 2 * int(type(module).__name__[-2]))
        pairs = tuple(zip(flat[::2], flat[1::2], strict=True))[::-1]
        return "pad", {"padding": pairs, "padding_mode": mode}, {}

    return describe_sides


def _adaptive(kind: str) -> Callable[[nn.Module], Description]:
    def describe_adaptive(module: nn.Module) -> Description:
        size = module.output_size
        whole = size in (1, (1,), (1, 1), (1, 1, 1))
        return (
            (f"global_{kind}", {"keepdims": True}, {}) if whole else (f"adaptive_{kind}", {"size": size}, {})
        )

    return describe_adaptive


_MODULES: Mapping[Any, Callable[[Any], Description]] = {
    Recurrence: _recurrence,
    Projection: _projection,
    nn.Linear: _dense,
    (nn.Conv1d, nn.Conv2d, nn.Conv3d): _conv,
    (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d): _transposed,
    (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d): _batch_norm,
    (nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d): _instance_norm,
    nn.GroupNorm: _group_norm,
    nn.LayerNorm: _layer_norm,
    nn.RMSNorm: _rms_norm,
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
    (nn.ZeroPad1d, nn.ZeroPad2d, nn.ZeroPad3d): _sides("zeros"),
    (nn.ReflectionPad1d, nn.ReflectionPad2d, nn.ReflectionPad3d): _sides("reflect"),
    (nn.ReplicationPad1d, nn.ReplicationPad2d, nn.ReplicationPad3d): _sides("replicate"),
    nn.Hardtanh: _plain("clip", low="min_val", high="max_val"),
    nn.SELU: _plain("selu"),
    nn.Upsample: _plain("resize", scale="scale_factor", size="size", mode="mode", aligned="align_corners"),
}
