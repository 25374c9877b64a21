"""Published costs, counted on published nets; and the planner of nets of equal cost."""

import pytest

from crosscheck.cost import MODELS, staged_costs
from crosscheck.planner import Block, alternatives
from crosscheck.sides import Sides


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
    assert all(abs(trade.block.cost / block.cost - 1) <= 0.02 for trade in found)
    depths = {trade.block.layers for trade in found}
    assert min(depths) < block.layers < max(depths)
    kept = {(t.block.layers, t.block.side): t for t in found}
    assert kept[(3, 2)].what == "more width for less filter size"
    assert kept[(6, 3)].what == "more depth for less width"
    assert block not in [trade.block for trade in found]


def test_filters_of_three_cost_half_the_depth_that_filters_of_two_leave() -> None:
    stage = Block(inputs=64, side=2, width=128, size=36, layers=4)  # the second stage of model E
    trades = {(t.block.layers, t.block.side): t.block for t in alternatives(stage, 0.05)}
    assert trades[(2, 3)].width == 131


def test_the_planner_refuses_what_costs_nothing() -> None:
    for block, tolerance in ((Block(0, 3, 8, 8, 1), 0.1), (Block(3, 3, 8, 8, 1), -0.1)):
        with pytest.raises(ValueError, match="not a block"):
            alternatives(block, tolerance)
