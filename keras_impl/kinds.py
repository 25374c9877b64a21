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
from keras_impl.functional import function_of, layer_of
from keras_impl.guesses import gates_of, guessed
from keras_impl.windows import WINDOWS, Description, half, held, plain


def is_whole(layer: keras.Layer) -> bool:
    """Whether a layer is one step: Keras' own."""
    if isinstance(layer, keras.Model) or is_expanded(layer):
        return False
    if type(layer).__module__.startswith("keras."):  # what holds weights in a way that no word says is opened
        return _is_known(layer) or not layer.weights
    return isinstance(layer, OWN) or bool(guessed(layer))


def _is_known(layer: keras.Layer) -> bool:
    if isinstance(layer, layers.EinsumDense):
        return _is_plain(layer)
    return isinstance(layer, (*OWN, layers.RNN))


def describe(step: Step, names: Mapping[int, str]) -> list[Description]:
    """What a step of `graph.record` does; a layer with an activation of its own does two things.

    Args:
        step: of the record.
        names: of the model's variables, by the `id` of their stand-in.
    """
    layer = step.called
    if isinstance(layer, Depthwise | Pointwise):
        return [half(layer, step)]
    if not isinstance(layer, keras.Layer):
        return [layer_of(step, names) or function_of(step)]
    for classes, describe_layer in _LAYERS.items():
        if isinstance(layer, classes):  # also with a call of the user's own: that is what is compared
            return [describe_layer(layer, step), *_activation(layer)]
    unknown = f"?{type(layer).__name__}" if layer.weights else type(layer).__name__.lower(), {}, {}
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
    if isinstance(layer, (layers.Activation, layers.RNN, *CELLS)) or activation in (
        None,
        keras.activations.linear,
    ):
        return []
    kind, settings = activation_kind(activation)
    return [(kind, settings, {})]


def _dense(layer: layers.Dense, step: Step) -> Description:
    return "dense", {}, held(layer, "dense", "kernel", "bias")


def _batch_norm(layer: layers.BatchNormalization, step: Step) -> Description:
    settings = {"epsilon": layer.epsilon, "momentum": layer.momentum, "unbiased": False}
    return "batch_norm", settings, held(layer, "norm", "gamma", "beta", "moving_mean", "moving_variance")


def _group_norm(layer: layers.GroupNormalization, step: Step) -> Description:
    groups = "channels" if layer.groups == -1 else layer.groups
    settings = {"epsilon": layer.epsilon, "groups": groups}
    return "group_norm", settings, held(layer, "norm", "gamma", "beta")


def _layer_norm(layer: layers.LayerNormalization, step: Step) -> Description:
    axes = 1 if isinstance(layer.axis, int) else len(layer.axis)
    own = held(layer, "norm", "gamma", "beta")
    if axes > 1:
        own = {role: tensor._replace(row="raw") for role, tensor in own.items()}
    if getattr(layer, "rms_scaling", False):
        return "rms_norm", {"epsilon": layer.epsilon}, own
    return "layer_norm", {"epsilon": layer.epsilon, "axes": axes}, own


def _rms_norm(layer: layers.RMSNormalization, step: Step) -> Description:
    return "rms_norm", {"epsilon": layer.epsilon}, {"gamma": Own("scale", "norm.gamma")}


# By the axes of the slopes: one a channel, and one an element.
PRELU_SHARED = {1: "prelu", 2: "prelu_steps", 3: "prelu_channels", 4: "prelu_volumes"}
PRELU_ELEMENTS = {2: "prelu_elements_of_steps", 3: "prelu_elements", 4: "prelu_elements_of_volumes"}


def _prelu(layer: layers.PReLU, step: Step) -> Description:
    shape = tuple(layer.alpha.shape)
    shared = PRELU_SHARED if set(shape[:-1]) <= {1} else PRELU_ELEMENTS
    return "prelu", {"slopes": _size(shape)}, {"alpha": Own("alpha", f"{shared[len(shape)]}.alpha")}


def _size(shape: tuple[int, ...]) -> int:
    found = 1
    for size in shape:
        found *= size
    return found


def _embedding(layer: layers.Embedding, step: Step) -> Description:
    if step.arguments[1].get("reverse"):  # the logits of a ReversibleEmbedding
        if layer.tie_weights:
            return "dense", {}, {"kernel": Own("embeddings", "dense.kernel", turned=True)}
        return "dense", {}, {"kernel": Own("reverse_embeddings", "dense.kernel")}
    return "embedding", {}, held(layer, "embedding", "embeddings")


def _recurrence(layer: layers.RNN, step: Step) -> Description:
    goes = {"reverse": layer.go_backwards, "sequences": layer.return_sequences}
    if not isinstance(layer.cell, CELLS):
        kind, settings, own = guessed(layer.cell) or (f"?RNN of {type(layer.cell).__name__}", {}, {})
        return kind, settings | goes, own
    kind, settings, own = _cell(layer.cell, step)
    return kind, settings | goes, own


CELLS = (layers.LSTMCell, layers.GRUCell, layers.SimpleRNNCell)


def _cell(cell: Any, step: Step) -> Description:
    """One step in time; called in a loop it does what the layer does with a sequence."""
    kind = ("lstm", "gru", "rnn")[next(i for i, c in enumerate(CELLS) if isinstance(cell, c))]
    settings: dict[str, Any] = {"reverse": False, "activation": activation_kind(cell.activation)[0]}
    if kind != "rnn":
        settings["recurrent_activation"] = activation_kind(cell.recurrent_activation)[0]
    if kind == "gru":
        settings["reset_after"] = cell.reset_after
    settings["sequences"] = True
    names = ("kernel", "recurrent_kernel", *(("bias",) if cell.bias is not None else ()))
    return kind, settings, gates_of(cell, kind, names)


def _is_plain(layer: layers.EinsumDense) -> bool:
    """Whether the last axes are multiplied by a matrix, and nothing else is done."""
    given, kernel, result = re.split(",|->", layer.equation)
    inner = [axis for axis in kernel if axis in given]
    outer = [axis for axis in kernel if axis not in given]
    rest = given.removesuffix("".join(inner))
    return [*inner, *outer] == list(kernel) and rest + "".join(outer) == result and rest != given


def _einsum_dense(layer: layers.EinsumDense, step: Step) -> Description:
    return "dense", {}, held(layer, "dense", "kernel", "bias")


def _relu(layer: layers.ReLU, step: Step) -> Description:
    if layer.max_value == 6 and not layer.negative_slope and not layer.threshold:
        return "relu6", {}, {}
    if layer.negative_slope and layer.max_value is None and not layer.threshold:
        return "leaky_relu", {"slope": float(layer.negative_slope)}, {}
    odd = {"max_value": layer.max_value, "threshold": layer.threshold}
    return "relu", {name: value for name, value in odd.items() if value}, {}


def _activation_layer(layer: layers.Activation, step: Step) -> Description:
    return *activation_kind(layer.activation), {}


def _permute(layer: layers.Permute, step: Step) -> Description:
    return "transpose", {"axes": (0, *layer.dims)}, {}


_LAYERS: Mapping[Any, Callable[[Any, Step], Description]] = {
    **WINDOWS,
    layers.Dense: _dense,
    layers.EinsumDense: _einsum_dense,
    (layers.LSTM, layers.GRU, layers.SimpleRNN, layers.RNN): _recurrence,
    CELLS: _cell,
    layers.BatchNormalization: _batch_norm,
    layers.GroupNormalization: _group_norm,
    layers.LayerNormalization: _layer_norm,
    layers.RMSNormalization: _rms_norm,
    layers.PReLU: _prelu,
    layers.Embedding: _embedding,
    layers.ReLU: _relu,
    layers.LeakyReLU: plain("leaky_relu", slope="negative_slope"),
    layers.ELU: plain("elu", alpha="alpha"),
    layers.Softmax: plain("softmax", axis="axis"),
    layers.Activation: _activation_layer,
    (layers.Dropout, layers.SpatialDropout1D, layers.SpatialDropout2D, layers.SpatialDropout3D): plain(
        "dropout", rate="rate"
    ),
    layers.Flatten: plain("flatten"),
    layers.Identity: plain("identity"),
    layers.Concatenate: plain("concatenate", axis="axis"),
    layers.Add: plain("add"),
    layers.Multiply: plain("multiply"),
    layers.Subtract: plain("subtract"),
    layers.Average: plain("average"),
    layers.Maximum: plain("maximum"),
    layers.Minimum: plain("minimum"),
    layers.Permute: _permute,
    layers.Reshape: plain("reshape"),
    layers.Rescaling: plain("rescale", scale="scale", offset="offset"),
}

# Layers of Keras', from which the user may have derived his own.
OWN = tuple(
    cls
    for classes in _LAYERS
    for cls in (classes if isinstance(classes, tuple) else (classes,))
    if cls != layers.RNN
)
