"""Names decide where pairing the layers otherwise would make models equal that are not."""

from pathlib import Path

from crosscheck.ports import inputs
from crosscheck.ports.comparison import Ports
from crosscheck.ports.report import examine
from crosscheck.sides import Sides

FOLDER = Path(__file__).parent / "ported"


def compared(sides: Sides, port: str) -> list[str]:
    ports = Ports(
        sides,
        f"{FOLDER / 'named_torch.py'}:build",
        f"{FOLDER / 'named_keras.py'}:{port}",
        inputs.read(("2x5x8",)),
    )
    report = examine(ports)
    assert {pair.torch.path: pair.keras.path for pair in report.comparison.pairs} == {
        "q_proj": "query", "k_proj": "key", "v_proj": "value", "out": "output_dense",
    }  # fmt: skip
    return [identifier for finding in report.findings for identifier in finding.identifiers]


def test_a_right_port_is_equal(sides: Sides) -> None:
    assert compared(sides, "right") == []


def test_queries_and_keys_that_are_exchanged_are_not_paired_crosswise(sides: Sides) -> None:
    assert compared(sides, "exchanged") == ["glue.order"]
