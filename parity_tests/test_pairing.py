"""Which layer is which where names and shapes do not say it: the flow of data, attributes, trying both."""

from pathlib import Path

import pytest

from crosscheck.ports import inputs
from crosscheck.ports.comparison import Ports
from crosscheck.ports.pairing import PairingError
from crosscheck.ports.report import examine
from crosscheck.sides import Sides

MODELS = Path(__file__).parent / "ported"
TORCH, KERAS = (f"{MODELS / name}.py" for name in ("pairing_torch", "pairing_keras"))


def opened(sides: Sides, torch: str, keras: str, *what: str, given: dict[str, str] | None = None) -> Ports:
    return Ports(sides, f"{TORCH}:{torch}", f"{KERAS}:{keras}", inputs.read(what), 0, given)


def pairs(ports: Ports) -> dict[str, str]:
    return {pair.torch.path: pair.keras.path for pair in ports.pairs}


RIGHT = {
    "gated": ("3x6",),
    "highway": ("3x6",),
    "experts": ("3x6",),
    "crossed": ("3x6",),
    "cells": ("3x5x4",),
    "lstm_cells": ("3x5x4",),
    "bilinear": ("3x4", "3x5"),
    "weight_norm": ("3x5",),
    "additive": ("3x5x4", "3x7x4"),
    "grouped": ("3x5x12",),
    "one_hot": ("3x5:int64:0..8",),
    "bags": ("3x5:int64:0..8",),
    "own_norms": ("3x6",),
    "masked": ("3x5:int64:0..4",),
    "branches": ("3x6",),
    "scaled": ("3x6",),
    "tied": ("3x5:int64:0..8",),
}


@pytest.mark.parametrize("net", RIGHT)
def test_a_right_port_is_equal(net: str, sides: Sides) -> None:
    report = examine(opened(sides, net, net, *RIGHT[net]))
    assert report.equal, report.lines()


def test_layers_are_called_as_the_attributes_that_hold_them(sides: Sides) -> None:
    ports = opened(sides, "gated", "gated", "3x6")
    assert pairs(ports) == {
        "blocks.0.w1": "blocks.0.gate_proj",
        "blocks.0.w3": "blocks.0.up_proj",
        "blocks.1.w1": "blocks.1.gate_proj",
        "blocks.1.w3": "blocks.1.up_proj",
        "blocks.0.w2": "blocks.0.down_proj",
        "blocks.1.w2": "blocks.1.down_proj",
    }


@pytest.mark.parametrize("name", ["gate", "dense"])
def test_a_map_may_give_either_name(name: str, sides: Sides) -> None:
    ports = opened(sides, "highway", "highway", "3x6", given={"transform": name})
    assert pairs(ports)["transform"] == "gate"


def test_what_no_way_to_pair_makes_equal_stays_in_doubt(sides: Sides) -> None:
    with pytest.raises(PairingError, match="no way to pair them makes the models equal"):
        opened(sides, "experts", "experts_squared", "3x6")


def test_names_decide_where_a_mistake_leaves_layers_alike(sides: Sides) -> None:
    ports = opened(sides, "highway", "highway_alike", "3x6")
    assert pairs(ports)["gate"] == "gate"
    assert not examine(ports).equal


@pytest.mark.parametrize("port", ["tables_shared", "dense_shared"])
def test_one_layer_for_two_is_sharing(port: str, sides: Sides) -> None:
    net = port.partition("_")[0]
    report = examine(opened(sides, net, port, "3x5:int64:0..8" if net == "tables" else "3x6"))
    assert "sharing.parameters" in {name for finding in report.findings for name in finding.identifiers}


def test_rows_are_reordered_behind_maps_alone(sides: Sides) -> None:
    report = examine(opened(sides, "fields", "fields_turned", "3x5:int64:0..8"))
    assert not report.equal
    assert examine(opened(sides, "fields", "fields", "3x5:int64:0..8")).equal


def test_dropout_inside_attention_is_seen(sides: Sides) -> None:
    report = examine(opened(sides, "attention", "attention_keeps", "3x5x12"))
    assert [name for finding in report.findings for name in finding.identifiers] == ["dropout.rate"]
