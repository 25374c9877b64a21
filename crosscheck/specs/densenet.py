"""DenseNet and DenseNet-BC for CIFAR (article 002): every layer of a block sees all layers before it.

Dropout, which the paper has where it does not augment, is left out. Training begins from PyTorch's
default weights (`crosscheck/parameters.initial_weights`) and not from He's, as the paper's does.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from crosscheck.layouts import Weights
from crosscheck.optimizers import SGD
from crosscheck.parameters import Parameters, batch_norm, conv2d, dense
from crosscheck.reference.activations import relu
from crosscheck.reference.convolution import conv2d as convolve
from crosscheck.reference.convolution import same_padding
from crosscheck.reference.dense import dense as apply_dense
from crosscheck.reference.normalization import batch_norm_layer
from crosscheck.reference.pooling import average_pool, global_average_pool
from crosscheck.technique import Case, Technique

BLOCKS = (1, 2, 3)


def oracle(
    case: Case, weights: Mapping[str, np.ndarray], x: np.ndarray, training: bool
) -> tuple[np.ndarray, Weights]:
    """The whole net, block by block."""
    kept: Weights = {}

    def conv(x: np.ndarray, path: str) -> np.ndarray:
        kernel = weights[f"{path}.kernel"]
        return convolve(x, kernel, padding=same_padding(x.shape[1:3], kernel.shape[:2]))

    def norm_relu(x: np.ndarray, path: str) -> np.ndarray:
        y, statistics = batch_norm_layer(x, weights, path, training)
        kept.update(statistics)
        return relu(y)

    def norm_conv(x: np.ndarray, path: str) -> np.ndarray:
        return conv(norm_relu(x, f"{path}.bn"), f"{path}.conv")

    x = conv(x, "conv")
    for block in BLOCKS:
        for layer in range(1, layers_in_block(case.arguments) + 1):
            path = f"block{block}.layer{layer}"
            y = norm_conv(x, f"{path}.reduce") if case.arguments["bottleneck"] else x
            y = norm_conv(y, f"{path}.grow")
            x = np.concatenate((x, y), axis=-1) if case.arguments["connected"] else y
        if block != BLOCKS[-1]:
            x = average_pool(norm_conv(x, f"transition{block}"), (2, 2))
    x = global_average_pool(norm_relu(x, "bn"))
    return apply_dense(x, weights["fc.kernel"], weights["fc.bias"]), kept


def layers_in_block(arguments: Mapping[str, Any]) -> int:
    """Of the net's convolutions, 4 less the dense layer are outside the blocks; a layer has one or two."""
    return (arguments["depth"] - 4) // (6 if arguments["bottleneck"] else 3)


def net_parameters(arguments: Mapping[str, Any]) -> Parameters:
    """Everything such a net holds; no convolution has a bias."""

    def norm_conv(path: str, kernel_size: int, inputs: int, outputs: int) -> Parameters:
        kernel = conv2d(f"{path}.conv", (kernel_size, kernel_size), inputs, outputs, bias=False)
        return batch_norm(f"{path}.bn", inputs) | kernel

    growth_rate, bottleneck, compression = (
        arguments[n] for n in ("growth_rate", "bottleneck", "compression")
    )
    channels = 2 * growth_rate if bottleneck and compression < 1 else 16
    found = conv2d("conv", (3, 3), 3, channels, bias=False)
    for block in BLOCKS:
        for layer in range(1, layers_in_block(arguments) + 1):
            path, inputs = f"block{block}.layer{layer}", channels
            if bottleneck:
                found |= norm_conv(f"{path}.reduce", 1, inputs, 4 * growth_rate)
                inputs = 4 * growth_rate
            found |= norm_conv(f"{path}.grow", 3, inputs, growth_rate)
            channels = channels + growth_rate if arguments["connected"] else growth_rate
        if block != BLOCKS[-1]:
            outputs = int(compression * channels)
            found |= norm_conv(f"transition{block}", 1, channels, outputs)
            channels = outputs
    return found | batch_norm("bn", channels) | dense("fc", channels, 10)


def net_arguments(
    depth: int, growth_rate: int, bottleneck: bool = False, compression: float = 1.0, connected: bool = True
) -> dict[str, int | float | bool]:
    """Constructor arguments."""
    return {
        "depth": depth,
        "growth_rate": growth_rate,
        "bottleneck": bottleneck,
        "compression": compression,
        "connected": connected,
    }


def net_case(
    name: str,
    expected_count: int,
    arguments: Mapping[str, Any],
    size: tuple[int, int] | None = None,
    trains: bool = True,
) -> Case:
    """One of the nets, at CIFAR's size only to be counted, or small for the numpy oracle."""
    height, width = size or (32, 32)
    return Case(
        name=name,
        build="DenseNet",
        arguments=arguments,
        in_arguments={"in_channels": 3},
        input_shape=(3, height, width, 3),
        parameters=net_parameters(arguments),
        expected_count=expected_count,
        loss="cross_entropy",
        refused_shapes=((2, height, width, 4), (2, 3, height, width), (2, height, width), (2, 3, width, 3)),
        counted_only=size is None,
        trains=trains and arguments["connected"],  # nothing else in it is of its own
        optimizer=SGD(learning_rate=0.003, momentum=0.9),
    )


# The nets of the paper: parameters in millions as its Table 2 has them, how many they are exactly,
# and constructor arguments. Those that are built in a second are cases; a test counts the others.
PUBLISHED = {
    "k12_l40": (1.0, 1_019_722, net_arguments(40, 12)),
    "k12_l100": (7.0, 6_979_642, net_arguments(100, 12)),
    "k24_l100": (27.2, 27_249_082, net_arguments(100, 24)),
    "bc_k12_l100": (0.8, 769_162, net_arguments(100, 12, True, 0.5)),
    "bc_k24_l250": (15.3, 15_324_406, net_arguments(250, 24, True, 0.5)),
    "bc_k40_l190": (25.6, 25_624_430, net_arguments(190, 40, True, 0.5)),
}

TECHNIQUE = Technique(
    name="densenet",
    title="DenseNet and DenseNet-BC: every layer of a block is given all feature maps before it",
    article="002",
    source="Article 002; G. Huang et al., Densely Connected Convolutional Networks, arXiv 1608.06993",
    formula="x_l = H_l([x_0, ..., x_(l-1)]) within a block, [] in this order along the channels; "
    "H = BN, ReLU, conv 3x3 to k channels, with a bottleneck BN, ReLU, conv 1x1 to 4 k before; between "
    "blocks BN, ReLU, conv 1x1 to floor(theta m) of m channels, average pool 2x2",
    errata=(
        "'The feature-maps of all preceding layers ... inputs into all subsequent layers': within a dense "
        "block only. Between two blocks there is one transition, which all that came before passes.",
        "'Substantially reduce the number of parameters': relative to ResNets of equal accuracy. DenseNets "
        "are not small as such: k = 24, L = 100 has 27.2 million. Nor is it said of operations or memory.",
        "The text is the abstract's, hyphenation included ('connec- tivity').",
    ),
    cases=(
        *(net_case(name, *PUBLISHED[name][1:]) for name in ("k12_l40", "bc_k12_l100")),
        net_case("bc_k8_l22", 32_606, net_arguments(22, 8, True, 0.5)),
        # The same depth without connections, and as wide as brings it to as many parameters.
        net_case("plain_k14_l22", 33_570, net_arguments(22, 14, connected=False)),
        net_case("small", 6_307, net_arguments(10, 3), (8, 12)),
        net_case("small_bc", 3_969, net_arguments(10, 5, True, 0.5), (10, 14)),
        # A bottleneck or compression alone: the first convolution's width is another for both together.
        # How they train is seen above.
        net_case("small_b", 9_090, net_arguments(16, 4, True), (9, 13), trains=False),
        net_case("small_c", 2_906, net_arguments(7, 5, False, 0.6), (9, 13), trains=False),
        net_case("small_plain", 1_794, net_arguments(7, 5, connected=False), (8, 12)),
    ),
    oracle=oracle,
)
