"""What a model costs (article 002): multiplications of its layers, counted on the model as it is built.

The paper's formula is for convolutions; here it is carried to whatever multiplies by a kernel.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from crosscheck.cost import MODELS, LayerCost, Stage, listed, stage_names, staged_costs, staged_parameters
from crosscheck.layouts import Weights, count
from crosscheck.reference.activations import relu
from crosscheck.reference.convolution import VALID, Padding
from crosscheck.reference.convolution import conv2d as convolve
from crosscheck.reference.pooling import max_pool
from crosscheck.specs import bn_folding, cifar_cnn, split_linear
from crosscheck.technique import Call, Case, Technique

SMALL = (Stage(3, (5,), stride=2, pool=3), Stage(2, (6, 7, 4), pool=2), Stage(2, (8, 5)))
SMALL_SHAPE = (2, 28, 41, 3)
# Sides above 2, which have zeros before the map, too; the even one by turns.
SIDES = (
    Stage(3, (5, 4), stride=2, pool=2),
    Stage(3, (6, 7), pool=2),
    Stage(5, (4,)),
    Stage(4, (3, 4, 5)),
)
SIDES_SHAPE = (2, 27, 43, 3)


def oracle(
    case: Case, weights: Mapping[str, np.ndarray], x: np.ndarray, training: bool
) -> tuple[np.ndarray, Weights]:
    """Stages of convolutions; even filters see one pixel more after and before by turns."""
    stages = [Stage(*stage) for stage in case.arguments["stages"]]
    for name, stage, index in stage_names(stages):
        strided = stage.stride > 1 and index == 0
        low, high = (stage.side - 1) // 2, stage.side // 2
        pad = (low, high) if index % 2 == 0 else (high, low)
        padding: Padding = VALID if strided else (pad, pad)
        stride = (stage.stride, stage.stride) if strided else (1, 1)
        x = relu(convolve(x, weights[f"{name}.kernel"], weights[f"{name}.bias"], stride, padding))
        if stage.pool and index == len(stage.filters) - 1:
            x = max_pool(x, (stage.pool, stage.pool))
    return x, {}


def staged_case(name: str, stages: tuple[Stage, ...], shape: tuple[int, ...], counted: bool) -> Case:
    """A net of stages."""
    batch, height, width, channels = shape
    parameters = staged_parameters(stages, channels)
    return Case(
        name=name,
        build="StagedNet",
        arguments={"stages": tuple(stage.as_tuple() for stage in stages)},
        in_arguments={"in_channels": channels},
        input_shape=shape,
        parameters=parameters,
        expected_count=count(parameters),
        loss="squared_error",
        refused_shapes=((batch, height, width, channels + 1), (batch, height, width)),
        counted_only=counted,
        trains=False,  # convolutions and pooling: their training is in other cases
    )


def cost_call(technique: str, case: Case, costs: list[LayerCost]) -> Call:
    """The costs of a model, against those that its contract says."""

    def expected(weights: Mapping[str, np.ndarray], x: np.ndarray) -> Mapping[str, Any]:
        return listed(costs)

    def image(generator: np.random.Generator) -> dict[str, np.ndarray]:
        return {"x": generator.normal(size=case.input_shape)}

    return Call(
        name=f"cost_{case.name}",
        function="model_costs",
        inputs=image,
        arguments={},
        oracle=expected,
        refused=({"x": np.zeros((2, 3, 5, 1))},),
        model=(technique, case.name),
        perturbed=False,
    )


def kernel_cost(
    case: Case, places: Mapping[str, tuple[int, ...]], outputs: Mapping[str, tuple[int, ...]]
) -> list[LayerCost]:
    """Costs from a contract: a kernel's every number is multiplied once at each of its places.

    Args:
        case: a model.
        places: of each layer, where its kernel is applied: (height, width), or nothing but once.
        outputs: shape of each layer's output.
    """
    kinds = {"conv2d": "conv", "depthwise_conv2d": "depthwise", "conv2d_transpose": "transposed"}
    found = []
    for path, where in places.items():
        kernel = case.parameters[f"{path}.kernel"]
        bias = case.parameters.get(f"{path}.bias")
        own = int(np.prod(kernel.shape)) + (int(np.prod(bias.shape)) if bias else 0)
        macs = int(np.prod(kernel.shape) * np.prod(where, dtype=int))
        kind = kinds.get(kernel.kind.split(".")[0], "dense")
        found.append(LayerCost(path, kind, outputs[path], macs, own))
    return found


def block_costs() -> dict[str, list[LayerCost]]:
    """Of a residual net of article 004, of the net with a split dense layer, and of the one to be folded."""
    case = cifar_cnn.TECHNIQUE.model("small_residual")
    maps = {"block1": (16, 24), "block2": (8, 12), "block3": (4, 6)}
    layers = ("conv1", "conv2", "shortcut")
    places: dict[str, tuple[int, ...]] = {f"{b}.{c}": maps[b] for b in maps for c in layers}
    outputs = {path: (*where, case.parameters[f"{path}.kernel"].shape[-1]) for path, where in places.items()}
    places |= {"fc1": (), "fc2": ()}
    costs = {"small_residual": kernel_cost(case, places, outputs | {"fc1": (13,), "fc2": (10,)})}
    case = split_linear.TECHNIQUE.model("rectangular")
    costs["rectangular"] = kernel_cost(
        case,
        {"conv1": (20, 24), "conv2": (6, 8), "fc1": (9,), "fc3": ()},
        # The split layer's kernel is applied to each of its 9 parts, which give 7 outputs each.
        {"conv1": (20, 24, 13), "conv2": (6, 8, 18), "fc1": (9, 7), "fc3": (10,)},
    )
    costs["foldable"] = kernel_cost(
        bn_folding.FOLDABLE,
        # A transposed convolution stamps its kernel at every place of its input.
        {"conv": (5, 7), "depthwise": (3, 5), "up": (3, 5), "fc1": (), "fc2": ()},
        {"conv": (5, 7, 6), "depthwise": (3, 5, 12), "up": (7, 10, 5), "fc1": (9,), "fc2": (10,)},
    )
    return costs


def staged_cost_call(name: str, stages: tuple[Stage, ...], shape: tuple[int, ...]) -> Call:
    """The paper's formula for a net of stages."""
    case = staged_case(name, stages, shape, True)
    return cost_call("time_complexity", case, staged_costs(stages, shape[3], (shape[1], shape[2])))


SMALL_COSTS = block_costs()
FULL_SHAPE = (1, 224, 224, 3)

TECHNIQUE = Technique(
    name="time_complexity",
    title="What a model costs: multiplications by layer, and nets of equal cost",
    article="002",
    source="Article 002; K. He, J. Sun, Convolutional Neural Networks at Constrained Time Cost, "
    "arXiv 1412.1710. Model E as printed in arXiv 1502.01852; model J after a published prototxt of a "
    "variant, not checked against the paper",
    formula="sum over the layers of n_(l-1) s_l^2 n_l m_l^2: inputs, side of the filters, filters, side of "
    "the output map; inputs / groups where there are groups, once a place of the input where transposed",
    errata=(
        "The formula itself is missing in the article, which has the legend of it only.",
        "'Computation time doesn't change': it is the number of multiplications that is held. What a clock "
        "says is another matter, see the experiment.",
        "That depth can be increased 'some extent without having time penalty' leaves the extent open: in "
        "the paper accuracy stagnates, or falls, when depth is overdone at equal cost.",
    ),
    cases=(
        staged_case("small", SMALL, SMALL_SHAPE, counted=False),
        staged_case("sides", SIDES, SIDES_SHAPE, counted=False),
        *(staged_case(name, stages, FULL_SHAPE, counted=True) for name, stages in MODELS.items()),
        staged_cost_call("small", SMALL, SMALL_SHAPE),
        *(staged_cost_call(name, stages, FULL_SHAPE) for name, stages in MODELS.items()),
        cost_call("cifar_cnn", cifar_cnn.TECHNIQUE.model("small_residual"), SMALL_COSTS["small_residual"]),
        cost_call("split_linear", split_linear.TECHNIQUE.model("rectangular"), SMALL_COSTS["rectangular"]),
        cost_call("bn_folding", bn_folding.FOLDABLE, SMALL_COSTS["foldable"]),
    ),
    oracle=oracle,
    mirror_exceptions={
        "depthwise_macs": "Keras' depthwise kernel has axes of its own; PyTorch's is that of a convolution."
    },
)
