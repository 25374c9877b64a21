"""Blocks that are all alike, one more or less of them on one side: no other block is torn apart for it."""

from pathlib import Path

import pytest

from crosscheck.ports import inputs
from crosscheck.ports.comparison import Ports
from crosscheck.ports.pairing import PairingError
from crosscheck.ports.report import Report, examine
from crosscheck.sides import Sides

FOLDER = Path(__file__).parent / "ported"
SHAPES = {"residual": "2x3x12x16", "encoder": "2x7x16", "attending": "2x7x10"}


def examined(sides: Sides, net: str, blocks: int) -> Report:
    sources = f"{FOLDER / 'blocks_torch.py'}:{net}", f"{FOLDER / 'blocks_keras.py'}:{net}_{blocks}"
    return examine(Ports(sides, *sources, inputs.read((SHAPES[net],))))


def named(report: Report) -> list[str]:
    return [name for finding in report.findings for name in finding.identifiers]


@pytest.mark.parametrize("net", ["residual", "encoder"])
def test_as_many_blocks_are_equal(net: str, sides: Sides) -> None:
    assert examined(sides, net, 3).equal


@pytest.mark.parametrize(("net", "last"), [("residual", "3."), ("encoder", "encoder.layers.2.")])
def test_a_block_too_few_is_missing_at_its_place(net: str, last: str, sides: Sides) -> None:
    report = examined(sides, net, 2)
    assert named(report) == ["layer.missing"]
    paired = [pair.torch.path for pair in report.comparison.pairs]
    assert not [path for path in paired if path.startswith(last)]
    order = [pair.keras.number for pair in report.comparison.pairs]
    assert net == "encoder" or order == sorted(order)


def test_a_block_too_many_is_no_other_mistake(sides: Sides) -> None:
    report = examined(sides, "residual", 4)
    assert not report.equal
    assert named(report) in ([], ["layer.extra"])
    assert "conv2d_7" in str(report.findings[0])


def test_heads_as_wide_as_all_of_them_are_said_to_be_so(sides: Sides) -> None:
    with pytest.raises(
        PairingError, match=r"key_dim is the size of one head, not of all \(attention.heads\)"
    ):
        examined(sides, "attending", 10)
