"""Runs that are written down: on two machines, one for each framework, and compared on a third."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from safetensors.numpy import save_file

from crosscheck.cli import main
from crosscheck.errors import CrosscheckError
from crosscheck.ports import inputs, trace_file
from crosscheck.ports.recording import record, record_after
from crosscheck.ports.trace_file import Recording
from crosscheck.ports.traces import UNTRIED, TraceReport, compare_recordings, compare_with_live
from crosscheck.sides import Sides
from parity_tests.corpus import images, sequences, unseen_fourth
from parity_tests.corpus.entries import Pair, pair
from parity_tests.test_pairing import KERAS, RIGHT, TORCH

PAIRS = {
    "plain": images.PLAIN,
    "resnet": images.RESNET,
    "textlstm": sequences.TEXT,
    "gpt, fused": pair("gpt_torch:build", "gpt_keras:with_keras_attention", *sequences.GPT.inputs),
    "signal": sequences.SENSOR,
    # Branches that nothing but their weights tells apart.
    "branches": Pair(f"{TORCH}:branches", f"{KERAS}:branches", RIGHT["branches"]),
}
MOMENTUM = pair("congan_torch:build", "congan_keras:subclassed__momentum", *unseen_fourth.CONGAN.inputs)
POOLED = pair("plain_torch:build", "plain_keras:functional__pool_of_two", *images.PLAIN.inputs)


def through_a_file(recording: Recording, folder: Path) -> Recording:
    file = folder / f"{recording.side}.safetensors"
    trace_file.save(file, recording)
    return trace_file.read(file)


def both(
    sides: Sides, what: Pair, first: str, folder: Path, dtypes: tuple[str, str] = ("float64", "float64")
) -> tuple[Recording, Recording]:
    """Traces of both models, PyTorch's first."""
    sources = {"torch": what.torch, "keras": what.keras}
    second = "keras" if first == "torch" else "torch"
    one = record(getattr(sides, first), sources[first], inputs.read(what.inputs), dtypes[0], 0)
    one = through_a_file(one, folder)
    two, _ = record_after(getattr(sides, second), sources[second], one, dtypes[1])
    two = through_a_file(two, folder)
    return (one, two) if first == "torch" else (two, one)


def compared(sides: Sides, what: Pair, first: str, folder: Path, **more: Any) -> TraceReport:
    return compare_recordings(*both(sides, what, first, folder, **more))[0]


def test_what_only_training_shows_is_seen_in_the_settings(sides: Sides, tmp_path: Path) -> None:
    report = compared(sides, MOMENTUM, "torch", tmp_path)
    assert report.outputs_equal
    assert not report.equal
    assert "momentum of batch_norm is 0.9 in torch and 0.99 in keras" in report.in_training[0]
    assert report.as_json()["verdict"] == "different"
    assert report.lines()[0].endswith("in what only training shows.")


@pytest.mark.parametrize("first", ["torch", "keras"])
@pytest.mark.parametrize("name", PAIRS)
def test_traces_of_a_right_port_are_equal(name: str, first: str, sides: Sides, tmp_path: Path) -> None:
    report = compared(sides, PAIRS[name], first, tmp_path)
    assert report.equal
    assert max(report.comparison.outputs) < 1e-7
    assert max(parted.accumulated for parted in report.comparison.parted) < 1e-7
    assert report.lines()[0].startswith("Equal: ")


@pytest.mark.parametrize("first", ["torch", "keras"])
def test_a_difference_is_placed_and_its_settings_are_no_cause(
    first: str, sides: Sides, tmp_path: Path
) -> None:
    report = compared(sides, POOLED, first, tmp_path)
    assert not report.equal
    found = report.as_json()
    assert found["first_divergence"] == "torch conv3 <-> keras conv3 (conv2d)"
    assert found["cause"] is None
    assert found["why_no_cause"] == UNTRIED
    assert "size of max_pool is (3, 3) in torch and (2, 2) in keras" in found["evidence"][0]["differences"]
    assert all(layer["own"] is None for layer in found["layers"][:-1])
    json.dumps(found, allow_nan=False)
    assert any(line.startswith(f"Evidence ({UNTRIED}): ") for line in report.lines())


def test_what_is_read_is_what_was_written(sides: Sides, tmp_path: Path) -> None:
    for name, what in PAIRS.items():
        written = record(sides.torch, what.torch, inputs.read(what.inputs), "float64", 0)
        found = through_a_file(written, tmp_path)
        assert found.program == written.program, name
        assert found.values.keys() == written.values.keys()
        assert all(np.array_equal(found.values[n], a, equal_nan=True) for n, a in written.values.items())
        assert all(np.array_equal(found.weights[n], a) for n, a in written.weights.items())
        assert {"versions", "machine", "threads", "device", "dtype", "tf32", "settings"} <= found.facts.keys()


def test_modes_are_not_mixed_unless_asked_for(sides: Sides, tmp_path: Path) -> None:
    torch, keras = both(sides, PAIRS["plain"], "torch", tmp_path, ("float64", "float32"))
    with pytest.raises(CrosscheckError, match="dtype is float64 in torch and float32 in keras"):
        compare_recordings(torch, keras)
    report, _ = compare_recordings(torch, keras, mixed=True)
    assert report.equal
    assert 1e-9 < max(report.comparison.outputs) < 1e-4
    with pytest.raises(CrosscheckError, match="tf32 is True in torch and False in keras"):
        compare_recordings(replace(torch, facts=keras.facts | {"tf32": True}), keras)


def test_float32_has_a_limit_of_its_own(sides: Sides, tmp_path: Path) -> None:
    report = compared(sides, PAIRS["resnet"], "torch", tmp_path, dtypes=("float32", "float32"))
    assert report.equal
    assert report.limit == 1e-4
    assert max(report.comparison.outputs) > 1e-9


def test_other_weights_inputs_and_sides_are_refused(sides: Sides, tmp_path: Path) -> None:
    torch, keras = both(sides, PAIRS["plain"], "torch", tmp_path)
    other = replace(torch, weights=torch.weights | {"fc2.bias": torch.weights["fc2.bias"] + 0.1})
    with pytest.raises(CrosscheckError, match=r"different weights, such as torch's fc2\.bias: record"):
        compare_recordings(other, keras)
    (number,) = torch.program.inputs
    moved = torch.values | {number: torch.values[number] + 1}
    with pytest.raises(CrosscheckError, match="different inputs"):
        compare_recordings(replace(torch, values=moved), keras)
    with pytest.raises(CrosscheckError, match="both traces are torch's"):
        compare_recordings(torch, torch)
    with pytest.raises(CrosscheckError, match="the trace is torch's, too"):
        record_after(sides.torch, images.PLAIN.torch, torch, "float64")


@pytest.mark.parametrize("live", ["torch", "keras"])
def test_a_trace_is_compared_with_a_live_model(live: str, sides: Sides) -> None:
    sources = {"torch": POOLED.torch, "keras": POOLED.keras}
    recorded = "keras" if live == "torch" else "torch"
    trace = record(getattr(sides, recorded), sources[recorded], inputs.read(POOLED.inputs), "float64", 0)
    report, _ = compare_with_live(getattr(sides, live), sources[live], trace)
    assert not report.equal
    assert str(report.apart[0].place) == "torch conv3 <-> keras conv3 (conv2d)"
    # Keras' stretches can be done again alone; what comes after is right.
    own = [parted.own for parted in report.comparison.parted]
    assert np.isnan(own[:5]).all() if live == "torch" else max(own[3:]) < 1e-9 < own[2]


def test_own_weights_are_kept(sides: Sides) -> None:
    kept = record(sides.torch, images.PLAIN.torch, inputs.read(images.PLAIN.inputs), "float64", None)
    again = record(sides.torch, images.PLAIN.torch, inputs.read(images.PLAIN.inputs), "float64", None)
    drawn = record(sides.torch, images.PLAIN.torch, inputs.read(images.PLAIN.inputs), "float64", 0)
    assert np.array_equal(kept.weights["fc1.weight"], again.weights["fc1.weight"])
    assert not np.array_equal(kept.weights["fc1.weight"], drawn.weights["fc1.weight"])


def test_dropout_in_evaluation_mode_is_switched_off_and_said(sides: Sides, tmp_path: Path) -> None:
    what = pair("plain_torch:build", "plain_keras:subclassed__drops", *images.PLAIN.inputs)
    report = compared(sides, what, "torch", tmp_path)
    assert report.equal
    assert any(line.startswith("keras drops at random in evaluation mode, at ") for line in report.lines())


def run(*arguments: str | Path) -> Any:
    return CliRunner().invoke(main, [*map(str, arguments)])


def test_the_commands(tmp_path: Path) -> None:
    one, two, found = (tmp_path / name for name in ("one.safetensors", "two.safetensors", "found.json"))
    answer = run("record", POOLED.torch, "--side", "torch", "--input", *POOLED.inputs, "--out", one)
    assert answer.exit_code == 0, answer.output
    answer = run("record", POOLED.keras, "--side", "keras", "--weights-of", one, "--out", two)
    assert answer.exit_code == 0, answer.output
    for traces in ((one, two), (two, one)):
        answer = run("compare", *traces, "--json", found)
        assert answer.exit_code == 1
        assert "First apart: torch conv3 <-> keras conv3 (conv2d)" in answer.output
        assert json.loads(found.read_text())["verdict"] == "different"
    assert run("compare", one, one).exit_code == 2


def test_what_a_model_prints_is_shown(tmp_path: Path) -> None:
    source = tmp_path / "printing.py"
    source.write_text("import torch\ndef build():\n    print('built')\n    return torch.nn.Linear(6, 3)\n")
    given = ("--side", "torch", "--input", "4x6", "--out", tmp_path / "one.safetensors")
    answer = run("record", f"{source}:build", *given)
    assert answer.exit_code == 0, answer.output
    assert answer.stderr.splitlines().count("torch prints: built") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("record", "a.py:f", "--side", "torch", "--out", "a.npz"), "a trace is a file .safetensors"),
        (("record", "a.py:f", "--side", "torch", "--out", "no/a.safetensors"), "there is no folder"),
        (("record", "a.py:f", "--side", "torch", "--out", "a.safetensors"), "say what goes in with --input"),
        (
            (
                "record",
                "a.py:f",
                "--side",
                "torch",
                "--out",
                "a.safetensors",
                "--weights-of",
                "b.safetensors",
            ),
            "b.safetensors: there is no such file",
        ),
        (("compare", "a.safetensors", "b.safetensors"), "a.safetensors: there is no such file"),
        (("compare", "other.safetensors", "b.py:f"), "has no crosscheck manifest"),
        (("compare", "text.safetensors", "b.py:f"), "not a whole safetensors file"),
        (("compare", "a.safetensors", "b.py:f", "--input", "2x3"), "leave out --input"),
    ],
)
def test_bad_input_is_said_in_one_line(
    arguments: tuple[str, ...], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    save_file({"a": np.zeros(2)}, "other.safetensors")
    Path("text.safetensors").write_text("no trace")
    answer = run(*arguments)
    assert answer.exit_code == 2
    assert message in " ".join(answer.output.split())
    assert not Path("a.safetensors").exists()
