"""A check must be able to fail: what is broken on purpose is caught, and the check names it."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner

from crosscheck import cli
from crosscheck.compare import compare, middle
from crosscheck.layouts import Parameter
from crosscheck.sides import Both, Sides
from crosscheck.technique import technique
from crosscheck.verification import checks, command
from crosscheck.verification.checks import buffers
from crosscheck.verification.rows import Finding
from crosscheck.verification.subject import Subject

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


KEYS = {"technique", "case", "check", "dtype", "backend", "device", "error", "allowed", "verdict"}
Outcome = tuple[int, str, list[dict[str, object]]]
Verify = Callable[..., Outcome]


@pytest.fixture
def verify(sides: Sides, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Verify:
    """The command on processes that run already, one of them with a fault: status, output, rows."""

    def run(fault: str, side: str, case: str = "rectangular", dtype: str = "float64") -> Outcome:
        @contextmanager
        def opened(*_: object, **__: object) -> Iterator[Sides]:
            process = getattr(sides, side)
            if fault:
                process.call("parity_tests.faults:plant", fault)
            try:
                yield sides
            finally:
                process.call("parity_tests.faults:lift")

        monkeypatch.setattr(command, "open_sides", opened)
        file = tmp_path / "rows.json"
        options = ["split_linear", "--case", case, "--dtype", dtype, "--steps", "20", "--json", str(file)]
        result = CliRunner().invoke(cli.main, ["verify", *options])
        return result.exit_code, result.output, json.loads(file.read_text())["rows"]

    return run


def failed(rows: list[dict[str, object]]) -> set[object]:
    return {row["check"] for row in rows if row["verdict"] not in ("equal", "within_rounding")}


@pytest.mark.parametrize(
    ("fault", "side", "failing", "passing"), FAULTS, ids=[f"{fault}-{side}" for fault, side, *_ in FAULTS]
)
def test_a_planted_fault_is_caught(
    fault: str, side: str, failing: set[str], passing: set[str], verify: Verify
) -> None:
    status, output, rows = verify(fault, side, "layer" if fault == "careless_reshape" else "rectangular")
    assert status == 1
    assert failing <= failed(rows)
    assert passing <= {row["check"] for row in rows} - failed(rows)
    assert all(check in output for check in failing)
    assert "FAILED" in output
    if fault == "nan_in_one_output":
        assert {row["verdict"] for row in rows if row["check"] == "output/torch-keras"} == {"nan"}


@pytest.mark.parametrize(
    ("fault", "failing", "passing"),
    [
        ("coarse_arithmetic", {"output/torch-oracle", "output/torch-keras"}, {"output/keras-oracle"}),
        ("other_momentum", {"trajectory/loss", "trajectory/conv1.kernel"}, {"output/torch-keras"}),
        ("averaged_gradients", {"gradient/fc1.kernel/torch-keras"}, {"output/torch-keras"}),
        ("transposed_square_kernel", {"output/torch-oracle"}, {"output/keras-oracle"}),
    ],
)
def test_faults_are_caught_in_float32_too(
    fault: str, failing: set[str], passing: set[str], verify: Verify
) -> None:
    status, _, rows = verify(fault, "torch", dtype="float32")
    assert status == 1
    assert failing <= failed(rows)
    assert not passing & failed(rows)


def test_without_a_fault_the_command_exits_0(verify: Verify) -> None:
    status, output, rows = verify("", "torch")
    assert status == 0
    assert "passed" in output
    assert all(row.keys() >= KEYS for row in rows)
    assert not failed(rows)


def test_a_side_that_dies_is_a_failed_row_and_status_2(
    sides: Sides, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On processes of its own: these are not to be shared with a dead one."""
    monkeypatch.setattr("crosscheck.verification.verify.MODEL", (dying,))
    file = tmp_path / "rows.json"
    command = ["verify", "split_linear", "--case", "layer", "--dtype", "float64", "--json", str(file)]
    result = CliRunner().invoke(cli.main, command)
    assert result.exit_code == 2
    (row,) = json.loads(file.read_text())["rows"]
    assert (row["check"], row["verdict"]) == ("process", "failed")
    assert "the torch process has died" in row["note"]


def dying(subject: Subject, dtype: str) -> Iterator[Finding]:
    """A check in which a process dies."""
    yield "never", subject.sides.torch.call("parity_tests.faults:death")


def test_buffers_are_judged() -> None:
    """No technique has buffers yet, so the check is tried on made-up results."""
    right = np.array([0.5, 1.5])
    parameters = {"bn.moving_mean": Parameter("norm.moving_mean", (2,), 1)}
    found = {}
    for name, (torch, keras) in {
        "same": (right, right + 1e-16),
        "torch differs": (right * 1.01, right),
        "keras differs": (right, right[::-1]),
    }.items():
        results = Both({"buffer/bn.moving_mean": torch}, {"buffer/bn.moving_mean": keras})
        subject = SimpleNamespace(
            parameters=parameters,
            results=lambda dtype, results=results: results,
            oracle_buffers=lambda: {"bn.moving_mean": right},
            sensitivities=lambda name: [right, right],
        )
        found[name] = {check: c.passed for check, c in buffers(subject, "float64")}  # type: ignore[arg-type]
    key = "buffer/bn.moving_mean"
    assert all(found["same"].values())
    assert not found["torch differs"][f"{key}/torch-oracle"]
    assert found["torch differs"][f"{key}/keras-oracle"]
    assert not found["keras differs"][f"{key}/keras-oracle"]
    assert not found["keras differs"][f"{key}/torch-keras"]


def test_the_middle_course_counts_but_nan_is_never_outvoted() -> None:
    one = np.array([1.0])
    good, tipped = compare(one, one + 1e-9, 1e-8), compare(one, one + 1e-3, 1e-8)
    assert middle([tipped, good, good]).passed
    assert not middle([tipped, good, tipped]).passed
    assert not middle([tipped]).passed
    assert middle([tipped, good, compare(one * np.nan, one), good]).verdict == "nan"


@pytest.mark.parametrize(
    ("apart", "passes"), [((9.0, 0.1, 0.2), True), ((9.0, 0.1, 8.0), False), ((0.1,), True)]
)
def test_of_mixed_precision_the_middle_draw_counts(
    apart: tuple[float, ...], passes: bool, sides: Sides, monkeypatch: pytest.MonkeyPatch
) -> None:
    draws = iter(apart)
    seeds: list[int] = []

    def drawn(subject: Subject, _: str) -> Iterator[Finding]:
        seeds.append(subject.seed)
        yield "gradient/torch-keras", compare(np.array([next(draws)]), np.zeros(1), 1.0)

    monkeypatch.setattr(checks, "_mixed_precision", drawn)
    found = technique("prelu")
    subject = Subject(found, found.model("channel"), sides, 5)
    ((name, comparison),) = checks.mixed_precision(subject, "mixed_bfloat16")
    assert (name, comparison.passed) == ("gradient/torch-keras", passes)
    assert seeds == [5, 1_005, 2_005][: len(apart)]
