"""Mixed precision in a user's code: compared is what models are to compute, in float64, and that is said."""

from pathlib import Path
from zipfile import ZipFile

import pytest
from click.testing import CliRunner

from crosscheck.cli import main
from crosscheck.ports import inputs
from crosscheck.ports.comparison import Ports
from crosscheck.ports.recording import record, record_after
from crosscheck.ports.report import examine
from crosscheck.ports.traces import compare_recordings
from crosscheck.sides import Sides

FOLDER = Path(__file__).parent / "ported"
SOURCES = f"{FOLDER / 'lower_precision_torch.py'}:", f"{FOLDER / 'lower_precision_keras.py'}:"


def on_the_table(sides: Sides, torch: str, keras: str) -> Ports:
    return Ports(sides, SOURCES[0] + torch, SOURCES[1] + keras, inputs.read(("4x5",)))


@pytest.mark.parametrize(
    ("keras", "policy"),
    [
        ("by_policy", "mixed_bfloat16"),
        ("by_config", "mixed_float16"),
        ("by_tensorflow", "mixed_bfloat16"),
        ("by_layer", "mixed_bfloat16"),
    ],
)
def test_a_port_in_mixed_precision_is_compared_without(keras: str, policy: str, sides: Sides) -> None:
    report = examine(on_the_table(sides, "net", keras))
    assert report.equal
    assert report.whole
    assert report.notes == (f"keras asks for {policy}: compared in float64, as all is.",)


def test_a_model_in_half_precision_is_compared_without(sides: Sides) -> None:
    report = examine(on_the_table(sides, "halved", "plain"))
    assert report.equal
    assert report.notes == ("torch asks for bfloat16: compared in float64, as all is.",)


def test_a_trace_is_of_the_dtype_it_says(sides: Sides) -> None:
    one = record(sides.torch, SOURCES[0] + "net", inputs.read(("4x5",)), "float32", 0)
    two, _ = record_after(sides.keras, SOURCES[1] + "by_policy", one, "float32")
    report, _ = compare_recordings(one, two)
    assert report.equal
    assert "keras asks for mixed_bfloat16: compared in float32, as all is." in report.notes()


def test_what_is_written_for_keras_stays_in_mixed_precision(tmp_path: Path) -> None:
    file = tmp_path / "ported.keras"
    command = ["convert", SOURCES[0] + "net", SOURCES[1] + "by_layer", "--input", "4x5", "--from", "torch"]
    result = CliRunner().invoke(main, [*command, "--out", str(file)])
    assert result.exit_code == 0, result.output
    with ZipFile(file) as parts:
        assert "mixed_bfloat16" in parts.read("config.json").decode()


def test_what_no_precision_explains_is_found(sides: Sides) -> None:
    report = examine(on_the_table(sides, "net", "wrong"))
    assert report.findings[0].identifiers == ("activation.kind",)


def test_a_lone_float32_is_no_mixed_precision(sides: Sides) -> None:
    report = examine(on_the_table(sides, "net", "in_float32"))
    assert [f.identifiers for f in report.findings] == [("dtype.float32",)]
    assert report.notes == ()


def test_training_steps_of_a_port_in_mixed_precision(sides: Sides) -> None:
    command = ["compare", SOURCES[0] + "trained", SOURCES[1] + "trained"]
    result = CliRunner().invoke(main, [*command, "--input", "4x5", "--target", "4:int64:0..2"])
    assert result.exit_code == 0, result.output
    assert "keras asks for mixed_float16" in result.output
    assert "Training is equal" in result.output
