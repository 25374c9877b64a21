"""Gradients that are stopped on both sides, and not at the same place: no output shows it."""

from pathlib import Path

import pytest

from crosscheck.ports import inputs
from crosscheck.ports.comparison import Ports
from crosscheck.ports.report import examine
from crosscheck.sides import Sides

FOLDER = Path(__file__).parent / "ported"


@pytest.mark.parametrize(
    ("torch", "keras", "named"),
    [
        ("commitment", "commitment", []),
        ("twice", "twice", []),
        ("commitment", "other_commitment", ["gradient.stopped"]),
        ("twice", "thrice", ["gradient.stopped"]),
    ],
)
def test_gradients_between_layers(torch: str, keras: str, named: list[str], sides: Sides) -> None:
    sources = f"{FOLDER / 'stopped_torch.py'}:{torch}", f"{FOLDER / 'stopped_keras.py'}:{keras}"
    report = examine(Ports(sides, *sources, inputs.read(("6x5",))))
    assert report.comparison.equal
    assert report.trained
    assert [name for finding in report.findings for name in finding.identifiers] == named
