"""The small nets for CIFAR-10 of article 004: a baseline, and variants of it."""

from collections.abc import Mapping
from math import prod

import numpy as np

from crosscheck.layouts import Weights
from crosscheck.optimizers import SGD
from crosscheck.parameters import Parameters, batch_norm, conv2d, dense, prelu
from crosscheck.reference import activations
from crosscheck.reference.convolution import conv2d as convolve
from crosscheck.reference.convolution import same_padding
from crosscheck.reference.dense import dense as apply_dense
from crosscheck.reference.dense import flatten_channels_first
from crosscheck.reference.normalization import batch_norm_layer
from crosscheck.reference.pooling import max_pool
from crosscheck.technique import Case, Technique

RESIDUAL = ("residual", "no_shortcut")


def oracle(
    case: Case, weights: Mapping[str, np.ndarray], x: np.ndarray, training: bool
) -> tuple[np.ndarray, Weights]:
    """The whole net, block by block."""
    kept: Weights = {}

    def conv(x: np.ndarray, path: str) -> np.ndarray:
        kernel = weights[f"{path}.kernel"]
        padding = same_padding(x.shape[1:3], kernel.shape[:2])
        return convolve(x, kernel, weights[f"{path}.bias"], padding=padding)

    def norm(x: np.ndarray, path: str) -> np.ndarray:
        y, statistics = batch_norm_layer(x, weights, path, training)
        kept.update(statistics)
        return y

    def act(x: np.ndarray, path: str) -> np.ndarray:
        alpha = weights.get(f"{path}.alpha")
        return activations.relu(x) if alpha is None else activations.prelu(x, alpha)

    style = case.arguments["block"]
    for block in ("block1", "block2", "block3"):
        if style in RESIDUAL:
            y = activations.relu(norm(conv(x, f"{block}.conv1"), f"{block}.bn1"))
            y = norm(conv(y, f"{block}.conv2"), f"{block}.bn2")
            x = activations.relu(y + conv(x, f"{block}.shortcut") if style == "residual" else y)
        else:
            x = conv(x, f"{block}.conv")
            x = norm(x, f"{block}.bn") if style == "bn_before" else x
            x = act(x, f"{block}.act")
            x = norm(x, f"{block}.bn") if style == "bn_after" else x
        x = max_pool(x, (2, 2))
    x = flatten_channels_first(x)
    depth = len(case.arguments["hidden"])
    for number in range(1, depth + 1):
        x = apply_dense(x, weights[f"fc{number}.kernel"], weights[f"fc{number}.bias"])
        x = act(x, f"act{number}")
    last = f"fc{depth + 1}"
    return apply_dense(x, weights[f"{last}.kernel"], weights[f"{last}.bias"]), kept


def net_parameters(
    size: tuple[int, int], channels: tuple[int, ...], hidden: tuple[int, ...], block: str, activation: str
) -> Parameters:
    """Everything such a net holds."""
    found: Parameters = {}
    shape = (*size, 3)
    for number, outputs in enumerate(channels, start=1):
        path, inputs = f"block{number}", shape[-1]
        shape = (*shape[:2], outputs)
        if block in RESIDUAL:
            found |= conv2d(f"{path}.conv1", (3, 3), inputs, outputs) | batch_norm(f"{path}.bn1", outputs)
            found |= conv2d(f"{path}.conv2", (3, 3), outputs, outputs) | batch_norm(f"{path}.bn2", outputs)
            found |= conv2d(f"{path}.shortcut", (1, 1), inputs, outputs) if block == "residual" else {}
        else:
            found |= conv2d(f"{path}.conv", (3, 3), inputs, outputs)
            found |= batch_norm(f"{path}.bn", outputs) if block != "plain" else {}
            found |= slopes(f"{path}.act", shape, activation)
        shape = (shape[0] // 2, shape[1] // 2, outputs)
    features = prod(shape)
    for number, units in enumerate((*hidden, 10), start=1):
        found |= dense(f"fc{number}", features, units)
        features = units
        if number <= len(hidden):
            found |= slopes(f"act{number}", (units,), activation)
    return found


def slopes(path: str, shape: tuple[int, ...], activation: str) -> Parameters:
    """The slopes of a PReLU behind something of this shape; none behind a ReLU."""
    ones = (1,) * (len(shape) - 1)
    match activation:
        case "prelu_channel":
            return prelu(path, (*ones, shape[-1]))
        case "prelu_layer":
            return prelu(path, (*ones, 1))
        case "prelu_element":
            return prelu(path, shape)
    return {}


def net_case(
    name: str,
    expected_count: int,
    block: str = "plain",
    hidden: tuple[int, ...] = (64,),
    activation: str = "relu",
    small: bool = False,
) -> Case:
    """One of the nets; the small ones have few channels and are not square, for the numpy oracle."""
    size, channels = ((16, 24), (5, 6, 7)) if small else ((32, 32), (32, 64, 64))
    parameters = net_parameters(size, channels, hidden, block, activation)
    before_norm = ("conv.bias",) if block == "bn_before" else ("conv1.bias", "conv2.bias")
    return Case(
        name=name,
        build="cifar_cnn:CifarNet",
        arguments={"channels": channels, "hidden": hidden, "block": block, "activation": activation},
        in_arguments={"in_size": size},
        input_shape=(3, *size, 3),
        parameters=parameters,
        expected_count=expected_count,
        loss="cross_entropy",
        refused_shapes=((2, size[0] + 8, size[1], 3), (2, *size, 1), (2, 3, *size), (2, *size)),
        counted_only=not small,
        trains=block != "no_shortcut",  # what trains is the residual block's
        optimizer=SGD(learning_rate=0.003, momentum=0.9),
        no_gradient=tuple(name for name in parameters if name.endswith(before_norm)),
    )


TECHNIQUE = Technique(
    name="cifar_cnn",
    title="Small nets for CIFAR-10: wider, deeper, batch norm before or after ReLU, residual",
    article="004",
    source="Article 004: S. Pal, tricks to improve a CNN for CIFAR-10 (tricks02_cifar10.ipynb)",
    formula="3 x [conv 3x3, (batch norm,) ReLU, (batch norm,) max pool 2x2], flatten, dense, ReLU, dense 10; "
    "residual: relu(bn(conv(relu(bn(conv(x))))) + conv1x1(x)) instead of conv and ReLU",
    errata=(
        "The published text has been rewritten word by word ('14 share factors', 'coaching'); quotations "
        "here are set back to the field's terms.",
        "'CIFAR-10 incorporates about 1000 (800 training, 200 test) pictures': 60,000, of which 50,000 are "
        "for training and 10,000 for the test.",
        "'Identical to the TensorFlow CNN tutorial': that one pads nothing and has no third pooling. Both "
        "flatten to 1,024 and hence have 122,570 parameters, so that the count cannot tell them apart.",
        "'Outperformed the baseline by around 14 percentage points': 0.8104 - 0.7045 are 10.6 points, or "
        "15 % relative.",
        "'All of the methods outperformed the baseline': batch 128 by 0.2 points, in one run without a seed.",
        "'Gradient clipping serves an identical function as BatchNorm': clipping shortens the gradient of "
        "the weights, batch norm normalises activations.",
        "'BatchNorm functions as a regularizer': in the article's own figures the gap between training and "
        "test is larger with it (0.112 and 0.176 against 0.066). It speeds up the optimisation.",
        "'Residual': the block also doubles the convolutions and has six batch norms, and its shortcut is "
        "a 1x1 convolution and not the identity; the gain cannot be put down to the shortcut.",
        "'Deeper' is also 8 times wider than the baseline, and worse than 'wider'.",
        "'Predict softmax probabilities': log-probabilities, which then pass a second log-softmax in the "
        "loss; that changes nothing.",
        "The published accuracies are of one run each, without a seed; only the residual net is apart. In "
        "earlier versions of the notebook, whose nets differ by 110 parameters, the others change places.",
    ),
    cases=(
        net_case("baseline", 122_570),
        net_case("wider", 586_250, hidden=(512,)),
        net_case("deeper", 715_018, hidden=(512, 256)),
        net_case("bn_before", 122_890, "bn_before"),
        net_case("bn_after", 122_890, "bn_after"),
        net_case("residual", 212_714, "residual"),
        net_case("no_shortcut", 206_314, "no_shortcut"),
        net_case("small", 1_586, hidden=(13, 9), small=True),
        net_case("small_bn_before", 1_536, "bn_before", hidden=(13,), small=True),
        net_case("small_bn_after", 1_536, "bn_after", hidden=(13,), small=True),
        net_case("small_prelu_layer", 1_504, hidden=(13,), activation="prelu_layer", small=True),
        net_case("small_prelu_element", 4_177, hidden=(13,), activation="prelu_element", small=True),
        net_case("small_residual", 2_685, "residual", hidden=(13,), small=True),
        net_case("small_no_shortcut", 2_580, "no_shortcut", hidden=(13,), small=True),
    ),
    oracle=oracle,
)
