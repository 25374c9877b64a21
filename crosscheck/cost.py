"""What a model costs, layer by layer; and the layouts of a paper whose cost is fixed (arXiv 1412.1710).

Only what the project could check is here. Model E is printed in arXiv 1502.01852, table 1. Model J is
after the published prototxt of a variant of it and was not checked against the paper. The paper's
other models are left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from crosscheck.parameters import Parameters, conv2d


@dataclass(frozen=True)
class LayerCost:
    """One layer.

    Attributes:
        name: its path, such as "block1.conv".
        kind: "conv", "depthwise", "transposed" or "dense".
        output: its shape without the batch, channels last.
        macs: multiplications, each with an addition, for one image.
        parameters: trainable ones of its own.
    """

    name: str
    kind: str
    output: tuple[int, ...]
    macs: int
    parameters: int


def listed(costs: Sequence[LayerCost]) -> dict[str, Any]:
    """Costs as a function of a technique returns them."""
    return {
        "names": ", ".join(cost.name for cost in costs),
        "kinds": ", ".join(cost.kind for cost in costs),
        "outputs": ", ".join("x".join(map(str, cost.output)) for cost in costs),
        "macs": [cost.macs for cost in costs],
        "parameters": [cost.parameters for cost in costs],
        "total": sum(cost.macs for cost in costs),
    }


@dataclass(frozen=True)
class Stage:
    """Convolutions on one size of map.

    Attributes:
        side: of their filters.
        filters: of each of them.
        stride: of the first; with stride 1 all of them hold the map's size.
        pool: side and stride of the max pooling behind them; 0 if there is none.
    """

    side: int
    filters: tuple[int, ...]
    stride: int = 1
    pool: int = 0

    def as_tuple(self) -> tuple[int, tuple[int, ...], int, int]:
        """As the nets' constructors take it."""
        return self.side, self.filters, self.stride, self.pool


FIRST = Stage(7, (64,), stride=2, pool=3)
SECOND = Stage(2, (128,) * 4, pool=2)
MODELS = {
    "model_e": (FIRST, SECOND, Stage(2, (256,) * 6)),
    "model_j": (FIRST, SECOND, Stage(2, (256,) * 4, pool=3), Stage(2, (2_304, 256))),
}


def stage_names(stages: Sequence[Stage]) -> list[tuple[str, Stage, int]]:
    """Every convolution: its name, its stage, and which of the stage it is."""
    return [
        (f"conv{number}_{index + 1}", stage, index)
        for number, stage in enumerate(stages, start=1)
        for index in range(len(stage.filters))
    ]


def staged_parameters(stages: Sequence[Stage], inputs: int) -> Parameters:
    """What such a net holds."""
    found: Parameters = {}
    for name, stage, index in stage_names(stages):
        outputs = stage.filters[index]
        found |= conv2d(name, (stage.side, stage.side), inputs, outputs)
        inputs = outputs
    return found


def staged_costs(stages: Sequence[Stage], inputs: int, size: tuple[int, int]) -> list[LayerCost]:
    """The paper's formula: sum over the layers of inputs x side^2 x filters x size of the output map."""
    found = []
    for name, stage, index in stage_names(stages):
        outputs = stage.filters[index]
        if stage.stride > 1 and index == 0:
            size = ((size[0] - stage.side) // stage.stride + 1, (size[1] - stage.side) // stage.stride + 1)
        kernel = inputs * stage.side**2 * outputs
        macs = kernel * size[0] * size[1]
        found.append(LayerCost(name, "conv", (*size, outputs), macs, kernel + outputs))
        inputs = outputs
        if stage.pool and index == len(stage.filters) - 1:
            size = (size[0] // stage.pool, size[1] // stage.pool)
    return found
