"""Batch and instance normalisation (article 003).

Both subtract a mean and divide by the root of a variance, channel by channel; they differ in what
the moments are taken over: the batch and all places, or all places of one image.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from crosscheck.layouts import Weights
from crosscheck.parameters import Parameters, batch_norm, conv2d, norm
from crosscheck.reference.activations import relu
from crosscheck.reference.convolution import conv2d as convolve
from crosscheck.reference.normalization import batch_norm_layer, instance_norm
from crosscheck.technique import Case, Technique

SHAPE = (3, 5, 7, 4)


def oracle(
    case: Case, weights: Mapping[str, np.ndarray], x: np.ndarray, training: bool
) -> tuple[np.ndarray, Weights]:
    """The layer alone, or the small net around it."""
    if case.build == "Restorer":
        return restorer(case.arguments["norm"], weights, x, training)
    if case.build == "BatchNorm":
        return batch_norm_layer(x, weights, "", training)
    return instance_norm(x, weights.get("gamma", 1.0), weights.get("beta", 0.0)), {}


def restorer(
    norm: str, weights: Mapping[str, np.ndarray], x: np.ndarray, training: bool
) -> tuple[np.ndarray, Weights]:
    """Convolution, normalisation, ReLU, convolution."""
    kept: Weights = {}
    x = convolve(x, weights["conv1.kernel"], weights["conv1.bias"], padding=((1, 1), (1, 1)))
    if norm == "batch":
        x, kept = batch_norm_layer(x, weights, "norm", training)
    elif norm == "instance":
        x = instance_norm(x, weights["norm.gamma"], weights["norm.beta"])
    x = convolve(relu(x), weights["conv2.kernel"], weights["conv2.bias"], padding=((1, 1), (1, 1)))
    return x, kept


def layer_case(
    name: str, build: str, affine: bool, parameters: Parameters, shape: tuple[int, ...] = SHAPE
) -> Case:
    """One of the two layers alone."""
    batch, height, width, channels = shape
    refused = ((batch, height, width, channels + 1), (batch, height, channels), (batch, channels))
    one_value = (batch, 1, 1, channels)  # of a channel in an image; over the batch there are several
    return Case(
        name=name,
        build=build,
        arguments={"affine": affine},
        in_arguments={"in_channels": channels},
        input_shape=shape,
        parameters=parameters,
        expected_count=2 * channels if affine else 0,
        loss="squared_error",
        trains=False,
        refused_shapes=(*refused, one_value) if build == "InstanceNorm" else refused,
    )


def restorer_case(name: str, norm: str, declared: Parameters, size: tuple[int, int], channels: int) -> Case:
    """The small net from image to image; its first bias is taken away again by the normalisation."""
    return Case(
        name=name,
        build="Restorer",
        arguments={"channels": channels, "norm": norm},
        in_arguments={},
        input_shape=(2, *size, 3),
        parameters=conv2d("conv1", (3, 3), 3, channels) | declared | conv2d("conv2", (3, 3), channels, 3),
        expected_count=(27 + 1) * channels + 2 * channels * (norm != "none") + 27 * channels + 3,
        loss="squared_error",
        refused_shapes=((2, *size, 4), (2, 3, *size), (2, *size)),
        no_gradient=() if norm == "none" else ("conv1.bias",),
    )


TECHNIQUE = Technique(
    name="normalization",
    title="Batch normalisation and instance normalisation",
    article="003",
    source="Article 003; S. Ioffe, C. Szegedy, arXiv 1502.03167; D. Ulyanov et al., arXiv 1607.08022",
    formula="y = gamma (x - mean) / sqrt(variance + 1e-5) + beta; the moments of a channel are taken over "
    "(batch, height, width) or, for instance normalisation, over (height, width) of each image",
    errata=(
        "'Turn activations toward the unit Gaussian': to mean 0 and variance 1, then to beta and gamma. "
        "The shape of the distribution is left as it is.",
        "'Learn one universal mean and variance': they are running estimates of the batches' moments and "
        "not learned by gradients; gamma and beta are.",
        "'One moving-average and one moving-mean': a moving mean and a moving variance.",
        "'Independently for each image': for each image and each channel.",
        "'Valid for all classification': not for very small batches or batches whose images are alike.",
        "'Successfully ... super-resolution': the paper on instance normalisation is on stylisation. "
        "Instance norm takes the contrast of each image away, which super-resolution has to keep.",
        "Not to use pretrained networks ('ResNet, MobileNet, Inception') with it is too general: perceptual "
        "losses and encoders do.",
    ),
    cases=(
        layer_case("batch_norm", "BatchNorm", True, batch_norm("", SHAPE[-1])),
        layer_case("batch_norm_plain", "BatchNorm", False, batch_norm("", SHAPE[-1], affine=False)),
        layer_case("instance_norm", "InstanceNorm", True, norm("", SHAPE[-1])),
        layer_case("instance_norm_plain", "InstanceNorm", False, {}),
        restorer_case("small_restorer", "instance", norm("norm", 5), (6, 8), 5),
        restorer_case("small_restorer_batch", "batch", batch_norm("norm", 4), (7, 5), 4),
        restorer_case("small_restorer_none", "none", {}, (5, 8), 6),
        # For the experiment: with 16 channels, on images of 32 x 32.
        *(
            replace(restorer_case(f"restorer_{kind}", kind, declared, (32, 32), 16), counted_only=True)
            for kind, declared in (
                ("none", {}),
                ("batch", batch_norm("norm", 16)),
                ("instance", norm("norm", 16)),
            )
        ),
    ),
    oracle=oracle,
    mirror_exceptions={
        "moments": "PyTorch's layers are used as they are; Keras' would compute in float32 on jax."
    },
)
