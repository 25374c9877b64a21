"""A check must be able to fail: what is broken on purpose is caught, and the check names it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from crosscheck import cli
from crosscheck.sides import Sides
from crosscheck.technique import techniques
from crosscheck.verification.rows import failures
from crosscheck.verification.trajectory import Course
from crosscheck.verification.verify import verify

# fault, side, checks that must fail, checks that must still pass (which tells the sides apart)
FAULTS = [
    (
        "transposed_square_kernel",
        "torch",
        {"output/torch-oracle", "output/torch-keras", "gradient/conv1.kernel/torch-keras"},
        {"output/keras-oracle", "parameter_count/torch", "round_trip/torch-keras/memory"},
    ),
    (
        "flattened_channels_last",
        "keras",
        {"output/keras-oracle", "output/torch-keras", "finite_difference/keras", "trajectory/loss"},
        {"output/torch-oracle", "finite_difference/torch", "parameter_count/keras"},
    ),
    ("missing_bias", "torch", {"parameter_count/torch", "output"}, {"parameter_count/keras"}),
    (
        "averaged_gradients",
        "torch",
        {"gradient/fc1.kernel/torch-keras", "finite_difference/torch", "trajectory/fc1.kernel"},
        {"output/torch-oracle", "gradient/fc1.bias/torch-keras", "finite_difference/keras"},
    ),
    (
        "other_momentum",
        "torch",
        {"trajectory/loss", "trajectory/conv1.kernel", "trajectory/fc3.bias"},
        {"output/torch-keras", "gradient/fc1.kernel/torch-keras", "finite_difference/torch"},
    ),
    ("unrounded_momentum", "torch", {"trajectory/loss", "trajectory/fc1.kernel"}, {"output/torch-keras"}),
    ("nan_in_one_output", "torch", {"output/torch-oracle", "output/torch-keras"}, {"output/keras-oracle"}),
    ("swapped_outputs", "torch", {"output/torch-oracle", "output/torch-keras"}, {"output/keras-oracle"}),
    ("careless_reshape", "torch", {"refuses/torch/3x240"}, {"refuses/keras/3x240", "output/torch-oracle"}),
]


@contextmanager
def planted(sides: Sides, fault: str, side: str) -> Iterator[None]:
    process = getattr(sides, side)
    process.call("parity_tests.faults:plant", fault)
    try:
        yield
    finally:
        process.call("parity_tests.faults:lift")


@pytest.mark.parametrize(("fault", "side", "failing", "passing"), FAULTS, ids=lambda value: str(value)[:30])
def test_a_planted_fault_is_caught(
    fault: str, side: str, failing: set[str], passing: set[str], sides: Sides, course: Course
) -> None:
    case = "layer" if fault == "careless_reshape" else "rectangular"
    with planted(sides, fault, side):
        rows = list(verify([techniques()["split_linear"]], sides, ["float64"], course, [case]))
    failed = {row.check for row in failures(rows)}
    assert failing <= failed
    assert passing <= {row.check for row in rows} - failed
    if fault == "nan_in_one_output":
        assert {row.comparison.verdict for row in rows if row.check == "output/torch-keras"} == {"nan"}


def test_coarse_arithmetic_is_caught_in_float32(sides: Sides, course: Course) -> None:
    with planted(sides, "coarse_arithmetic", "torch"):
        rows = list(verify([techniques()["split_linear"]], sides, ["float32"], course, ["rectangular"]))
    failed = {row.check for row in failures(rows)}
    assert {"output/torch-oracle", "output/torch-keras"} <= failed
    assert "output/keras-oracle" not in failed


KEYS = ["technique", "case", "check", "dtype", "backend", "device", "error", "allowed", "verdict"]


@pytest.mark.parametrize("fault", ["", "swapped_outputs", "nan_in_one_output"])
def test_the_command_exits_1_and_names_the_check(
    fault: str, sides: Sides, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def opened(*_: object, **__: object) -> Iterator[Sides]:
        if not fault:
            yield sides
            return
        with planted(sides, fault, "torch"):
            yield sides

    monkeypatch.setattr(cli, "open_sides", opened)
    file = tmp_path / "rows.json"
    command = ["verify", "split_linear", "--case", "rectangular", "--dtype", "float64", "--steps", "3"]
    result = CliRunner().invoke(cli.main, [*command, "--json", str(file)])
    assert result.exit_code == (1 if fault else 0), result.output
    rows = json.loads(file.read_text())
    assert all(set(KEYS) <= row.keys() for row in rows)
    verdicts = {row["verdict"] for row in rows}
    if fault:
        assert "output/torch-oracle" in result.output
        assert verdicts & {"different", "nan"}
    else:
        assert verdicts <= {"equal", "within_rounding"}
        assert "passed" in result.output
