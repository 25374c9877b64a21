"""Batch norm folded into the layer before it, for inference: one pair, or every pair of a model.

Source: article 002. Contract: crosscheck/specs/bn_folding.py
"""

import keras
import numpy as np
from keras import KerasTensor as Tensor
from keras import activations, layers, ops

from crosscheck.dataflow import Record, Step, operation_name
from crosscheck.folding import OTHER_AXIS, Folding, Pair, between, decide
from keras_impl.graph import record
from keras_impl.layers import flatten_channels_first
from keras_impl.techniques.normalization import BatchNorm

CONVOLUTIONS = (layers.Conv1D, layers.Conv2D, layers.Conv3D)
TRANSPOSED = (layers.Conv1DTranspose, layers.Conv2DTranspose, layers.Conv3DTranspose)
DEPTHWISE = (layers.DepthwiseConv1D, layers.DepthwiseConv2D)


def scale_and_shift(
    gamma: Tensor, beta: Tensor, mean: Tensor, variance: Tensor, epsilon: float
) -> dict[str, Tensor]:
    """What a batch norm does after training: x scale + shift, channel by channel; all shapes (C,)."""
    if not tuple(gamma.shape) == tuple(beta.shape) == tuple(mean.shape) == tuple(variance.shape):
        raise ValueError("gamma, beta, mean and variance have one number a channel each")
    # PORT: epsilon is 1e-5 by default in PyTorch and 1e-3 in Keras: it is to be read from the layer. The
    # article's source leaves it out.
    scale = gamma / ops.sqrt(variance + epsilon)
    return {"scale": scale, "shift": beta - mean * scale}


def fold_bias(bias: Tensor | None, scale: Tensor, shift: Tensor) -> Tensor:
    """bias scale + shift; a layer without a bias has one now."""
    return shift if bias is None else bias * scale + shift


def fold_dense(kernel: Tensor, scale: Tensor) -> Tensor:
    """The kernel (in, out) of a dense layer, each output scaled."""
    # PORT: the outputs are the first axis of PyTorch's kernel and the last of Keras', with groups or not.
    return kernel * scale


def fold_conv(kernel: Tensor, scale: Tensor) -> Tensor:
    """The kernel (..., in / groups, out) of a convolution, each output scaled."""
    # PORT: the outputs are the first axis of PyTorch's kernel and the last of Keras', with groups or not.
    return kernel * scale


def fold_depthwise(kernel: Tensor, scale: Tensor) -> Tensor:
    """The kernel (..., in, multiplier) of a depthwise convolution, each output scaled."""
    # PORT: PyTorch's depthwise convolution has as many groups as inputs, and its outputs lie along the
    # first axis. Keras' kernel has an axis for the inputs and, last, one for each input's outputs.
    return kernel * ops.reshape(scale, kernel.shape[-2:])


def fold_transposed(kernel: Tensor, scale: Tensor, groups: int) -> Tensor:
    """The kernel (..., out, in) of a transposed convolution, each output scaled; groups are 1."""
    # PORT: in both the outputs are the axis that a convolution has its inputs on: the second in PyTorch,
    # the last but one in Keras. PyTorch has groups here, whose outputs follow one another; Keras none.
    return kernel * scale[:, None]


class FeatureNorm(BatchNorm):
    """Batch norm of features behind a dense layer; what it keeps and how, as in `BatchNorm`.

    Input and output shape: (B, units).

    Raises:
        ValueError: the input is no batch of features, or has one row in training.
    """

    # PORT: PyTorch's layer takes (B, units, length) as well; here both take a batch of features only.
    ndim = 2


class FoldableNet(keras.Model):
    """A layer of each kind with a batch norm just behind it, which can all be folded.

    Input shape: (B, H, W, channels). Output shape: (B, 10).

    Args:
        channels: of the grouped convolution.
        multiplier: outputs of the depthwise convolution for each of its inputs.
        up: channels of the transposed convolution.
        units: of the dense layer.
    """

    def __init__(self, channels: int, multiplier: int, up: int, units: int, **kwargs):
        super().__init__(**kwargs)
        self.conv = layers.Conv2D(channels, (3, 2), groups=2, use_bias=False, name="conv")
        self.bn1 = BatchNorm(name="bn1")
        self.depthwise = layers.DepthwiseConv2D(3, depth_multiplier=multiplier, name="depthwise")
        self.bn2 = BatchNorm(name="bn2")
        self.up = layers.Conv2DTranspose(up, (3, 2), strides=2, name="up")
        self.bn3 = BatchNorm(name="bn3")
        self.fc1 = layers.Dense(units, name="fc1")
        self.bn4 = FeatureNorm(name="bn4")
        self.fc2 = layers.Dense(10, name="fc2")

    def call(self, x: Tensor, training: bool | None = None) -> Tensor:
        x = ops.relu(self.bn1(self.conv(x), training=training))  # (B, H-2, W-1, channels)
        x = ops.relu(self.bn2(self.depthwise(x), training=training))  # (B, H-4, W-3, channels multiplier)
        x = ops.relu(self.bn3(self.up(x), training=training))  # (B, 2 (H-4) + 1, 2 (W-3), up)
        x = ops.relu(self.bn4(self.fc1(flatten_channels_first(x)), training=training))  # (B, units)
        return self.fc2(x)  # (B, 10)


class RefusingNet(keras.Model):
    """Batch norms that cannot be folded, each for a reason of its own.

    Input shape: (B, H, W, channels). Output shape: (B, H, W, channels).
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        names = ("first", "after", "beside", "once", "again", "shared")
        self.first, self.after, self.beside, self.once, self.again, self.shared = (
            BatchNorm(name=name) for name in names
        )

    def build(self, input_shape):
        self.conv1, self.conv2, self.conv3, self.conv4 = (
            layers.Conv2D(input_shape[-1], 3, padding="same", name=f"conv{n}") for n in range(1, 5)
        )

    def call(self, x: Tensor, training: bool | None = None) -> Tensor:
        x = self.first(x, training=training)
        x = self.after(ops.relu(self.conv1(x)), training=training)
        y = self.conv2(x)
        x = self.beside(y, training=training) + y
        again = self.again(self.conv3(ops.relu(x)), training=training)
        x = self.once(self.conv3(x), training=training) + again
        return self.shared(self.conv4(self.shared(x, training=training)), training=training)


def fold(model: keras.Model, x: Tensor) -> Folding:
    """A new model with every batch norm folded that can be; the model is left as it is.

    It is for inference only, since training it is not training the model. What is frozen stays frozen.

    Args:
        model: any model that is built, subclassed or Functional. A layer that cannot be cloned, for want
            of a config, is shared with the new model.
        x: an input; the new model must do the same with it, and takes any batch of its size.

    Raises:
        ValueError: the model is not built.
        RuntimeError: the new model computes something else.
    """
    # PORT: the mode is a state of PyTorch's module and can be wrong; in Keras it is an argument of the
    # call, and what is folded is the model as it is called for inference.
    inputs = keras.Input(batch_shape=(None, *x.shape[1:]), dtype=x.dtype)
    found = record(model, inputs, whole=_whole)
    paths = {id(step.called): step.path for step in found.steps}
    norms = [n for n in model._flatten_layers() if isinstance(n, layers.BatchNormalization)]
    pairs, refused = decide(found, [paths.get(id(n), n.path) for n in norms], _role, _obstacle)
    # PORT: PyTorch has `torch.nn.utils.fusion.fuse_conv_bn_eval` and `fuse_linear_bn_eval` for two layers
    # whose pairing is known; Keras has nothing of the kind.
    # PORT: PyTorch's modules are code, which stays as it is: its batch norms become identities. A Keras
    # model is built anew, as a Functional one, without them.
    folded = _rebuilt(found, inputs, pairs)
    require_same(model, folded, x)
    counts = _parameters(model), _parameters(folded)
    return Folding(folded, {path: p.layer.path for path, p in pairs.items()}, refused, *counts)


def fold_and_compare(model: keras.Model, x: Tensor) -> dict[str, Tensor | str | int]:
    """The output before and after, how far they agree (1: altogether), and what became of each batch norm."""
    folding = fold(model, x)
    before, after = model(x), folding.model(x)
    agreement = 1 - ops.max(ops.abs(after - before)) / ops.max(ops.abs(before))
    return {"before": before, "after": after, "agreement": agreement, **folding.facts()}


def require_same(model: keras.Model, folded: keras.Model, x: Tensor) -> None:
    """Refuse a folded model that computes something else than the model."""
    for pair in zip(*(keras.tree.flatten(m(x)) for m in (model, folded)), strict=True):
        expected, found = (ops.convert_to_numpy(output) for output in pair)
        apart, size = np.abs(found - expected).max(), np.abs(expected).max()
        if not apart <= np.finfo(expected.dtype).eps ** 0.5 * size:
            raise RuntimeError(f"the folded model's output differs by {apart:.1e} of {size:.1e}")


def _parameters(model: keras.Model) -> int:
    found = {id(v): v for layer in model._flatten_layers() for v in layer._trainable_variables}
    return sum(int(np.prod(variable.shape)) for variable in found.values())


def _whole(layer: keras.Layer) -> bool:
    """A layer is one step unless there is a batch norm inside."""
    inside = layer._flatten_layers(include_self=False)
    return not any(isinstance(other, layers.BatchNormalization) for other in inside)


def _kind(layer: keras.Layer) -> str:
    """What a layer is to folding; one with code of its own is nothing to it."""
    norms = (layers.BatchNormalization, BatchNorm, FeatureNorm)
    for kind, classes in (("layer", (*CONVOLUTIONS, *TRANSPOSED, *DEPTHWISE, layers.Dense)), ("norm", norms)):
        if any(isinstance(layer, c) and type(layer).call is c.call for c in classes):
            return kind
    return ""


def _role(step: Step) -> str:
    return _kind(step.called) if isinstance(step.called, keras.Layer) else ""


def _obstacle(pair: Pair) -> str:
    layer, norm = pair.layer.called, pair.norm.called
    # PORT: layers of Keras may have an activation of their own, which stands between; PyTorch's have none.
    # Keras' batch norm may normalise any axis; PyTorch's the second, wherever the layer's outputs are.
    if layer.activation is not activations.linear:
        return between(operation_name(layer.activation.__name__))
    rank = len(pair.layer.results.shape)
    first = getattr(layer, "data_format", "channels_last") == "channels_first"
    channels = 1 if first else rank - 1
    return "" if isinstance(norm.axis, int) and norm.axis % rank == channels else OTHER_AXIS


def _rebuilt(record: Record, inputs: Tensor, pairs: dict[str, Pair]) -> keras.Model:
    """A Functional model that takes the same steps but for the batch norms that are folded."""
    norms = {id(pair.norm.called): pair for pair in pairs.values()}
    into = {id(pair.layer.called): pair.norm.called for pair in pairs.values()}
    clones: dict[int, keras.Layer] = {}
    values = {id(inputs): inputs}

    def replaced(value):
        return values.get(id(value), value) if isinstance(value, Tensor) else value

    for step in record.steps:
        args, kwargs = keras.tree.map_structure(replaced, step.arguments)
        if id(step.called) in norms:
            results = args[0]
        elif isinstance(step.called, keras.Layer):
            kwargs = {name: value for name, value in kwargs.items() if name != "training"}
            results = _called(clones, step, into.get(id(step.called)), args, kwargs)
        else:
            results = step.called.symbolic_call(*args, **kwargs)
        old, new = keras.tree.flatten(step.results), keras.tree.flatten(results)
        values |= {id(a): b for a, b in zip(old, new, strict=True)}
    outputs = keras.tree.map_structure(replaced, record.results)
    return keras.Model(inputs, outputs)


def _called(clones: dict[int, keras.Layer], step: Step, norm: keras.Layer | None, args, kwargs):
    """The results of a layer's clone, which holds the same weights, or those with the batch norm folded."""
    layer = step.called
    if id(layer) in clones:
        return clones[id(layer)](*args, **kwargs)
    clones[id(layer)] = clone = _cloned(layer, step.path, {} if norm is None else {"use_bias": True})
    results = clone(*args, **kwargs)
    if norm is None:
        clone.set_weights(layer.get_weights())
        return results
    mean, variance = (ops.convert_to_tensor(v) for v in (norm.moving_mean, norm.moving_variance))
    gamma = norm.gamma if norm.scale else ops.ones_like(mean)
    beta = norm.beta if norm.center else ops.zeros_like(mean)
    factors = scale_and_shift(gamma, beta, mean, variance, norm.epsilon)
    clone.kernel.assign(_folded_kernel(layer, factors["scale"]))
    clone.bias.assign(fold_bias(layer.bias, **factors))
    return results


def _cloned(layer: keras.Layer, name: str, changes: dict[str, bool]) -> keras.Layer:
    try:
        return type(layer).from_config(layer.get_config() | {"name": name} | changes)
    except (
        NotImplementedError,
        TypeError,
        ValueError,
    ):  # what a user's layer without a config of its own raises
        return KeptLayer(layer, name=name)


class KeptLayer(layers.Layer):
    """A layer that cannot be cloned, since it has no config of its own, under another name."""

    def __init__(self, layer: keras.Layer, **kwargs):
        super().__init__(dtype=layer.dtype_policy, **kwargs)
        self.layer = layer

    def call(self, *args, **kwargs):
        return self.layer(*args, **kwargs)


def _folded_kernel(layer: keras.Layer, scale: Tensor) -> Tensor:
    if isinstance(layer, TRANSPOSED):
        return fold_transposed(layer.kernel, scale, 1)
    if isinstance(layer, layers.Dense):
        return fold_dense(layer.kernel, scale)
    return (fold_depthwise if isinstance(layer, DEPTHWISE) else fold_conv)(layer.kernel, scale)
