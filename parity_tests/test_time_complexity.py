"""Published costs, counted on published nets; and the planner of nets of equal cost."""

from typing import Any

import pytest

from crosscheck.cost import MODELS, staged_costs
from crosscheck.errors import CallError
from crosscheck.planner import Block, alternatives
from crosscheck.sides import Sides

# Kernels (4, 5), (2, 4, 5), (3, 3, 6, 4) and (3, 3, 4, 2) on inputs (2, 3, 4) and (2, 5, 7, 4).
COUNTED = {
    "torch_addmm": ("dense", "5", [4 * 5]),
    "torch_baddbmm": ("dense", "3x5", [3 * 4 * 5]),
    "keras_conv_transpose": ("transposed", "11x15x6", [5 * 7 * 3 * 3 * 4 * 6]),
    "keras_depthwise_conv": ("depthwise", "3x5x8", [3 * 5 * 3 * 3 * 4 * 2]),
}
UNKNOWN = {
    "torch": "addmv bilinear chain dot gru_cell inner lstm_cell rnn_cell tensordot",
    "keras": "dot dot_layer dot_product_attention inner lstm_cell separable_conv tensordot vdot",
}


def test_models_of_the_paper_cost_the_same() -> None:
    maps = {"model_e": {109, 36, 18}, "model_j": {109, 36, 18, 6}}
    for name, stages in MODELS.items():
        costs = staged_costs(stages, 3, (224, 224))
        assert sum(cost.macs for cost in costs) == 876_188_352
        assert len(costs) == 11
        assert {cost.output[0] for cost in costs} == maps[name]


def test_published_costs_are_found_on_published_nets(sides: Sides) -> None:
    torch, keras = sides.both("published:published_costs", "MobileNetV2", 224)
    # torchvision says 0.301 and 4.089 billion of its own nets (`weights.meta["_ops"]`).
    assert sum(cost.macs for cost in torch) == sum(cost.macs for cost in keras) == 300_774_272
    assert [cost.macs for cost in torch] == [cost.macs for cost in keras]
    resnet = sides.torch.call("torch_impl.published:published_costs", "ResNet50", 224)
    assert sum(cost.macs for cost in resnet) / 1e9 == pytest.approx(4.089, abs=5e-4)


def test_the_planner_keeps_the_cost() -> None:
    block = Block(inputs=64, side=3, width=128, size=36, layers=3)
    assert block.cost == 36**2 * 9 * (64 * 128 + 2 * 128 * 128)
    found = alternatives(block, 0.02)
    assert all(abs(other.cost / block.cost - 1) <= 0.02 for other in found)
    depths = {other.layers for other in found}
    assert min(depths) < block.layers < max(depths)
    kept = {(other.layers, other.side): other for other in found}
    assert kept[(3, 2)].width > block.width  # for smaller filters
    assert kept[(6, 3)].width < block.width  # for more layers
    assert block not in found


def test_filters_of_three_cost_half_the_depth_that_filters_of_two_leave() -> None:
    stage = Block(inputs=64, side=2, width=128, size=36, layers=4)  # the second stage of model E
    blocks = {(block.layers, block.side): block for block in alternatives(stage, 0.05)}
    assert blocks[(2, 3)].width == 131


def test_the_planner_refuses_what_costs_nothing() -> None:
    for block, tolerance in ((Block(0, 3, 8, 8, 1), 0.1), (Block(3, 3, 8, 8, 1), -0.1)):
        with pytest.raises(ValueError, match="not a block"):
            alternatives(block, tolerance)


def torch_costs(name: str) -> dict[str, Any]:
    """In PyTorch's process: the costs of a net that does one thing."""
    import torch
    from torch import nn

    from torch_impl.techniques.time_complexity import model_costs

    class Net(nn.Module):
        def __init__(self, of: Any = None) -> None:
            super().__init__()
            self.of = of

        def forward(self, x: Any) -> Any:
            return calls[name](x, self.of)

    rows, maps = torch.rand(2, 4), torch.rand(2, 3, 4)
    kernel, bias = torch.rand(4, 5), torch.rand(5)
    calls = {
        "addmm": lambda x, _: torch.addmm(bias, x, kernel),
        "addmv": lambda x, _: torch.addmv(torch.rand(2), x, torch.rand(4)),
        "baddbmm": lambda x, _: torch.baddbmm(bias, x, torch.rand(2, 4, 5)),
        "bilinear": lambda x, of: of(x, x),
        "chain": lambda x, _: torch.linalg.multi_dot([x, kernel, kernel.T]),
        "dot": lambda x, _: x[0].dot(x[1]),
        "inner": lambda x, _: torch.inner(x, kernel.T),
        "tensordot": lambda x, _: torch.tensordot(x, kernel, dims=1),
    }
    calls |= dict.fromkeys(("gru_cell", "lstm_cell", "rnn_cell"), lambda x, of: of(x))
    parts = {"bilinear": lambda: nn.Bilinear(4, 4, 3), "gru_cell": lambda: nn.GRUCell(4, 3)}
    parts |= {"lstm_cell": lambda: nn.LSTMCell(4, 3), "rnn_cell": lambda: nn.RNNCell(4, 3)}
    return model_costs(Net(parts[name]() if name in parts else None), maps if name == "baddbmm" else rows)


def keras_costs(name: str) -> dict[str, Any]:
    """In Keras' process: the costs of a net that does one thing."""
    import keras
    from keras import layers, ops

    from keras_impl.techniques.time_complexity import model_costs

    part = {"dot_layer": lambda: layers.Dot(1), "lstm_cell": lambda: layers.LSTMCell(3)}.get(
        name, lambda: None
    )()
    calls = {
        "conv_transpose": lambda x: ops.conv_transpose(x, ops.ones((3, 3, 6, 4)), 2),
        "depthwise_conv": lambda x: ops.depthwise_conv(x, ops.ones((3, 3, 4, 2))),
        "dot": lambda x: ops.dot(x, ops.ones((4, 5))),
        "dot_layer": lambda x: part([x, x]),
        "dot_product_attention": lambda x: ops.dot_product_attention(x, x, x),
        "inner": lambda x: ops.inner(x, ops.ones((5, 4))),
        "lstm_cell": lambda x: part(x, [ops.ones((2, 3))] * 2)[0],
        "separable_conv": lambda x: ops.separable_conv(x, ops.ones((3, 3, 4, 2)), ops.ones((1, 1, 8, 5))),
        "tensordot": lambda x: ops.tensordot(x, ops.ones((4, 5)), 1),
        "vdot": lambda x: ops.vdot(x, x),
    }

    class Net(keras.Model):
        def call(self, x: Any) -> Any:
            return calls[name](x)

    net, small = Net(), name in ("dot", "dot_layer", "inner", "lstm_cell", "tensordot", "vdot")
    net.built = True
    return model_costs(net, keras.KerasTensor((2, 4) if small else (2, 5, 7, 4), "float32"))


@pytest.mark.parametrize("name", COUNTED)
def test_products_in_functions_are_counted(name: str, sides: Sides) -> None:
    side, _, operation = name.partition("_")
    found = getattr(sides, side).call(f"parity_tests.test_time_complexity:{side}_costs", operation)
    assert (found["kinds"], found["outputs"], found["macs"]) == COUNTED[name]


@pytest.mark.parametrize("side", UNKNOWN)
def test_what_cannot_be_counted_is_refused(side: str, sides: Sides) -> None:
    for name in UNKNOWN[side].split():
        with pytest.raises(CallError, match=r"ValueError.*is not known"):
            getattr(sides, side).call(f"parity_tests.test_time_complexity:{side}_costs", name)
