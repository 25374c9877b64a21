"""PReLU of a user's over series and volumes: slopes have other axes on either side."""

from pathlib import Path

import pytest

from crosscheck.ports import inputs
from crosscheck.ports.comparison import Ports
from crosscheck.ports.report import examine
from crosscheck.sides import Sides

FOLDER = Path(__file__).parent / "ported"


@pytest.mark.parametrize(
    ("torch", "keras", "given", "named"),
    [
        ("series", "series", "3x5x11", []),
        ("series_of_one", "series_of_one", "3x5x11", []),
        ("volumes", "volumes", "3x2x4x5x6", []),
        ("series", "series_of_elements", "3x5x11", ["prelu.sharing"]),
    ],
)
def test_slopes(torch: str, keras: str, given: str, named: list[str], sides: Sides) -> None:
    sources = f"{FOLDER / 'slopes_torch.py'}:{torch}", f"{FOLDER / 'slopes_keras.py'}:{keras}"
    report = examine(Ports(sides, *sources, inputs.read((given,))))
    assert [name for finding in report.findings for name in finding.identifiers] == named
    assert report.equal == (not named)
