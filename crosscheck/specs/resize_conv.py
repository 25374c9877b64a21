"""Enlarging feature maps (article 002): a transposed convolution, or resizing and then a convolution.

A transposed convolution stamps its kernel, scaled, for every input pixel. Where the kernel is no
multiple of the stride, stamps overlap unevenly, and a pattern with the period of the stride remains.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from crosscheck.layouts import Weights
from crosscheck.parameters import Parameters, conv2d, conv2d_transpose
from crosscheck.reference import convolution, resizing
from crosscheck.technique import Call, Case, Technique

SHAPE = (2, 4, 5, 3)
CHANNELS = 6
# Kernel and stride -> how many stamps reach the pixels of one period, away from the border.
OVERLAPS = {
    (3, 2): (2, 1),
    (5, 2): (3, 2),
    (4, 2): (2, 2),
    (2, 2): (1, 1),
    (5, 3): (2, 2, 1),
    (6, 3): (2, 2, 2),
}


def oracle(
    case: Case, weights: Mapping[str, np.ndarray], x: np.ndarray, training: bool
) -> tuple[np.ndarray, Weights]:
    """One of the layers alone."""
    kernel, bias = weights["conv.kernel"], weights["conv.bias"]
    if case.build == "StridedConv":
        return convolution.conv2d(x, kernel, bias, (case.arguments["stride"],) * 2), {}
    if case.build == "TransposedConv":
        stride = case.arguments["stride"]
        before = (case.arguments["kernel_size"] - stride) // 2
        y = convolution.conv2d_transpose(x, kernel, bias, (stride, stride))
        rows, columns = (slice(before, before + size * stride) for size in x.shape[1:3])
        return y[:, rows, columns], {}
    enlarge = {"nearest": resizing.nearest, "bilinear": resizing.bilinear}[case.arguments["mode"]]
    y = enlarge(x, case.arguments["scale"])
    padding = convolution.same_padding(y.shape[1:3], kernel.shape[:2])
    return convolution.conv2d(y, kernel, bias, padding=padding), {}


def layer_case(name: str, build: str, parameters: Parameters, count: int, **arguments: Any) -> Case:
    """One of the layers alone."""
    return Case(
        name=name,
        build=build,
        arguments={"channels": CHANNELS, **arguments},
        in_arguments={"in_channels": SHAPE[-1]},
        input_shape=SHAPE,
        parameters=parameters,
        expected_count=count,
        loss="squared_error",
        trains=False,
        refused_shapes=((*SHAPE[:-1], SHAPE[-1] + 1), SHAPE[1:], SHAPE[:-1]),
    )


def transposed_case(kernel_size: int, stride: int, count: int) -> Case:
    """A transposed convolution, named like k3s2."""
    parameters = conv2d_transpose("conv", (kernel_size, kernel_size), SHAPE[-1], CHANNELS)
    name = f"transposed_k{kernel_size}s{stride}"
    return layer_case(name, "TransposedConv", parameters, count, kernel_size=kernel_size, stride=stride)


def resize_case(name: str, mode: str, count: int, kernel_size: int = 3, scale: int = 2) -> Case:
    """Some times the size, then a convolution."""
    parameters = conv2d("conv", (kernel_size, kernel_size), SHAPE[-1], CHANNELS)
    return layer_case(name, "ResizeConv", parameters, count, kernel_size=kernel_size, scale=scale, mode=mode)


def resized(x: np.ndarray, scale: int) -> dict[str, np.ndarray]:
    """An image enlarged in both modes."""
    return {"nearest": resizing.nearest(x, scale), "bilinear": resizing.bilinear(x, scale)}


def overlap_case(kernel_size: int, stride: int) -> Call:
    """How many stamps reach every pixel, on an input of 5 x 6."""
    return Call(
        name=f"overlap_k{kernel_size}s{stride}",
        function="overlap_counts",
        inputs=lambda generator: {},
        arguments={"height": 5, "width": 6, "kernel_size": kernel_size, "stride": stride},
        oracle=overlap_counts,
        refused=({"stride": 0}, {"kernel_size": stride - 1}, {"stride": 1.5}, {"kernel_size": stride + 0.5}),
        perturbed=False,
    )


def overlap_counts(height: int, width: int, kernel_size: int, stride: int) -> dict[str, np.ndarray]:
    """A transposed convolution of ones with a kernel of ones."""
    kernel = np.ones((kernel_size, kernel_size, 1, 1))
    counts = convolution.conv2d_transpose(np.ones((1, height, width, 1)), kernel, stride=(stride, stride))
    return {"counts": counts[0, :, :, 0].astype(np.int64)}


TECHNIQUE = Technique(
    name="resize_conv",
    title="Resizing and then a convolution, instead of a transposed convolution",
    article="002",
    source="Article 002; A. Odena, V. Dumoulin, C. Olah, Deconvolution and Checkerboard Artifacts, "
    "Distill, 2016, doi 10.23915/distill.00003",
    formula="transposed: y[i s + u - a, o] = sum over the i, u that meet there of x[i] k[u], "
    "a = floor((k - s) / 2) and s H pixels are kept; resized: y = conv(enlarged x), stride 1",
    errata=(
        "'This blog by colah': A. Odena, V. Dumoulin and C. Olah, in this order.",
        "'Due to use of deconvolutions': the gradients of max pooling and of convolutions with a stride "
        "have the same pattern.",
        "'Make sure that kernel size is divisible by stride' is, as the article says, not fully effective. "
        "It does not say why: the overlap is even then, but each place "
        "within a stride still has weights of its own, and what is learned may bring the pattern back. "
        "On the other hand weights can balance an uneven overlap, such as 1/2, 1, 1/2 for k = 3, s = 2.",
        "'Resize the input layer': the feature map before each convolution that would be transposed.",
        "'Nearest neighbour': the paper tried bilinear resizing, too; that nearest worked better is its "
        "authors' experience with their models.",
    ),
    cases=(
        transposed_case(3, 2, 168),
        transposed_case(4, 2, 294),
        transposed_case(5, 2, 456),
        # Other strides than 2: three pixels too many, of which one is cropped before; and none.
        transposed_case(6, 3, 654),
        transposed_case(3, 3, 168),
        resize_case("nearest", "nearest", 168),
        resize_case("bilinear", "bilinear", 168),
        # Other factors than 2, and other kernels than 3, whose padding is another.
        resize_case("nearest_k5s3", "nearest", 456, kernel_size=5, scale=3),
        resize_case("bilinear_k1s4", "bilinear", 24, kernel_size=1, scale=4),
        layer_case(
            "strided",
            "StridedConv",
            conv2d("conv", (3, 3), SHAPE[-1], CHANNELS),
            168,
            kernel_size=3,
            stride=2,
        ),
        Call(
            name="resized",
            function="resized",
            inputs=lambda generator: {"x": generator.normal(size=SHAPE)},
            arguments={"scale": 3},
            oracle=resized,
            refused=({"scale": 0}, {"scale": -2}, {"scale": 1.5}),
        ),
        *(overlap_case(*sizes) for sizes in OVERLAPS),
    ),
    oracle=oracle,
)
