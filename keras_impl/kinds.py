"""What a Keras layer or operation does, in the words of `crosscheck.ports.program`."""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import keras
from keras import layers

from crosscheck.dataflow import Step
from crosscheck.ports.program import Own
from keras_impl.expansions import Depthwise, Pointwise, is_expanded
from keras_impl.functional import as_pairs, function_of, layer_of
from keras_impl.guesses import gates_of, guessed

# A kind, its settings, and the layer's own variables by role.
Description = tuple[str, dict[str, Any], dict[str, Own]]


def is_whole(layer: keras.Layer) -> bool:
    """Whether a layer is one step: Keras' own."""
    if isinstance(layer, keras.Model) or is_expanded(layer):
        return False
    return type(layer).__module__.startswith("keras.") or isinstance(layer, OWN) or bool(guessed(layer))


def describe(step: Step, names: Mapping[int, str]) -> list[Description]:
    """What a step of `graph.record` does; a layer with an activation of its own does two things.

    Args:
        step: of the record.
        names: of the model's variables, by the `id` of their stand-in.
    """
    layer = step.called
    if isinstance(layer, Depthwise | Pointwise):
        return [_half(layer, step)]
    if not isinstance(layer, keras.Layer):
        return [layer_of(step, names) or function_of(step)]
    for classes, describe_layer in _LAYERS.items():
        if isinstance(layer, classes):  # also with a call of the user's own: that is what is compared
            return [describe_layer(layer, step), *_activation(layer)]
    unknown = f"?{type(layer).__name__}" if layer.variables else type(layer).__name__.lower(), {}, {}
    return [guessed(layer) or unknown]


def activation_kind(activation: Any) -> tuple[str, dict[str, Any]]:
    """The kind of an activation function, and its settings."""
    if isinstance(activation, partial):
        name, settings = activation_kind(activation.func)
        if name == "gelu":
            return name, {"approximate": "tanh" if activation.keywords.get("approximate") else "none"}
        slope = activation.keywords.get("negative_slope", settings.get("slope"))
        return name, settings | ({"slope": slope} if slope is not None else {})
    name = getattr(activation, "__name__", type(activation).__name__)
    settings = {"leaky_relu": {"slope": 0.2}, "elu": {"alpha": 1.0}, "gelu": {"approximate": "none"}}
    if name in ("softmax", "log_softmax"):
        return name, {"axis": -1}
    return name, settings.get(name, {})


def _activation(layer: keras.Layer) -> list[Description]:
    activation = getattr(layer, "activation", None)
    if isinstance(layer, layers.Activation | layers.RNN) or activation in (None, keras.activations.linear):
        return []
    kind, settings = activation_kind(activation)
    return [(kind, settings, {})]


def _pairs(padding: str, step: Step, kernel: Any, strides: Any, dilation: Any) -> Any:
    shape = keras.tree.flatten(step.arguments)[0].shape
    first = getattr(step.called, "data_format", "channels_last") == "channels_first"
    return as_pairs(padding, shape[2:] if first else shape[1:-1], kernel, strides, dilation)


def _held(layer: keras.Layer, kind: str, *roles: str) -> dict[str, Own]:
    """The variables that the layer has, of those that it may have."""
    return {role: Own(role, f"{kind}.{role}") for role in roles if getattr(layer, role, None) is not None}


def _dense(layer: layers.Dense, step: Step) -> Description:
    return "dense", {}, _held(layer, "dense", "kernel", "bias")


def _conv(layer: Any, step: Step) -> Description:
    kind = f"conv{len(layer.kernel_size)}d"
    settings = _window(layer, step) | {"groups": layer.groups}
    return kind, settings, _held(layer, kind, "kernel", "bias")


def _depthwise(layer: layers.DepthwiseConv2D, step: Step) -> Description:
    return "depthwise_conv2d", _window(layer, step), _held(layer, "depthwise_conv2d", "kernel", "bias")


def _window(layer: Any, step: Step) -> dict[str, Any]:
    dilation = tuple(layer.dilation_rate)
    return {
        "strides": tuple(layer.strides),
        "padding": _pairs(layer.padding, step, layer.kernel_size, layer.strides, dilation),
        "padding_mode": "zeros",
        "dilation": dilation,
    }


def _transposed(layer: Any, step: Step) -> Description:
    kind = f"conv{len(layer.kernel_size)}d_transpose"
    crop = []
    for k, s, d in zip(layer.kernel_size, layer.strides, layer.dilation_rate, strict=True):
        reach = d * (k - 1) + 1
        # PORT: "same" gives input x stride, cut mostly off the end; PyTorch cuts equally off both ends.
        total = reach - s if layer.padding == "same" else min(0, reach - s)
        crop.append((max(0, total) // 2, total - max(0, total) // 2))
    settings = {
        "strides": tuple(layer.strides),
        "crop": tuple(crop),
        "dilation": tuple(layer.dilation_rate),
        "groups": 1,
    }
    return kind, settings, _held(layer, kind, "kernel", "bias")


def _batch_norm(layer: layers.BatchNormalization, step: Step) -> Description:
    settings = {"epsilon": layer.epsilon, "momentum": layer.momentum, "unbiased": False}
    return "batch_norm", settings, _held(layer, "norm", "gamma", "beta", "moving_mean", "moving_variance")


def _group_norm(layer: layers.GroupNormalization, step: Step) -> Description:
    groups = "channels" if layer.groups == -1 else layer.groups
    settings = {"epsilon": layer.epsilon, "groups": groups}
    return "group_norm", settings, _held(layer, "norm", "gamma", "beta")


def _layer_norm(layer: layers.LayerNormalization, step: Step) -> Description:
    axes = 1 if isinstance(layer.axis, int) else len(layer.axis)
    held = _held(layer, "norm", "gamma", "beta")
    if axes > 1:
        held = {role: own._replace(row="raw") for role, own in held.items()}
    return "layer_norm", {"epsilon": layer.epsilon, "axes": axes}, held


def _prelu(layer: layers.PReLU, step: Step) -> Description:
    shape = tuple(layer.alpha.shape)
    kind = {1: "prelu", 3: "prelu_elements"}.get(len(shape), "prelu")
    if len(shape) == 3 and shape[:2] == (1, 1):
        kind = "prelu_channels"
    return (
        "prelu",
        {"slopes": layer.alpha.shape.num_elements() if hasattr(shape, "num_elements") else _size(shape)},
        {"alpha": Own("alpha", f"{kind}.alpha")},
    )


def _size(shape: tuple[int, ...]) -> int:
    found = 1
    for size in shape:
        found *= size
    return found


def _embedding(layer: layers.Embedding, step: Step) -> Description:
    return "embedding", {}, _held(layer, "embedding", "embeddings")


def _recurrence(layer: layers.RNN, step: Step) -> Description:
    cells = {layers.LSTMCell: "lstm", layers.GRUCell: "gru", layers.SimpleRNNCell: "rnn"}
    cell = layer.cell
    kind = cells.get(type(cell))
    if kind is None:
        kind, settings, held = guessed(cell) or (f"?RNN of {type(cell).__name__}", {}, {})
        return kind, settings | {"reverse": layer.go_backwards, "sequences": layer.return_sequences}, held
    settings: dict[str, Any] = {
        "reverse": layer.go_backwards,
        "activation": activation_kind(cell.activation)[0],
    }
    if kind != "rnn":
        settings["recurrent_activation"] = activation_kind(cell.recurrent_activation)[0]
    if kind == "gru":
        settings["reset_after"] = cell.reset_after
    settings["sequences"] = layer.return_sequences
    names = ("kernel", "recurrent_kernel", *(("bias",) if cell.bias is not None else ()))
    return kind, settings, gates_of(cell, kind, names)


def _einsum_dense(layer: layers.EinsumDense, step: Step) -> Description:
    given, kernel, result = re.split(",|->", layer.equation)
    inner = [axis for axis in kernel if axis in given]
    outer = [axis for axis in kernel if axis not in given]
    rest = given.removesuffix("".join(inner))
    plain = [*inner, *outer] == list(kernel) and rest + "".join(outer) == result and rest != given
    if not plain:
        return f"?EinsumDense {layer.equation}", {}, {}
    return "dense", {}, _held(layer, "dense", "kernel", "bias")


def _half(part: Depthwise | Pointwise, step: Step) -> Description:
    layer = part.owner
    rank = len(layer.kernel_size)
    if isinstance(part, Depthwise):
        return (
            f"depthwise_conv{rank}d",
            _window(layer, step),
            {"kernel": Own("depthwise_kernel", f"depthwise_conv{rank}d.kernel")},
        )
    held = {"kernel": Own("pointwise_kernel", f"conv{rank}d.kernel")}
    if layer.bias is not None:
        held["bias"] = Own("bias", f"conv{rank}d.bias")
    one, none = (1,) * rank, ((0, 0),) * rank
    window = {"strides": one, "padding": none, "padding_mode": "zeros", "dilation": one, "groups": 1}
    return f"conv{rank}d", window, held


def _plain(kind: str, **settings: str) -> Callable[[keras.Layer, Step], Description]:
    def describe_plain(layer: keras.Layer, step: Step) -> Description:
        return kind, {name: getattr(layer, own) for name, own in settings.items()}, {}

    return describe_plain


def _relu(layer: layers.ReLU, step: Step) -> Description:
    if layer.max_value == 6 and not layer.negative_slope and not layer.threshold:
        return "relu6", {}, {}
    if layer.negative_slope and layer.max_value is None and not layer.threshold:
        return "leaky_relu", {"slope": float(layer.negative_slope)}, {}
    odd = {"max_value": layer.max_value, "threshold": layer.threshold}
    return "relu", {name: value for name, value in odd.items() if value}, {}


def _activation_layer(layer: layers.Activation, step: Step) -> Description:
    return *activation_kind(layer.activation), {}


def _pool(kind: str) -> Callable[[Any, Step], Description]:
    def describe_pool(layer: Any, step: Step) -> Description:
        size = tuple(layer.pool_size)
        settings = {
            "size": size,
            "strides": tuple(layer.strides),
            "padding": _pairs(layer.padding, step, size, layer.strides, (1,) * len(size)),
            "ceil": False,
        }
        if kind == "avg_pool":
            settings["padding_counts"] = False
        return kind, settings, {}

    return describe_pool


def _resize(layer: layers.UpSampling2D, step: Step) -> Description:
    return "resize", {"scale": tuple(layer.size), "mode": layer.interpolation, "aligned": False}, {}


_LAYERS: Mapping[Any, Callable[[Any, Step], Description]] = {
    layers.Dense: _dense,
    layers.EinsumDense: _einsum_dense,
    (layers.LSTM, layers.GRU, layers.SimpleRNN, layers.RNN): _recurrence,
    (layers.DepthwiseConv2D,): _depthwise,
    (layers.Conv1DTranspose, layers.Conv2DTranspose, layers.Conv3DTranspose): _transposed,
    (layers.Conv1D, layers.Conv2D, layers.Conv3D): _conv,
    layers.BatchNormalization: _batch_norm,
    layers.GroupNormalization: _group_norm,
    layers.LayerNormalization: _layer_norm,
    layers.PReLU: _prelu,
    layers.Embedding: _embedding,
    layers.ReLU: _relu,
    layers.LeakyReLU: _plain("leaky_relu", slope="negative_slope"),
    layers.ELU: _plain("elu", alpha="alpha"),
    layers.Softmax: _plain("softmax", axis="axis"),
    layers.Activation: _activation_layer,
    (layers.Dropout, layers.SpatialDropout1D, layers.SpatialDropout2D, layers.SpatialDropout3D): _plain(
        "dropout", rate="rate"
    ),
    layers.Flatten: _plain("flatten"),
    layers.Identity: _plain("identity"),
    layers.ZeroPadding2D: _plain("pad", padding="padding"),
    layers.Cropping2D: _plain("crop", crop="cropping"),
    layers.Concatenate: _plain("concatenate", axis="axis"),
    layers.Add: _plain("add"),
    layers.Multiply: _plain("multiply"),
    layers.Subtract: _plain("subtract"),
    (layers.MaxPooling1D, layers.MaxPooling2D, layers.MaxPooling3D): _pool("max_pool"),
    (layers.AveragePooling1D, layers.AveragePooling2D, layers.AveragePooling3D): _pool("avg_pool"),
    (layers.GlobalAveragePooling1D, layers.GlobalAveragePooling2D): _plain(
        "global_avg_pool", keepdims="keepdims"
    ),
    (layers.GlobalMaxPooling1D, layers.GlobalMaxPooling2D): _plain("global_max_pool", keepdims="keepdims"),
    layers.UpSampling2D: _resize,
    layers.Rescaling: _plain("rescale", scale="scale", offset="offset"),
}

# Layers of Keras', from which the user may have derived his own.
OWN = tuple(
    cls
    for classes in _LAYERS
    for cls in (classes if isinstance(classes, tuple) else (classes,))
    if cls != layers.RNN
)
