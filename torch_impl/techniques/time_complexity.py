"""What a model costs: multiplications of every layer, counted on the model as it is built.

Source: article 002, arXiv 1412.1710. Contract: crosscheck/specs/time_complexity.py
"""

from math import prod

import torch.nn.functional as F
from torch import Tensor, nn

from crosscheck.cost import LayerCost, listed
from crosscheck.dataflow import Step
from torch_impl.graph import record, tensors
from torch_impl.layers import max_pool

# PORT: every layer of PyTorch, and whoever has a kernel of his own, ends in one of these functions. In
# Keras layers end in functions of the backend: there the layers are counted, and functions of `keras.ops`.
CONVOLUTION, TRANSPOSED, DENSE = "conv", "convtranspose", ("linear", "matmul", "linalgmatmul", "bmm", "mm")
ADDING = ("addmm", "baddbmm")  # the product of the second and the third to the first
RECURRENT = ("lstm", "gru", "rnntanh", "rnnrelu", "lstmcell", "grucell", "rnntanhcell", "rnnrelucell")
ATTENTION = ("multiheadattentionforward", "scaleddotproductattention")
PRODUCTS = ("bilinear", "tensordot", "inner", "dot", "vdot", "linalgvecdot", "mv", "addmv", "addbmm")
CHAINS = ("linalgmultidot", "chainmatmul", "rmatmul", "convtbc", "sparsemm")
UNKNOWN = (*RECURRENT, *ATTENTION, *PRODUCTS, *CHAINS)


def conv_macs(kernel: tuple[int, ...], output: tuple[int, ...]) -> int:
    """Every output (batch, out, ...) is a sum over in / groups channels and the kernel's window."""
    # PORT: PyTorch's kernel is (out, in / groups, ...) and a depthwise one has as many groups as inputs;
    # Keras' is (..., in / groups, out), and a depthwise one (..., in, multiplier).
    return prod(output) * prod(kernel[1:])


def transposed_macs(kernel: tuple[int, ...], inputs: tuple[int, ...]) -> int:
    """Every input (batch, in, ...) is multiplied with a window for each of out / groups channels."""
    # PORT: what falls outside and is cropped is counted, too: PyTorch crops by `padding`, Keras by "same".
    return prod(inputs) * prod(kernel[1:])


def dense_macs(inputs: tuple[int, ...], output: tuple[int, ...]) -> int:
    """Every output is a sum over the last axis of the inputs."""
    return prod(output) * inputs[-1]


def einsum_macs(equation: str, shapes: list[tuple[int, ...]]) -> int:
    """The product of the sizes of all letters of an equation such as "bsi,soi->bso"."""
    if "." in equation or len(shapes) != 2:
        raise ValueError(f"cannot count {equation!r} with {len(shapes)} operands")
    sizes: dict[str, int] = {}
    for letters, shape in zip(equation.replace(" ", "").split("->")[0].split(","), shapes, strict=True):
        sizes |= dict(zip(letters, shape, strict=True))
    return prod(sizes.values())


def layer_costs(model: nn.Module, x: Tensor) -> list[LayerCost]:
    """Every layer that multiplies by a kernel, in the order of the call; for one image.

    Activations, normalisation, pooling and additions are not counted, as in the paper, which leaves
    dense layers out, too.

    Args:
        model: any module; on the device "meta" nothing is computed.
        x: a batch, on the same device.

    Raises:
        ValueError: there is a layer whose cost is not known, such as a recurrent one.
    """
    steps = record(model, x, whole=lambda module: False).steps
    return [cost for step in steps if (cost := _cost(step, len(x)))]


def model_costs(model: nn.Module, x: Tensor) -> dict[str, Tensor | str | int]:
    """The costs of a model's layers, listed."""
    return listed(layer_costs(model, x))


class StagedNet(nn.Module):
    """Stages of convolutions with ReLU and pooling between them, as the paper varies them.

    Input shape: (B, channels, H, W). Output shape: (B, filters, h, w) of the last stage.

    Args:
        in_channels: of the input.
        stages: of each stage the side of the filters, the filters of each layer, the stride of the first
            layer, and the side of the pooling behind (0: none).
    """

    def __init__(self, in_channels: int, stages: tuple[tuple[int, tuple[int, ...], int, int], ...]):
        super().__init__()
        self.stages = []
        for number, (side, filters, stride, pool) in enumerate(stages, start=1):
            convs = []
            for index, outputs in enumerate(filters):
                conv = nn.Conv2d(in_channels, outputs, side, stride=stride if index == 0 else 1)
                self.add_module(f"conv{number}_{index + 1}", conv)
                convs.append(conv)
                in_channels = outputs
            self.stages.append((convs, stride, pool))

    def forward(self, x: Tensor) -> Tensor:
        for convs, stride, pool in self.stages:
            for index, conv in enumerate(convs):
                if stride == 1 or index > 0:
                    x = hold_size(x, conv.kernel_size[0], index)
                x = F.relu(conv(x))
            # PORT: incomplete windows are dropped on both sides, so that 109 pooled by 3 are 36, as the
            # paper's maps are. Caffe rounds up: it would have 37.
            x = max_pool(x, pool) if pool else x
        return x


def hold_size(x: Tensor, side: int, index: int) -> Tensor:
    """Zeros around the map, so that the layer `index` of a stage holds its size."""
    # PORT: with an even side the odd row and column of zeros goes to the end and to the beginning by
    # turns. "same" of both frameworks puts it at the end each time, and the map drifts.
    low, high = (side - 1) // 2, side // 2
    before, after = (low, high) if index % 2 == 0 else (high, low)
    return F.pad(x, (before, after, before, after))


def _cost(step: Step, batch: int) -> LayerCost | None:
    """What a step costs; none if it does not multiply by a kernel."""
    if step.operation in UNKNOWN:
        raise ValueError(f"{step.path}: the cost of {step.operation} is not known")
    shapes = [tuple(value.shape) for value in tensors(step.arguments)]
    if step.operation == CONVOLUTION:
        depthwise = shapes[1][1] == 1 < shapes[0][1]
        kind, macs = "depthwise" if depthwise else "conv", conv_macs(shapes[1], tuple(step.results.shape))
    elif step.operation == TRANSPOSED:
        kind, macs = "transposed", transposed_macs(shapes[1], shapes[0])
    elif step.operation in DENSE:
        kind, macs = "dense", dense_macs(shapes[0], tuple(step.results.shape))
    elif step.operation in ADDING:
        kind, macs = "dense", dense_macs(shapes[1], tuple(step.results.shape))
    elif step.operation == "einsum":
        kind, macs = "dense", einsum_macs(step.arguments[0][0], shapes)
    else:
        return None
    output = tuple(step.results.shape[1:])
    # PORT: the channels are the first axis of an image in PyTorch and the last in Keras.
    output = output if kind == "dense" else (*output[1:], output[0])
    own = sum(p.numel() for p in step.owner.parameters(recurse=False) if p.requires_grad)
    return LayerCost(step.path, kind, output, macs // batch, own)
