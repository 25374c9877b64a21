"""What a difference between two steps is called: the identifiers of `causes.toml`."""

from collections.abc import Collection
from typing import Any

from crosscheck.ports.program import Node
from crosscheck.ports.words import ACTIVATIONS

NORMS = ("batch_norm", "layer_norm", "group_norm", "rms_norm")
POOLS = (
    "max_pool",
    "avg_pool",
    "global_max_pool",
    "global_avg_pool",
    "adaptive_avg_pool",
    "adaptive_max_pool",
)
REDUCING = ("mean", "sum", "max", "min")
# Functions of one number, which are done in place of others rather than forgotten.
OF_ONE = ("abs", "absolute", "sqrt", "exp", "log", "square", "normalize", "sin", "cos")
ARITHMETIC = ("add", "subtract", "multiply", "divide", "maximum", "minimum", "power")
# What only rearranges numbers; which way is looked at apart from the rest.
SHAPING = (
    *(
        "reshape",
        "view",
        "flatten",
        "unflatten",
        "squeeze",
        "unsqueeze",
        "expanddims",
        "expand",
        "broadcastto",
    ),
    *(
        "transpose",
        "permute",
        "swapaxes",
        "moveaxis",
        "t",
        "getitem",
        "split",
        "chunk",
        "unbind",
        "stack",
        "repeat",
    ),
    *("expandas", "permutedims", "shape", "size", "unstack"),
    *("pixelshuffle", "pixelunshuffle", "channelshuffle", "depthtospace", "spacetodepth"),
)
# Settings by group of kinds; "" is any kind.
_SETTINGS = {
    ("norm", "epsilon"): "norm.epsilon",
    ("norm", "groups"): "norm.groups",
    ("norm", "axes"): "norm.axis",
    ("norm", "mode"): "norm.mode",
    ("conv", "padding"): "conv.padding",
    ("conv", "padding_mode"): "conv.padding_mode",
    ("conv", "strides"): "conv.strides",
    ("conv", "dilation"): "conv.dilation",
    ("conv", "groups"): "conv.groups",
    ("conv", "crop"): "conv.transposed_crop",
    ("pool", "size"): "pooling.size",
    ("pool", "strides"): "pooling.strides",
    ("pool", "padding"): "pooling.padding",
    ("pool", "padding_counts"): "pooling.padding_counted",
    ("pool", "ceil"): "pooling.ceil",
    ("activation", "slope"): "activation.slope",
    ("activation", "alpha"): "activation.slope",
    ("activation", "approximate"): "activation.gelu_approximation",
    ("activation", "axis"): "activation.softmax_axis",
    ("recurrent", "activation"): "recurrent.activation",
    ("recurrent", "recurrent_activation"): "recurrent.activation",
    ("recurrent", "reset_after"): "recurrent.reset_after",
    ("recurrent", "reverse"): "recurrent.direction",
    ("attention", "scale"): "attention.scale",
    ("attention", "causal"): "attention.causal",
    ("attention", "heads"): "attention.heads",
    ("attention", "masked"): "attention.mask",
    ("resize", "mode"): "resize.mode",
    ("resize", "aligned"): "resize.alignment",
    ("dropout", "rate"): "dropout.rate",
}


def group(kind: str) -> str:
    """What a kind belongs to."""
    if kind in NORMS:
        return "norm"
    if kind in POOLS:
        return "pool"
    if kind in ACTIVATIONS:
        return "activation"
    if kind in ("lstm", "gru", "rnn"):
        return "recurrent"
    if kind == "dot_product_attention":
        return "attention"
    return "conv" if kind.startswith(("conv", "depthwise")) else kind


def of_setting(kind: str, name: str, around: Collection[Node] = (), at_input: bool = False) -> str:
    """The identifier of another value of a setting.

    Args:
        kind: of the step.
        name: of the setting.
        around: what else is done in the stretch.
        at_input: whether the stretch begins at an input of the model.
    """
    known = _SETTINGS.get((group(kind), name))
    if known:
        return known
    if name in ("axis", "dim", "axes", "dims"):
        return "glue.axis"
    roots = any(node.kind in ("sqrt", "rsqrt", "std", "var") for node in around)
    if kind == "add" and roots:  # a norm that is written out
        return "norm.epsilon"
    return of_constant(around, at_input)


def of_constant(around: Collection[Node], at_input: bool) -> str:
    """The identifier of another number that is added or multiplied."""
    kinds = [node.kind for node in around]
    if "softmax" in kinds and "matmul" in kinds:
        return "attention.scale"
    return "input.scaling" if at_input else "glue.constant"


def of_kind(torch: str, keras: str) -> str:
    """The identifier of doing one thing in place of another."""
    groups = {group(torch), group(keras)}
    if groups == {"pool"}:
        return "pooling.kind"
    if groups == {"norm"}:
        return "norm.kind"
    if {torch, keras} <= {*POOLS, *REDUCING}:
        return "pooling.kind"
    if groups <= {"activation", "clip"} and "activation" in groups:
        return "activation.kind"
    return "activation.kind" if groups <= {"activation", "prelu"} else "glue.operation"


def of_missing(node: Node, around: Collection[Node], at_input: bool) -> str:
    """The identifier of something that Keras does not do."""
    kind = node.kind
    if group(kind) == "activation":
        softmaxes = [other for other in around if other.kind == kind and other is not node]
        return "activation.softmax_doubled" if kind == "softmax" and softmaxes else "activation.missing"
    if group(kind) == "norm":
        return "norm.missing"
    if node.held:
        return "layer.missing"
    if kind == "add" and len(node.inputs) > 1:
        return "residual.missing"
    if kind in ARITHMETIC and len(node.inputs) > 1:
        return "glue.missing"
    if kind in (*ARITHMETIC, "rescale"):
        return of_constant(around, at_input)
    if kind == "flip":
        return "recurrent.direction"
    if kind in ("maskedfill", "where") and any(other.kind == "softmax" for other in around):
        return "attention.mask"
    return "glue.operation" if kind in (*REDUCING, *OF_ONE) else "glue.missing"


def of_extra(node: Node, around: Collection[Node], at_input: bool) -> str:
    """The identifier of something that only Keras does."""
    kind = node.kind
    if group(kind) == "activation":
        doubled = any(other.kind == kind for other in around)
        return "activation.softmax_doubled" if kind == "softmax" and doubled else "activation.extra"
    if node.held or group(kind) == "norm":
        return "layer.extra"
    if kind in ARITHMETIC and len(node.inputs) > 1:
        return "glue.extra"
    if kind in ("rescale", *ARITHMETIC):
        return of_constant(around, at_input)
    if kind == "flip":
        return "channels.order" if at_input else "recurrent.direction"
    if kind in REDUCING:
        return "glue.operation"
    return "dtype.float32" if kind == "cast" else "glue.extra"


def shown(value: Any) -> str:
    """A setting as the user is told it."""
    return f"{value:g}" if isinstance(value, float) else str(value)
