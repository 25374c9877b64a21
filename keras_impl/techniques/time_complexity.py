"""What a model costs: multiplications of every layer, counted on the model as it is built.

Source: article 002, arXiv 1412.1710. Contract: crosscheck/specs/time_complexity.py
"""

from math import prod

import keras
import numpy as np
from keras import KerasTensor as Tensor
from keras import layers, ops

from crosscheck.cost import LayerCost, listed
from crosscheck.dataflow import Step
from keras_impl.graph import record
from keras_impl.layers import max_pool

# PORT: every layer of PyTorch, and whoever has a kernel of his own, ends in one of these functions. In
# Keras layers end in functions of the backend: there the layers are counted, and functions of `keras.ops`.
CONVOLUTIONS = (layers.Conv1D, layers.Conv2D, layers.Conv3D)
TRANSPOSED = (layers.Conv1DTranspose, layers.Conv2DTranspose, layers.Conv3DTranspose)
DEPTHWISE = (layers.DepthwiseConv1D, layers.DepthwiseConv2D)
SEPARABLE = (layers.SeparableConv1D, layers.SeparableConv2D)
COUNTED = (*CONVOLUTIONS, *TRANSPOSED, *DEPTHWISE, *SEPARABLE, layers.Dense, layers.EinsumDense)
FUNCTIONS = ("matmul", "einsum", "conv", "convtranspose", "depthwiseconv")
RECURRENT = (layers.RNN, layers.LSTMCell, layers.GRUCell, layers.SimpleRNNCell)
ATTENTION = (layers.MultiHeadAttention, layers.GroupQueryAttention, layers.Attention)
UNKNOWN = (*RECURRENT, *ATTENTION, layers.ReversibleEmbedding)
# Functions, and the layer `Dot`.
PRODUCTS = ("separableconv", "tensordot", "dot", "vdot", "inner", "dotproductattention")


def conv_macs(kernel: tuple[int, ...], output: tuple[int, ...]) -> int:
    """Every output (batch, ..., out) is a sum over in / groups channels and the kernel's window."""
    # PORT: PyTorch's kernel is (out, in / groups, ...) and a depthwise one has as many groups as inputs;
    # Keras' is (..., in / groups, out), and a depthwise one (..., in, multiplier).
    return prod(output) * prod(kernel[:-1])


def depthwise_macs(kernel: tuple[int, ...], output: tuple[int, ...]) -> int:
    """Every output (batch, ..., in multiplier) is a sum over the kernel's window."""
    return prod(output) * prod(kernel[:-2])


def transposed_macs(kernel: tuple[int, ...], inputs: tuple[int, ...]) -> int:
    """Every input (batch, ..., in) is multiplied with a window for each of the out channels."""
    # PORT: what falls outside and is cropped is counted, too: PyTorch crops by `padding`, Keras by "same".
    return prod(inputs) * prod(kernel[:-1])


def dense_macs(inputs: tuple[int, ...], output: tuple[int, ...]) -> int:
    """Every output is a sum over the last axis of the inputs."""
    return prod(output) * inputs[-1]


def einsum_macs(equation: str, shapes: list[tuple[int, ...]]) -> int:
    """The product of the sizes of all letters of an equation such as "bsi,sio->bso"."""
    if "." in equation or len(shapes) != 2:
        raise ValueError(f"cannot count {equation!r} with {len(shapes)} operands")
    sizes: dict[str, int] = {}
    for letters, shape in zip(equation.replace(" ", "").split("->")[0].split(","), shapes, strict=True):
        sizes |= dict(zip(letters, shape, strict=True))
    return prod(sizes.values())


def layer_costs(model: keras.Layer, x: Tensor) -> list[LayerCost]:
    """Every layer that multiplies by a kernel, in the order of the call; for one image.

    Activations, normalisation, pooling and additions are not counted, as in the paper, which leaves
    dense layers out, too.

    Args:
        model: any model that is built; nothing is computed.
        x: a batch, or a symbolic tensor of its shape.

    Raises:
        ValueError: there is a layer whose cost is not known, such as a recurrent one.
    """
    symbolic = Tensor(tuple(x.shape), keras.backend.standardize_dtype(x.dtype))
    steps = record(model, symbolic, whole=_whole).steps
    return [cost for step in steps for cost in _costs(step, x.shape[0])]


def model_costs(model: keras.Layer, x: Tensor) -> dict[str, Tensor | str | int]:
    """The costs of a model's layers, listed."""
    return listed(layer_costs(model, x))


class StagedNet(keras.Model):
    """Stages of convolutions with ReLU and pooling between them, as the paper varies them.

    Input shape: (B, H, W, channels). Output shape: (B, h, w, filters) of the last stage.

    Args:
        stages: of each stage the side of the filters, the filters of each layer, the stride of the first
            layer, and the side of the pooling behind (0: none).
    """

    def __init__(self, stages: tuple[tuple[int, tuple[int, ...], int, int], ...], **kwargs):
        super().__init__(**kwargs)
        self.stages = []
        for number, (side, filters, stride, pool) in enumerate(stages, start=1):
            convs = [
                layers.Conv2D(
                    outputs, side, strides=stride if index == 0 else 1, name=f"conv{number}_{index + 1}"
                )
                for index, outputs in enumerate(filters)
            ]
            self.stages.append((convs, stride, pool))

    def call(self, x: Tensor) -> Tensor:
        for convs, stride, pool in self.stages:
            for index, conv in enumerate(convs):
                if stride == 1 or index > 0:
                    x = hold_size(x, conv.kernel_size[0], index)
                x = ops.relu(conv(x))
            # PORT: incomplete windows are dropped on both sides, so that 109 pooled by 3 are 36, as the
            # paper's maps are. Caffe rounds up: it would have 37.
            x = max_pool(x, pool) if pool else x
        return x


def hold_size(x: Tensor, side: int, index: int) -> Tensor:
    """Zeros around the map, so that the layer `index` of a stage holds its size."""
    # PORT: with an even side the odd row and column of zeros goes to the end and to the beginning by
    # turns. "same" of both frameworks puts it at the end each time, and the map drifts.
    low, high = (side - 1) // 2, side // 2
    pad = (low, high) if index % 2 == 0 else (high, low)
    return ops.pad(x, ((0, 0), pad, pad, (0, 0)))


def _whole(layer: keras.Layer) -> bool:
    """A layer is one step if it is counted as one, or of Keras' own and without layers inside."""
    own = type(layer).__module__.startswith("keras.") and not layer._flatten_layers(include_self=False)
    return own or isinstance(layer, (*COUNTED, *UNKNOWN))


def _costs(step: Step, batch: int) -> list[LayerCost]:
    """What a step costs; nothing if it does not multiply by a kernel."""
    layer = step.called
    if isinstance(layer, UNKNOWN) or step.operation in PRODUCTS:
        raise ValueError(f"{step.path}: the cost of {step.operation} is not known")
    if not isinstance(layer, COUNTED) and step.operation not in FUNCTIONS:
        return []
    shapes = [tuple(value.shape) for value in keras.tree.flatten(step.arguments) if hasattr(value, "shape")]
    output = tuple(step.results.shape)
    if isinstance(layer, SEPARABLE):
        between = (*output[:-1], layer.depthwise_kernel.shape[-2] * layer.depthwise_kernel.shape[-1])
        macs = [
            ("depthwise", depthwise_macs(tuple(layer.depthwise_kernel.shape), between)),
            ("conv", conv_macs(tuple(layer.pointwise_kernel.shape), output)),
        ]
    elif isinstance(layer, DEPTHWISE):
        macs = [("depthwise", depthwise_macs(tuple(layer.kernel.shape), output))]
    elif isinstance(layer, TRANSPOSED):
        macs = [("transposed", transposed_macs(tuple(layer.kernel.shape), shapes[0]))]
    elif isinstance(layer, CONVOLUTIONS):
        macs = [("conv", conv_macs(tuple(layer.kernel.shape), output))]
    elif isinstance(layer, layers.EinsumDense):
        macs = [("dense", einsum_macs(layer.equation, [shapes[0], tuple(layer.kernel.shape)]))]
    elif step.operation == "einsum":
        macs = [("dense", einsum_macs(layer.subscripts, shapes))]
    elif step.operation == "conv":
        macs = [("conv", conv_macs(shapes[1], output))]
    elif step.operation == "convtranspose":
        macs = [("transposed", transposed_macs(shapes[1], shapes[0]))]
    elif step.operation == "depthwiseconv":
        macs = [("depthwise", depthwise_macs(shapes[1], output))]
    else:
        macs = [("dense", dense_macs(shapes[0], output))]
    # PORT: the channels are the first axis of an image in PyTorch and the last in Keras.
    own = [v for v in step.owner.trainable_variables if v.path.rpartition("/")[0] == step.owner.path]
    count = sum(int(np.prod(variable.shape)) for variable in own)
    return [LayerCost(step.path, kind, output[1:], found // batch, count) for kind, found in macs]
