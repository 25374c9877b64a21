"""What is dropped at random in training is compared, though it is off while all else is."""

from pathlib import Path

import pytest

from crosscheck.ports.inputs import read
from crosscheck.ports.judgement import Question, judge
from crosscheck.sides import Sides

FOLDER = Path(__file__).parent / "ported"


def causes(sides: Sides, torch: str, keras: str, what: str) -> list[str]:
    sources = (
        f"{FOLDER / f'dropping_{side}.py'}:{name}" for side, name in (("torch", torch), ("keras", keras))
    )
    report = judge(sides, Question(*sources, read((what,)))).report
    assert report.trained
    return [name for finding in report.findings for name in finding.identifiers]


@pytest.mark.parametrize(
    ("torch", "keras", "what", "named"),
    [
        ("elements", "elements", "4x5", []),
        ("called", "elements", "4x5", []),
        ("elements", "halves", "4x5", []),
        ("nothing", "nothing", "4x5", []),
        ("elements", "nothing", "4x5", ["dropout.missing"]),
        ("called", "nothing", "4x5", ["dropout.missing"]),
        ("nothing", "elements", "4x5", ["dropout.extra"]),
        ("zero", "nothing", "4x5", []),
        ("nothing", "no_noise", "4x5", []),
        ("zero", "elements", "4x5", ["dropout.rate"]),
        ("elements", "noise", "4x5", ["dropout.kind"]),
        ("elements", "less", "4x5", ["dropout.rate"]),
        ("maps", "maps", "2x3x8x9", []),
        ("maps", "pixels", "2x3x8x9", ["dropout.kind"]),
        ("attending", "attending", "2x7x8", []),
        ("attending", "attending_to_all", "2x7x8", ["dropout.missing"]),
        ("stacked", "stacked", "2x7x5", []),
        ("stacked", "stacked_inside", "2x7x5", ["recurrent.dropout"]),
    ],
)
def test_what_is_dropped_is_compared(
    torch: str, keras: str, what: str, named: list[str], sides: Sides
) -> None:
    assert causes(sides, torch, keras, what) == named
