"""Normalisations by hand: PyTorch's variance divides by n - 1, Keras' by n, and `compare` says so."""

from pathlib import Path

import numpy as np
import pytest

from crosscheck.ports import inputs
from crosscheck.ports.judgement import Judgement, Question, judge
from crosscheck.ports.parting import Parting
from crosscheck.ports.program import Node
from crosscheck.ports.relations import corrected
from crosscheck.sides import Sides

FOLDER = Path(__file__).parent / "ported"
TORCH, KERAS = FOLDER / "variance_torch.py", FOLDER / "variance_keras.py"


def compared(sides: Sides, name: str, port: str, *shapes: str) -> Judgement:
    return judge(sides, Question(f"{TORCH}:{name}", f"{KERAS}:{port}", inputs.read(shapes)))


@pytest.mark.parametrize(
    ("name", "port"),
    [
        ("deviation", "std"),
        ("variance", "var"),
        ("variance", "squares"),
        ("variance", "moments"),
        ("both", "var"),
    ],
)
def test_a_variance_of_n_in_one_framework_only(name: str, port: str, sides: Sides) -> None:
    found = compared(sides, name, port, "3x5").report.findings
    assert [finding.identifiers for finding in found] == [("norm.variance",)]
    assert "keras divides by n, torch by n - 1, of n = 6 values" in str(found[0])


@pytest.mark.parametrize(("name", "port"), [("deviation", "std__right"), ("both", "var__right")])
def test_a_corrected_one_is_right(name: str, port: str, sides: Sides) -> None:
    assert compared(sides, name, port, "3x5").equal


def test_an_adaptive_instance_norm(sides: Sides) -> None:
    found = compared(sides, "AdaptiveNorm", "adaptive", "2x3x8x9", "2x4").report.findings
    assert [finding.identifiers for finding in found] == [("norm.variance",)]


@pytest.mark.parametrize(
    ("kind", "ratio", "said"),
    [
        ("var", 5 / 6, "keras divides by n, torch by n - 1, of n = 6 values"),
        ("var", 6 / 5, "keras divides by n - 1, torch by n, of n = 6 values"),
        ("std", (63 / 64) ** 0.5, "keras divides by n, torch by n - 1, of n = 64 values"),
        ("std", 1.0, None),
        ("std", 0.3, None),
        ("var", 0.4, None),  # would be 1.67 values
        ("multiply", 5 / 6, None),  # a constant, not a variance
    ],
)
def test_the_number_of_values_is_told_from_the_ratio(kind: str, ratio: float, said: str | None) -> None:
    torch = np.random.default_rng(0).uniform(0.5, 2, (3, 7))
    steps = tuple([Node(2, "", kind, {}, {}, (1,), (2,), 2)] for _ in range(2))
    told = corrected(Parting(torch, ratio * torch, [], steps, False))  # type: ignore[arg-type]
    assert told == (said and ("norm.variance", said))
    assert corrected(Parting(torch, ratio * torch[::-1], [], steps, False)) is None  # type: ignore[arg-type]
