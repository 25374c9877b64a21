"""Split linear layer (article 000, "Best Machine Learning Hack of 2021").

A dense layer from D features to U units is replaced by one small dense layer, shared by S equal
parts of the features: (B, D) is read as (B, S, D/S), each part goes through the same D/S -> U/S
layer, and the S results stand side by side in (B, U).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from crosscheck.layouts import Weights
from crosscheck.parameters import block_dense, conv2d, dense
from crosscheck.reference.activations import relu
from crosscheck.reference.convolution import conv2d as convolve
from crosscheck.reference.dense import block_dense as apply_blocks
from crosscheck.reference.dense import dense as apply_dense
from crosscheck.reference.dense import flatten_channels_first
from crosscheck.reference.pooling import max_pool
from crosscheck.technique import Case, Technique

CHANNELS = 18  # of the feature map that is flattened


def split_linear(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray, splits: int) -> np.ndarray:
    """(B, D) -> (B, S, D/S) -> the dense layer of each part -> (B, U).

    A kernel of three axes holds a layer of its own for each part (untied).
    """
    parts = x.reshape(len(x), splits, -1)
    apply = apply_dense if kernel.ndim == 2 else apply_blocks
    return apply(parts, kernel, bias).reshape(len(x), -1)


def oracle(
    case: Case, weights: Mapping[str, np.ndarray], x: np.ndarray, training: bool
) -> tuple[np.ndarray, Weights]:
    """The layer alone, or the article's net around it; nothing here behaves otherwise in training."""
    splits = case.arguments["splits"]
    if case.build != "SplitNet":
        return split_linear(x, weights["kernel"], weights["bias"], splits), {}
    for layer in ("conv1", "conv2"):
        x = relu(convolve(x, weights[f"{layer}.kernel"], weights[f"{layer}.bias"]))
        x = max_pool(x, (2, 2))
    x = flatten_channels_first(x)
    x = relu(split_linear(x, weights["fc1.kernel"], weights["fc1.bias"], splits))
    return apply_dense(x, weights["fc3.kernel"], weights["fc3.bias"]), {}


def layer_case(name: str, tied: bool) -> Case:
    """The layer alone, with all sizes distinct: 120 features in 8 parts of 15, to 56 units, 7 a part."""
    features, units, splits, batch = 120, 56, 8, 3
    declare = dense("", 15, 7) if tied else block_dense("", splits, 15, 7)
    return Case(
        name=name,
        build="SplitLinear" if tied else "UntiedSplitLinear",
        arguments={"units": units, "splits": splits},
        in_arguments={"in_features": features},
        input_shape=(batch, features),
        parameters=declare,
        expected_count=112 if tied else 896,
        loss="squared_error",
        trains=False,
        # 60 and 240 divide into the parts, so that a careless reshape would take them.
        refused_shapes=((batch, 60), (batch, 240), (batch, 119), (batch, 2, features)),
    )


def net_case(
    name: str,
    hidden: int,
    splits: int,
    expected_count: int,
    tied: bool = True,
    counted_only: bool = False,
    size: tuple[int, int] = (32, 32),
) -> Case:
    """The article's net: two convolutions with pooling, fc1 (split), fc3."""
    height, width = (((length - 4) // 2 - 4) // 2 for length in size)  # (5x5 valid, 2x2 pool) twice
    part, units = height * width * CHANNELS // splits, hidden // splits
    arguments: dict[str, Any] = {"hidden": hidden, "splits": splits, "tied": tied}
    return Case(
        name=name,
        build="SplitNet",
        arguments=arguments,
        in_arguments={"in_size": size},
        input_shape=(2, *size, 3),
        parameters=conv2d("conv1", (5, 5), 3, 13)
        | conv2d("conv2", (5, 5), 13, CHANNELS)
        | (dense("fc1", part, units) if tied else block_dense("fc1", splits, part, units))
        | dense("fc3", hidden, 10),
        expected_count=expected_count,
        loss="cross_entropy",
        refused_shapes=((2, size[0] + 4, size[1], 3), (2, *size, 1), (2, 3, *size), (2, *size)),
        counted_only=counted_only,
    )


TECHNIQUE = Technique(
    name="split_linear",
    title="Split linear layer: one small dense layer shared by S parts of the features",
    article="000",
    source="Article 000: J. Johnson, 'Best Machine Learning Hack of 2021' (Linear-Layer-Parallelization)",
    formula="y[b, s U/S + u] = bias[u] + sum over d of x[b, s D/S + d] kernel[d, u],  s = 0 ... S-1",
    errata=(
        "'The number of operations in matrix multiplication grows exponentially': polynomially. A dense "
        "layer costs inputs x outputs multiplications for each row.",
        "'The gradients of those 10 sets ... are averaged together before the backward pass': the backward "
        "pass sums them. Only the mean over the batch divides, by B and not by 10 B.",
        "'A 45 feature wide fc1 layer, 3,720 weights deep': fc1 is 45 -> 372 (16,740 weights and 372 "
        "biases). 3,720 is the width of its ten outputs side by side; nothing gets deeper.",
        "'Apples to apples' holds for parameters only: the dense layers cost 55,200 multiplications an "
        "image in the control net and 204,600 in the adjusted one, 3.7 times as many.",
        "'Alleviates the overfitting problem': nothing in the article shows it. The 'best loss' is a "
        "training loss after two epochs, above 1, and no gap between training and test is given.",
        "'Similar to a higher batch size': the ten parts are different features of one image, not more "
        "images.",
        "The published control script trains for 2 epochs, the published test script (`range(4)`) for 4: one "
        "way to 62 % that the text does not tell.",
        "The ten feature sets are not alike: 45 features are 1.8 channels of 25 pixels, so that part s "
        "starts at pixel 45 s mod 25 of a channel, and one weight sees a different place in each part.",
    ),
    cases=(
        layer_case("layer", tied=True),
        layer_case("untied_layer", tied=False),
        net_case("rectangular", hidden=63, splits=9, expected_count=7_671, size=(24, 28)),
        net_case("small_untied", hidden=45, splits=9, expected_count=8_441, tied=False, size=(24, 28)),
        net_case("small_control", hidden=11, splits=1, expected_count=9_363, size=(24, 28)),
        net_case("control", hidden=120, splits=1, expected_count=62_186, counted_only=True),
        net_case("split", hidden=120, splits=10, expected_count=8_618),
        net_case("adjusted", hidden=3_720, splits=10, expected_count=61_178),
        # Ablations for training; their parts are proven above.
        net_case("wide", hidden=451, splits=1, expected_count=214_777, counted_only=True),
        net_case("untied", hidden=3_720, splits=10, expected_count=215_186, tied=False, counted_only=True),
    ),
    oracle=oracle,
    mirror_exceptions={
        "require_shape": "Keras refuses wrong shapes by `input_spec`; PyTorch has no such thing."
    },
)
