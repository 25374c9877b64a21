"""Ports that were once called equal and are not, with the right ones beside them."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from crosscheck import testing
from crosscheck.cli import main
from crosscheck.errors import CrosscheckError
from crosscheck.ports import inputs
from crosscheck.ports.divergence import relative_error
from crosscheck.ports.judgement import Judgement, Question, judge
from crosscheck.ports.settings_seen import _rounded
from crosscheck.sides import Sides

FOLDER = Path(__file__).parent / "ported"
ORIGINALS, PORTS = f"{FOLDER / 'unseen_originals.py'}", f"{FOLDER / 'unseen_ports.py'}"


def judged(sides: Sides, torch: str, keras: str, given: str = "2x5x6") -> Judgement:
    return judge(sides, Question(f"{ORIGINALS}:{torch}", f"{PORTS}:{keras}", inputs.read((given,))))


@pytest.mark.parametrize("hidden", [-np.inf, np.inf, -1e9, np.finfo(np.float32).min])
def test_what_is_hidden_does_not_hide_the_rest(hidden: float) -> None:
    torch = np.array([[1.0, 2.0, hidden], [3.0, hidden, 4.0]])
    keras = np.array([[1.0, 2.0, hidden], [3.0, hidden, 4.5]])
    assert relative_error(torch, torch.copy()) == 0
    assert relative_error(torch, keras) > 0.1
    keras[1, 1] = 0.0
    assert relative_error(torch, keras) >= 1


def test_numbers_that_are_all_large_are_no_mask() -> None:
    torch = np.full((3, 4), -1e6)
    assert relative_error(torch, torch * (1 + 1e-9)) == pytest.approx(1e-9)


@pytest.mark.parametrize("name", ["masked_inf", "masked_large"])
def test_masked_scores(name: str, sides: Sides) -> None:
    assert judged(sides, name, name).equal
    assert not judged(sides, name, f"{name}_slope").equal


def test_a_turned_output_is_never_called_equal(sides: Sides) -> None:
    right = judged(sides, "pairs", "pairs")
    assert right.equal
    assert right.whole
    turned = judged(sides, "pairs", "pairs_turned")
    assert not (turned.equal and turned.whole)


def test_a_gru_with_a_forward_of_its_own_is_refused_by_name(sides: Sides) -> None:
    with pytest.raises(CrosscheckError, match=r"Rectified changes the forward of its base class nn\.GRU"):
        judged(sides, "rectified", "rectified")


def test_frozen_parameters_of_the_users_own_are_seen(sides: Sides) -> None:
    assert judged(sides, "positions", "positions").equal
    frozen = judged(sides, "positions", "positions_frozen")
    assert not frozen.equal
    assert [found.identifiers for found in frozen.report.findings] == [("parameter.frozen",)]


def test_a_model_that_breaks_off_in_training_is_not_wholly_compared(sides: Sides) -> None:
    assert judged(sides, "dense", "dense", "4x6").whole
    broken = judged(sides, "dense", "dense_breaks", "4x6")
    assert not broken.whole
    assert "never meant to be trained" in "\n".join(broken.lines())


def test_diverged_training_is_no_training(sides: Sides) -> None:
    pair = f"{ORIGINALS}:diverging", f"{PORTS}:diverging"
    target = np.random.default_rng(0).normal(size=(4, 3))
    found = judge(sides, Question(*pair, inputs.read(("4x6",)), target, 5))
    assert not found.whole
    assert "PyTorch's training is not finite at step" in found.lines()[-1]


def test_accepting_a_cause_does_not_accept_steps_that_were_not_compared(sides: Sides) -> None:
    pair = f"{ORIGINALS}:dense", f"{PORTS}:dense_epsilon"
    found = judge(sides, Question(*pair, inputs.read(("4x6",))))
    names = {name for finding in found.report.findings for name in finding.identifiers}
    assert names == {"activation.kind"}
    assert found.only(names)
    assert not Judgement(found.report, None, asked=True).only(names)


def of_two(sides: Sides, name: str, target: np.ndarray | None = None) -> Judgement:
    given = inputs.read(("64x6", "64x6"))
    pair = f"{ORIGINALS}:{name.removesuffix('_momentum')}", f"{PORTS}:{name}"
    return judge(sides, Question(*pair, given, target, 3))


def test_a_batch_norm_that_is_called_twice(sides: Sides) -> None:
    right = of_two(sides, "twice")
    assert right.equal, right.lines()
    assert right.report.trained
    other = of_two(sides, "twice_momentum")
    assert {found.identifiers for found in other.report.findings} == {("norm.momentum",)}


def test_training_of_a_model_that_takes_its_inputs_together(sides: Sides) -> None:
    found = of_two(sides, "twice_trained", np.random.default_rng(0).normal(size=(64, 3)))
    assert found.training is not None, found.lines()
    assert found.equal, found.lines()


def test_pixels_as_bytes(sides: Sides) -> None:
    assert judged(sides, "of_bytes", "of_bytes", "2x3x8x9:uint8:0..255").equal


def test_a_mask_in_float32_is_exact(sides: Sides) -> None:
    found = judged(sides, "weighted", "weighted", "4x5:int64:0..11")
    assert found.equal, found.lines()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("4x11:int10:0..9", "there is no dtype int10; there are float64"),
        ("4x11:uint8:0..300", "a range goes up, such as 0..9, and uint8 ends at 255"),
        ("4x11:int8:0..200", "int8 ends at 127"),
        ("4x11:float16:0..1", "only whole numbers have a range"),
    ],
)
def test_inputs_that_cannot_be(given: str, message: str) -> None:
    with pytest.raises(CrosscheckError, match=message):
        inputs.read((given,))


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["compare", "net.py", "b.py:f", "--input", "2x3"], "net.py: give a model as FILE.py:FUNCTION"),
        (["compare", "no.py:f", "b.py:f", "--input", "2x3"], "no.py: there is no such file"),
        (
            ["compare", "a.py:f", "b.py:f", "--accept", "norm.epsilon", "--first-only"],
            "leave out --first-only",
        ),
        (["compare", "a.py:f", "b.py:f", "--input", "2x3", "--steps", "3"], "--steps is of training"),
        (
            ["compare", "a.py:f", "b.py:f", "--input", "2x3", "--json", "b.py"],
            "would overwrite what it is made of",
        ),
        (
            ["compare", "a.py:f", "b.py:f", "--input", "x.npz", "--html", "x.npz"],
            "would overwrite what it is made of",
        ),
        (["compare", "a.py:f", "b.py:f", "--input", "nan.npz"], "nan.npz: holds NaN"),
        (
            ["compare", "t.safetensors", "b.py:f", "--json", "t.safetensors"],
            "would overwrite what it is made of",
        ),
        (["compare", "t.safetensors", "b.py:f", "--html", "x.html"], "no cause is tried on a trace"),
        (
            ["record", "no.py:f", "--side", "torch", "--input", "2x3", "--out", "t.safetensors"],
            "no such file",
        ),
    ],
)
def test_what_can_be_seen_at_once_is_said_at_once(
    command: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("a framework was started")

    monkeypatch.setattr("crosscheck.sides.Side.__init__", never)
    monkeypatch.chdir(tmp_path)
    for name in ("a.py", "b.py"):
        Path(name).write_text("")
    np.savez("nan.npz", np.array([[1.0, np.nan]]))
    answer = CliRunner().invoke(main, command)
    assert answer.exit_code == 2
    assert message in answer.output
    assert Path("b.py").read_text() == ""


def test_nothing_overwrites_what_it_is_made_of(tmp_path: Path) -> None:
    weights = tmp_path / "w.safetensors"
    weights.write_bytes(b"trained")
    pair = [f"{ORIGINALS}:dense", f"{PORTS}:dense", "--input", "4x6"]
    options = ["--from", "torch", "--weights", str(weights), "--out", str(weights)]
    answer = CliRunner().invoke(main, ["convert", *pair, *options])
    assert answer.exit_code == 2
    assert "would overwrite what it is made of" in answer.output
    assert weights.read_bytes() == b"trained"


@pytest.mark.parametrize("given", [{"query": "nothing"}, {"nothing": "query"}])
def test_a_map_of_layers_that_are_not_there(given: dict[str, str], sides: Sides) -> None:
    question = Question(f"{ORIGINALS}:pairs", f"{PORTS}:pairs", inputs.read(("2x5x6",)), given=given)
    with pytest.raises(CrosscheckError, match="has no layer 'nothing' with weights; it has"):
        judge(sides, question)


def test_accepted_causes_pass_in_a_test_suite() -> None:
    pair = f"{ORIGINALS}:dense", f"{PORTS}:dense_epsilon"
    with pytest.raises(CrosscheckError, match="there is no such cause"):
        testing.assert_parity(*pair, "4x6", accept=["nonsense"])
    with pytest.raises(AssertionError, match=r"activation\.kind"):
        testing.assert_parity(*pair, "4x6")
    testing.assert_parity(*pair, "4x6", accept=["activation.kind"])


def test_a_cause_that_nothing_could_confirm_is_said_to_be_so(sides: Sides) -> None:
    """At the end of a model Keras' tensor in place of PyTorch's explains anything."""
    last = judged(sides, "pairs", "pairs_tripled")
    assert "nothing is computed behind them that could confirm it" in "\n".join(last.lines())
    assert [found["confirmed"] for found in last.as_json()["evidence"]] == [False]
    assert not last.only({name for finding in last.report.findings for name in finding.identifiers})
    told = judge(sides, Question(f"{ORIGINALS}:dense", f"{PORTS}:dense_epsilon", inputs.read(("4x6",))))
    assert [found["confirmed"] for found in told.as_json()["evidence"]] == [True]


def test_tied_layers_and_heads_are_right(sides: Sides) -> None:
    pair = f"{ORIGINALS}:tied", f"{PORTS}:tied"
    tied = judge(sides, Question(*pair, inputs.read(("4x5:int64:0..11", "4x5:int64:0..11"))))
    assert tied.equal, tied.lines()
    assert tied.whole
    heads = judged(sides, "heads", "heads")
    assert heads.equal, heads.lines()
    assert heads.whole, heads.lines()


def test_large_whole_numbers_are_not_exact_in_float32() -> None:
    assert not _rounded(np.array([0, 1, 2**24], np.float32))
    assert _rounded(np.array([0, 1, 0.5], np.float32))
    assert _rounded(np.array([123456789.0], np.float32))  # whole, since float32 knows nothing else up there
    assert not _rounded(np.array([0.5]))
