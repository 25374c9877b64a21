"""What evaluation mode does not show: outputs in another order, another way in training, no gradient."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from crosscheck.cli import main
from crosscheck.ports import inputs
from crosscheck.ports.judgement import Judgement, Question, judge
from crosscheck.sides import Sides

FOLDER = Path(__file__).parent / "ported"
TORCH, KERAS = FOLDER / "second_torch.py", FOLDER / "second_keras.py"


def compared(sides: Sides, name: str, port: str, what: str = "4x6") -> Judgement:
    return judge(sides, Question(f"{TORCH}:{name}", f"{KERAS}:{port}", inputs.read((what,))))


def causes(found: Judgement) -> list[str]:
    return [name for finding in found.report.findings for name in finding.identifiers]


def test_outputs_in_another_order(sides: Sides) -> None:
    assert compared(sides, "two", "two").equal
    found = compared(sides, "two", "two__exchanged")
    assert causes(found) == ["glue.order"]
    assert "keras returns the outputs in another order: 2, 1" in str(found.report.findings[0])


def test_a_way_that_only_training_goes_is_no_hindrance(sides: Sides) -> None:
    right = compared(sides, "other_way", "other_way")
    assert right.equal
    assert right.report.whole
    assert "In training mode a model goes another way" in " ".join(right.lines())
    assert set(causes(compared(sides, "other_way", "other_way__momentum"))) == {"norm.momentum"}


def test_what_could_not_be_compared_is_no_pass(sides: Sides) -> None:
    found = compared(sides, "untrained", "untrained")
    assert not found.report.whole
    assert found.lines()[0].startswith("Equal in evaluation mode: ")
    assert "Training mode could not be compared: torch: RuntimeError: no gradient here" in " ".join(
        found.lines()
    )


@pytest.mark.parametrize(("port", "equal"), [("volume", True), ("volume__same", False)])
def test_pools_of_volumes(port: str, equal: bool, sides: Sides) -> None:
    found = compared(sides, "volume", port, "2x2x5x8x10")
    assert found.equal is equal
    assert equal or causes(found) == ["pooling.padding"]


def command(*arguments: str) -> tuple[int, str]:
    found = CliRunner().invoke(main, ["compare", f"{TORCH}:other_way", *arguments])
    return found.exit_code, found.output


def test_an_accepted_cause_is_no_failure(tmp_path: Path) -> None:
    port, what = f"{KERAS}:other_way__momentum", ("--input", "4x6")
    file = tmp_path / "found.json"
    status, said = command(port, *what, "--accept", "norm.momentum", "--json", str(file))
    assert status == 0, said
    assert "Accepted: norm.momentum." in said
    assert json.loads(file.read_text())["verdict"] == "different"
    assert command(port, *what, "--accept", "norm.epsilon")[0] == 1
    assert command(port, *what, "--accept", "norm.nothing")[0] == 2


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("4x6:int64:9..0", "a range goes up, such as 0..9"),
        ("4x6:int64:0..99999999999999999999", "int64 ends at 9,223,372,036,854,775,807"),
        ("99999999x99999999x99", "numbers are too many"),
        (str(TORCH.with_suffix(".npz")), "No such file or directory"),
    ],
)
def test_what_cannot_be_an_input_is_one_line(what: str, said: str) -> None:
    status, output = command(f"{KERAS}:other_way", "--input", what)
    assert status == 2
    assert said in output
    assert "Traceback" not in output


def test_a_file_that_is_no_npz(tmp_path: Path) -> None:
    file = tmp_path / "none.npz"
    file.write_text("nothing")
    status, output = command(f"{KERAS}:other_way", "--input", str(file))
    assert (status, "is no .npz file" in output) == (2, True)
