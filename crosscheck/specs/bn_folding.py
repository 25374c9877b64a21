"""Merging batch norm with the layer before it (article 002), for inference.

After training a batch norm is a multiplication and an addition for each channel. Where it stands
directly behind a convolution or a dense layer, both can be taken into that layer's kernel and bias.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from crosscheck.folding import ELSEWHERE, FIRST, LAYER_SHARED, NORM_SHARED, between
from crosscheck.layouts import Weights
from crosscheck.parameters import batch_norm, conv2d, conv2d_transpose, dense, depthwise_conv2d
from crosscheck.reference.activations import relu
from crosscheck.reference.convolution import conv2d as convolve
from crosscheck.reference.convolution import conv2d_transpose as spread
from crosscheck.reference.convolution import depthwise_conv2d as convolve_depthwise
from crosscheck.reference.convolution import same_padding
from crosscheck.reference.dense import dense as apply_dense
from crosscheck.reference.dense import flatten_channels_first
from crosscheck.reference.normalization import batch_norm_layer
from crosscheck.specs import cifar_cnn
from crosscheck.technique import Arrays, Call, Case, Technique

SHAPE = (3, 7, 8, 4)
CHANNELS, MULTIPLIER, UP, UNITS = 6, 2, 5, 9
FEATURES = 7 * 10 * UP  # (7 - 4) 2 + 1 rows, (8 - 3) 2 columns
REFUSING = (2, 5, 7, 4)

# What folding may change: 1e-13 in float64, and as many roundings (450) in float32. Products and sums
# are taken in another order once the scale is in the kernel, through up to ten layers here. The same
# nets' outputs are judged by measured allowances in their own cases; here a relative difference decides.
WITHIN = {"before": 1e-13, "after": 1e-13, "agreement": 1e-13}


def foldable(weights: Mapping[str, np.ndarray], x: np.ndarray) -> np.ndarray:
    """The net that has a layer of each kind, in evaluation mode."""

    def norm(x: np.ndarray, path: str) -> np.ndarray:
        return relu(batch_norm_layer(x, weights, path, False)[0])

    x = norm(convolve(x, weights["conv.kernel"], groups=2), "bn1")
    x = norm(convolve_depthwise(x, weights["depthwise.kernel"], weights["depthwise.bias"]), "bn2")
    x = norm(spread(x, weights["up.kernel"], weights["up.bias"], (2, 2)), "bn3")
    x = apply_dense(flatten_channels_first(x), weights["fc1.kernel"], weights["fc1.bias"])
    return apply_dense(norm(x, "bn4"), weights["fc2.kernel"], weights["fc2.bias"])


def refusing(weights: Mapping[str, np.ndarray], x: np.ndarray) -> np.ndarray:
    """The net whose batch norms cannot be folded, in evaluation mode."""

    def norm(x: np.ndarray, path: str) -> np.ndarray:
        return batch_norm_layer(x, weights, path, False)[0]

    def conv(x: np.ndarray, path: str) -> np.ndarray:
        kernel = weights[f"{path}.kernel"]
        padding = same_padding(x.shape[1:3], kernel.shape[:2])
        return convolve(x, kernel, weights[f"{path}.bias"], padding=padding)

    x = norm(relu(conv(norm(x, "first"), "conv1")), "after")
    y = conv(x, "conv2")
    x = norm(y, "beside") + y
    x = norm(conv(x, "conv3"), "once") + norm(conv(relu(x), "conv3"), "again")
    return norm(conv(norm(x, "shared"), "conv4"), "shared")


def oracle(
    case: Case, weights: Mapping[str, np.ndarray], x: np.ndarray, training: bool
) -> tuple[np.ndarray, Weights]:
    """The nets as they are, not folded; and the batch norm that is behind a dense layer."""
    match case.build:
        case "FeatureNorm":
            return batch_norm_layer(x, weights, "", training)
        case "FoldableNet":
            return foldable(weights, x), {}
    return refusing(weights, x), {}


FEATURE_NORM = Case(
    name="feature_norm",
    build="FeatureNorm",
    arguments={},
    in_arguments={"in_features": UNITS},
    input_shape=(8, UNITS),
    parameters=batch_norm("", UNITS),
    expected_count=2 * UNITS,
    loss="squared_error",
    refused_shapes=((8, UNITS + 1), (UNITS,), (8, UNITS, 5), (8, 3, 5, UNITS)),
)

# Both nets are only counted as models: what they are for is to be folded, by the functions below, and
# those compare their outputs in evaluation mode with the oracle.
FOLDABLE = Case(
    name="foldable",
    build="FoldableNet",
    arguments={"channels": CHANNELS, "multiplier": MULTIPLIER, "up": UP, "units": UNITS},
    in_arguments={"in_shape": (SHAPE[3], *SHAPE[1:3])},
    input_shape=SHAPE,
    parameters=conv2d("conv", (3, 2), SHAPE[3], CHANNELS, groups=2, bias=False)
    | batch_norm("bn1", CHANNELS)
    | depthwise_conv2d("depthwise", (3, 3), CHANNELS, MULTIPLIER)
    | batch_norm("bn2", CHANNELS * MULTIPLIER)
    | conv2d_transpose("up", (3, 2), CHANNELS * MULTIPLIER, UP)
    | batch_norm("bn3", UP)
    | dense("fc1", FEATURES, UNITS)
    | batch_norm("bn4", UNITS)
    | dense("fc2", UNITS, 10),
    expected_count=3_880,
    loss="cross_entropy",
    refused_shapes=((3, 7, 8, 3), (3, 8, 8, 4), (3, 7, 8), (3, 4, 7, 8)),
    counted_only=True,
)

REFUSED = Case(
    name="refusing",
    build="RefusingNet",
    arguments={},
    in_arguments={"in_channels": REFUSING[3]},
    input_shape=REFUSING,
    parameters={
        name: parameter
        for path in ("first", "after", "beside", "once", "again", "shared")
        for name, parameter in batch_norm(path, REFUSING[3]).items()
    }
    | {
        name: parameter
        for path in ("conv1", "conv2", "conv3", "conv4")
        for name, parameter in conv2d(path, (3, 3), REFUSING[3], REFUSING[3]).items()
    },
    expected_count=640,
    loss="squared_error",
    refused_shapes=((2, 5, 7, 3), (2, 5, 7)),
    counted_only=True,
)

WHY = {
    "first": FIRST,
    "after": between("relu"),
    "beside": ELSEWHERE,
    "again": LAYER_SHARED,
    "once": LAYER_SHARED,
    "shared": NORM_SHARED,
}
BLOCKS = ("block1", "block2", "block3")


def image(shape: tuple[int, ...]) -> Callable[[np.random.Generator], Arrays]:
    """Draws an input of this shape."""
    return lambda generator: {"x": generator.normal(size=shape)}


def channels(generator: np.random.Generator) -> Arrays:
    """What a batch norm of five channels keeps."""
    gamma, beta, mean = (generator.normal(size=5) for _ in range(3))
    return {"gamma": gamma, "beta": beta, "mean": mean, "variance": generator.uniform(0.1, 2, 5)}


def scaled(
    gamma: np.ndarray, beta: np.ndarray, mean: np.ndarray, variance: np.ndarray, epsilon: float
) -> Arrays:
    """Batch norm of 1 and of 0: the second is the shift, and the scale is how far they are apart."""
    one, zero = ((x - mean) * gamma * (variance + epsilon) ** -0.5 + beta for x in (1.0, 0.0))
    return {"scale": one - zero, "shift": zero}


def net_call(net: tuple[str, Case, Any], folded: dict[str, str], refused: dict[str, str], fewer: int) -> Call:
    """A whole model, folded: its output stays what it was."""
    technique, case, answer = net

    def expected(weights: Mapping[str, np.ndarray], x: np.ndarray) -> Mapping[str, Any]:
        output = answer(case, weights, x, False)[0]
        pairs = "; ".join(f"{norm} into {layer}" for norm, layer in folded.items()) or "none"
        reasons = "; ".join(f"{norm}: {why}" for norm, why in refused.items()) or "none"
        return {
            "before": output,
            "after": output,
            "agreement": np.ones(()),
            "folded": pairs,
            "refused": reasons,
            "parameters": case.expected_count,
            "parameters_removed": fewer,
        }

    return Call(
        name=f"fold_{case.name}",
        function="fold_and_compare",
        inputs=image(case.input_shape),
        arguments={},
        oracle=expected,
        refused=({"x": np.zeros((2, 3, 5, 2))},),
        model=(technique, case.name),
        perturbed=False,
        within=WITHIN,
    )


def of_article_004(name: str, folded: dict[str, str], refused: dict[str, str], fewer: int) -> Call:
    """One of the small nets of article 004, folded."""
    net = ("cifar_cnn", cifar_cnn.TECHNIQUE.model(name), cifar_cnn.oracle)
    return net_call(net, folded, refused, fewer)


TECHNIQUE = Technique(
    name="bn_folding",
    title="Batch norm folded into the layer before it, for inference",
    article="002",
    source="Article 002, after machinethink.net, 'Real-time object detection with YOLO'",
    formula="kernel' = kernel gamma / sqrt(variance + epsilon) for each output channel, "
    "bias' = (bias - mean) gamma / sqrt(variance + epsilon) + beta, with the running mean and variance",
    errata=(
        "'Merge the learned params gamma and beta': the moving mean and variance must be merged as well.",
        "The formula of the blog that is linked, gamma w / sqrt(variance), leaves epsilon out. With Keras' "
        "default, 1e-3, that shows.",
        "It holds for inference only, and only where nothing stands between: not for batch norm behind a "
        "ReLU. Folding that one forward into the next layer is inexact at borders padded with zeros.",
    ),
    cases=(
        FEATURE_NORM,
        FOLDABLE,
        REFUSED,
        Call(
            name="channels",
            function="scale_and_shift",
            inputs=channels,
            arguments={"epsilon": 0.25},
            oracle=scaled,
            refused=({"gamma": np.ones(4)}, {"variance": np.ones(1)}),
        ),
        net_call(
            ("bn_folding", FOLDABLE, oracle),
            {"bn1": "conv", "bn2": "depthwise", "bn3": "up", "bn4": "fc1"},
            {},
            # Two parameters a channel fewer, but for the bias that `conv` had not.
            2 * (CHANNELS + CHANNELS * MULTIPLIER + UP + UNITS) - CHANNELS,
        ),
        net_call(("bn_folding", REFUSED, oracle), {}, WHY, 0),
        of_article_004("small_bn_before", {f"{block}.bn": f"{block}.conv" for block in BLOCKS}, {}, 36),
        of_article_004("small_bn_after", {}, {f"{block}.bn": between("relu") for block in BLOCKS}, 0),
        of_article_004(
            "small_residual",
            {f"{block}.bn{n}": f"{block}.conv{n}" for block in BLOCKS for n in (1, 2)},
            {},
            72,
        ),
    ),
    oracle=oracle,
    mirror_exceptions={
        "FeatureNorm": "Keras' batch norm is one class for any rank; PyTorch has one for each.",
        "KeptLayer": "Keras' models are built anew, of clones; it stands for what cannot be cloned.",
    },
)
