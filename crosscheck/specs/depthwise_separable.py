"""Depthwise separable convolution (article 003): places and channels in two convolutions, not one.

A depthwise convolution looks at every channel alone, a pointwise one (1x1) mixes the channels.
"""

from collections.abc import Mapping

import numpy as np

from crosscheck.layouts import Weights
from crosscheck.parameters import conv2d, depthwise_conv2d
from crosscheck.reference import convolution
from crosscheck.technique import Case, Technique

Pair = tuple[int, int]


def conv_parameters(kernel: Pair, inputs: int, outputs: int) -> int:
    """Weights of a plain convolution without bias; as many multiplications an output place."""
    return kernel[0] * kernel[1] * inputs * outputs


def separable_parameters(kernel: Pair, inputs: int, outputs: int, multiplier: int = 1) -> int:
    """Weights of a separable convolution without bias; with stride 1, multiplications a place, too."""
    return kernel[0] * kernel[1] * inputs * multiplier + inputs * multiplier * outputs


def article_parameters(kernel: Pair, inputs: int, outputs: int) -> int:
    """What the article's formula for the separable convolution says; it is wrong."""
    return kernel[0] * kernel[1] * inputs + 1 * 1 * outputs


def composed_kernel(weights: Mapping[str, np.ndarray]) -> np.ndarray:
    """The kernel (kh, kw, I, O) of the plain convolution that does what a separable one does."""
    depthwise, pointwise = weights["depthwise.kernel"], weights["pointwise.kernel"][0, 0]
    mixing = pointwise.reshape(*depthwise.shape[2:], -1)
    return np.einsum("uvcm,cmo->uvco", depthwise, mixing)


def oracle(
    case: Case, weights: Mapping[str, np.ndarray], x: np.ndarray, training: bool
) -> tuple[np.ndarray, Weights]:
    """Either layer, padded alike on all sides."""
    stride = (case.arguments["stride"],) * 2
    rows, columns = (size // 2 for size in case.arguments["kernel_size"])
    padding = ((rows, rows), (columns, columns))
    if case.build == "PlainConv2D":
        return convolution.conv2d(x, weights["conv.kernel"], weights.get("conv.bias"), stride, padding), {}
    y = convolution.depthwise_conv2d(x, weights["depthwise.kernel"], None, stride, padding)
    return convolution.conv2d(y, weights["pointwise.kernel"], weights.get("pointwise.bias")), {}


def separable_case(
    name: str,
    expected_count: int,
    shape: tuple[int, ...],
    channels: int,
    kernel_size: Pair,
    stride: int = 1,
    multiplier: int = 1,
    bias: bool = False,
) -> Case:
    """The layer alone; the large ones are only counted."""
    inputs = shape[-1]
    parameters = depthwise_conv2d("depthwise", kernel_size, inputs, multiplier, bias=False)
    parameters |= conv2d("pointwise", (1, 1), inputs * multiplier, channels, bias=bias)
    return Case(
        name=name,
        build="DepthwiseSeparableConv2D",
        arguments={
            "channels": channels,
            "kernel_size": kernel_size,
            "stride": stride,
            "multiplier": multiplier,
            "bias": bias,
        },
        in_arguments={"in_channels": inputs},
        input_shape=shape,
        parameters=parameters,
        expected_count=expected_count,
        loss="squared_error",
        trains=False,
        refused_shapes=refused(shape),
        counted_only=inputs > 100,
    )


def plain_case(
    name: str,
    expected_count: int,
    shape: tuple[int, ...],
    channels: int,
    kernel_size: Pair,
    stride: int = 1,
    bias: bool = False,
) -> Case:
    """The convolution that the separable one stands for."""
    return Case(
        name=name,
        build="PlainConv2D",
        arguments={"channels": channels, "kernel_size": kernel_size, "stride": stride, "bias": bias},
        in_arguments={"in_channels": shape[-1]},
        input_shape=shape,
        parameters=conv2d("conv", kernel_size, shape[-1], channels, bias=bias),
        expected_count=expected_count,
        loss="squared_error",
        trains=False,
        refused_shapes=refused(shape),
        counted_only=shape[-1] > 100,
    )


def refused(shape: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    """Another number of channels; no batch, or no width."""
    return (*shape[:-1], shape[-1] + 1), shape[1:], shape[:-1]


PUBLISHED = (2, 16, 24, 128)
# As many outputs as depthwise channels, so that a transposed pointwise kernel would fit.
SMALL = (2, 4, 5, 3)
EVEN = (2, 8, 10, 3)
# Sizes at which a stride of 2 needs the zeros below and to the right, too; at an even one it may not.
ODD = (2, 7, 9, 3)

TECHNIQUE = Technique(
    name="depthwise_separable",
    title="Depthwise separable convolution beside a plain one",
    article="003",
    source="Article 003; A. Howard et al., MobileNets, arXiv 1704.04861, equations 2 to 5; "
    "F. Chollet, Xception, arXiv 1610.02357",
    formula="z[i,j,c D + d] = sum over u,v of x[i s + u, j s + v, c] k[u,v,c,d]; y = z p + b. It has "
    "kh kw I D + I D O weights instead of kh kw I O: for D = 1 a share of 1/O + 1/(kh kw)",
    errata=(
        "'N = kh * kw * fi + 1 * 1 * fo': the pointwise part is fi * fo, since it joins every channel to "
        "every output. The article's formula gives 1,408 and 384 for its examples, which are not the "
        "figures it prints.",
        "Example 1, '99.456' (the point separates thousands), is wrong by either formula: 1,152 + "
        "3 x 32,768, with a stray factor of 3. Right is 1,152 + 32,768 = 33,920.",
        "Example 2, '32.896', is right, and by fi * fo only: 128 + 32,768.",
        "'Proposed by Google as a part of the Tensorflow framework': L. Sifre's thesis of 2014 has it; "
        "Xception and MobileNets made it known.",
        "Biases and the channel multiplier are left out. With one bias an output, as Keras' "
        "SeparableConv2D has it, example 1 is 34,176.",
        "'Not always your savior' is about 1x1 kernels, where nothing is saved. With two outputs or "
        "more and a kernel of three places or more, such as 3x1, 1/fo + 1/(kh kw) < 1, so that parameters "
        "are always saved; a kernel of 1x2 with two outputs saves none. Time need not be saved.",
    ),
    cases=(
        separable_case("multiplier", 126, SMALL, 6, (3, 5), multiplier=2),
        separable_case("strided", 43, EVEN, 4, (3, 3), stride=2, bias=True),
        separable_case("strided_multiplier", 125, ODD, 5, (3, 5), stride=2, multiplier=2, bias=True),
        plain_case("plain", 270, SMALL, 6, (3, 5)),
        plain_case("plain_strided", 276, (2, 7, 10, 3), 6, (3, 5), stride=2, bias=True),
        plain_case("published_conv_3x3", 294_912, PUBLISHED, 256, (3, 3)),
        plain_case("published_conv_1x1", 32_768, PUBLISHED, 256, (1, 1)),
        plain_case("published_conv_3x3_bias", 295_168, PUBLISHED, 256, (3, 3), bias=True),
        separable_case("published_3x3", 33_920, PUBLISHED, 256, (3, 3)),
        separable_case("published_1x1", 32_896, PUBLISHED, 256, (1, 1)),
        separable_case("published_3x3_bias", 34_176, PUBLISHED, 256, (3, 3), bias=True),
    ),
    oracle=oracle,
)
