"""The article's "general architecture" (002): few large filters first, then 5x5, then 3x3.

It is given as a pattern: how large the filters are, and how many, is the caller's choice. The
numbers of filters in the cases below are ours and of no paper.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from crosscheck.layouts import Weights
from crosscheck.parameters import Parameters, conv2d, dense
from crosscheck.reference.activations import relu
from crosscheck.reference.convolution import conv2d as convolve
from crosscheck.reference.dense import dense as apply_dense
from crosscheck.reference.dense import flatten_channels_first
from crosscheck.reference.pooling import max_pool
from crosscheck.technique import Arrays, Call, Case, Technique

Shape = tuple[int, int, int]  # height, width, channels

CLASSES = 10


class Stage(NamedTuple):
    """One stage: square filters of odd size, and whether 3x3 max pooling with stride 2 follows."""

    kernel_size: int
    stride: int
    filters: int
    pooled: bool


def oracle(
    case: Case, weights: Mapping[str, np.ndarray], x: np.ndarray, training: bool
) -> tuple[np.ndarray, Weights]:
    """The whole net; zeros are padded evenly, half a filter on each side."""
    for number, stage in enumerate(case.arguments["stages"], start=1):
        kernel_size, stride, _, pooled = stage
        half = (kernel_size // 2, kernel_size // 2)
        kernel, bias = (weights[f"stage{number}.conv.{leaf}"] for leaf in ("kernel", "bias"))
        x = relu(convolve(x, kernel, bias, (stride, stride), (half, half)))
        x = max_pool(x, (3, 3), (2, 2)) if pooled else x
    return apply_dense(flatten_channels_first(x), weights["fc.kernel"], weights["fc.bias"]), {}


def shapes(stages: Sequence[Stage], image: Shape) -> list[tuple[Shape, Shape]]:
    """Of the map of each stage, before pooling and after; windows that do not fit are dropped."""
    found, (height, width, _) = [], image
    for kernel_size, stride, filters, pooled in stages:
        height, width = ((n + 2 * (kernel_size // 2) - kernel_size) // stride + 1 for n in (height, width))
        before = (height, width, filters)
        if pooled:
            height, width = ((n - 3) // 2 + 1 for n in (height, width))
        found.append((before, (height, width, filters)))
    return found


def costs(stages: Sequence[Stage], image: Shape) -> list[int]:
    """Multiply-accumulates of each convolution for one image, padded zeros counted like pixels."""
    found, inputs = [], image[2]
    for stage, (map_shape, _) in zip(stages, shapes(stages, image), strict=True):
        height, width, filters = map_shape
        found.append(inputs * stage.kernel_size**2 * filters * height * width)
        inputs = filters
    return found


def net_parameters(stages: Sequence[Stage], image: Shape, classes: int) -> Parameters:
    """Everything such a net holds."""
    found, inputs = Parameters(), image[2]
    for number, stage in enumerate(stages, start=1):
        found |= conv2d(f"stage{number}.conv", (stage.kernel_size, stage.kernel_size), inputs, stage.filters)
        inputs = stage.filters
    height, width, channels = shapes(stages, image)[-1][1]
    return found | dense("fc", height * width * channels, classes)


def net_case(
    name: str,
    expected_count: int,
    image: Shape,
    stages: tuple[Stage, ...],
    counted_only: bool = True,
    classes: int = CLASSES,
) -> Case:
    """A net of these stages for images of this shape."""
    height, width, channels = image
    return Case(
        name=name,
        build="ClassicNet",
        arguments={"stages": tuple(tuple(stage) for stage in stages), "classes": classes},
        in_arguments={"in_shape": (channels, height, width)},
        input_shape=(2, *image),
        parameters=net_parameters(stages, image, classes),
        expected_count=expected_count,
        loss="cross_entropy",
        refused_shapes=(
            (2, height, width, channels + 1),
            (2, channels, height, width),
            (2, 2 * height, width, channels),
            (2, 9, 9, channels),
            image,
        ),
        counted_only=counted_only,
    )


def stages_oracle(
    case: Case, weights: Mapping[str, np.ndarray], x: np.ndarray
) -> Mapping[str, Sequence[Any]]:
    """Shapes and costs by arithmetic alone."""
    stages = [Stage(*stage) for stage in case.arguments["stages"]]
    found, image = shapes(stages, x.shape[1:]), x.shape[1:]
    return {
        "convolved": [before for before, _ in found],
        "passed_on": [after for _, after in found],
        "multiply_accumulates": costs(stages, image),
    }


def stages_case(case: Case) -> Call:
    """What `stages` says of this net."""
    batch, height, width, channels = case.input_shape

    def draw(generator: np.random.Generator) -> Arrays:
        return {"x": generator.normal(size=case.input_shape)}

    return Call(
        name=f"stages_{case.name}",
        function="stages",
        inputs=draw,
        arguments={},
        oracle=partial(stages_oracle, case),
        refused=(
            {"x": np.zeros((batch, height, width, channels + 1))},
            {"x": np.zeros((batch, height, 5, channels))},
        ),
        model=("classic_cnn", case.name),
        perturbed=False,
    )


IMAGENET, CIFAR = (224, 224, 3), (32, 32, 3)  # the sizes of their images

# The pattern, and the same multiply-accumulates (to 1 %, and never more) spent on 3x3 filters only.
ELEVEN = net_case(
    "imagenet_eleven", 1_048_970, IMAGENET,
    (Stage(11, 4, 64, True), Stage(5, 1, 128, True), Stage(3, 1, 192, False), Stage(3, 1, 192, False),
     Stage(3, 1, 128, True)),
)  # fmt: skip
ELEVEN_THREES = net_case(
    "imagenet_threes", 1_301_338, IMAGENET,
    (Stage(3, 2, 32, True), Stage(3, 1, 48, True), Stage(3, 1, 112, False), Stage(3, 1, 112, True),
     Stage(3, 1, 192, False), Stage(3, 1, 192, False), Stage(3, 1, 192, False), Stage(3, 1, 128, True)),
)  # fmt: skip
SEVEN = net_case(
    "cifar_seven", 135_626, CIFAR,
    (Stage(7, 2, 32, True), Stage(5, 1, 64, True), Stage(3, 1, 64, False), Stage(3, 1, 64, False)),
)  # fmt: skip
SEVEN_THREES = net_case(
    "cifar_threes", 70_284, CIFAR,
    (Stage(3, 1, 16, True), Stage(3, 1, 32, True), Stage(3, 1, 64, False), Stage(3, 1, 70, True)),
)  # fmt: skip
SMALL_ELEVEN = net_case(
    "small_eleven", 2_772, (43, 37, 3),
    (Stage(11, 4, 4, True), Stage(5, 1, 5, True), Stage(3, 1, 6, False), Stage(3, 1, 7, False)),
    counted_only=False,
)  # fmt: skip
SMALL_SEVEN = net_case(
    "small_seven", 2_103, (44, 36, 3),
    (Stage(7, 2, 4, True), Stage(5, 1, 5, True), Stage(3, 1, 6, False)), counted_only=False,
)  # fmt: skip
# Another number of classes, and no pooling.
SMALL_UNPOOLED = net_case(
    "small_unpooled", 1_546, (11, 9, 3),
    (Stage(5, 2, 4, False), Stage(3, 1, 5, False)), counted_only=False, classes=7,
)  # fmt: skip

TECHNIQUE = Technique(
    name="classic_cnn",
    title="The pattern of the first large convolutional nets: 11x11 or 7x7, then 5x5, then 3x3 filters",
    article="002",
    source="Article 002 ('A general architecture of CNN'); cost by K. He, J. Sun, arXiv 1412.1710",
    formula="stage: max_pool_3x3/2(relu(conv s x s / stride)), zeros padded by s // 2 all round, pooling "
    "after some stages only; last a dense layer. A convolution costs n_(l-1) s_l^2 n_l m_l^2 "
    "multiply-accumulates, n the numbers of channels, s the size of the filters, m of the output map",
    errata=(
        "'A general architecture of CNN' is the pattern of the ImageNet nets of 2012 and 2013. It is no "
        "rule: VGG has 3x3 filters throughout, and nets for CIFAR's small images begin with 3x3.",
        "The first stage's filters are large and few. It has most of the area of all maps; that does not "
        "make it the most costly, since it sees three channels only.",
        "Neither strides nor pooling windows are given; without them the pattern has no cost.",
    ),
    cases=(
        ELEVEN,
        ELEVEN_THREES,
        SEVEN,
        SEVEN_THREES,
        SMALL_ELEVEN,
        SMALL_SEVEN,
        SMALL_UNPOOLED,
        stages_case(SMALL_SEVEN),
        stages_case(ELEVEN),
        stages_case(ELEVEN_THREES),
    ),
    oracle=oracle,
)
