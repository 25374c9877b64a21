"""Weights that go from one model into its port, into files, and back."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from safetensors.numpy import load_file

from crosscheck.cli import main
from crosscheck.errors import CrosscheckError
from crosscheck.ports import inputs
from crosscheck.ports.comparison import Ports
from crosscheck.ports.conversion import Conversion
from crosscheck.ports.mapping import as_map, save_map
from crosscheck.ports.report import examine
from crosscheck.sides import Sides
from parity_tests.corpus import images, sequences
from parity_tests.corpus.entries import Pair, pair
from parity_tests.weight_files import with_drawn_weights

PAIRS = {
    "plain": images.PLAIN,
    "plain flattened by keras": pair("plain_torch:build", "plain_keras:functional", *images.PLAIN.inputs),
    "resnet": images.RESNET,
    "mobilenet": images.MOBILENET,
    "textlstm": sequences.TEXT,
    "gru": sequences.GRU,
    "encoder": sequences.ENCODER,
    "gpt": sequences.GPT,
    "gpt, fused": pair("gpt_torch:build", "gpt_keras:with_keras_attention", *sequences.GPT.inputs),
}
SAVED = {"textlstm": ".safetensors", "gru": ".keras", "mobilenet": ".keras"}


def converted(
    sides: Sides, what: Pair, origin: str, weights: Path | None, out: Path, **more: Any
) -> list[float]:
    models = Conversion(sides, what.torch, what.keras, inputs.read(what.inputs), origin, weights, **more)
    assert not models.alone()
    errors = models.errors()
    models.write(out)
    return errors


@pytest.mark.parametrize("name", PAIRS)
def test_there_and_back_is_the_same(name: str, sides: Sides, tmp_path: Path) -> None:
    what = PAIRS[name]
    first, back = tmp_path / "first.pt", tmp_path / "back.pt"
    port = tmp_path / f"port{SAVED.get(name, '.weights.h5')}"
    with_drawn_weights(sides, what, first)
    assert max(converted(sides, what, "torch", first, port)) < 1e-6
    assert max(converted(sides, what, "keras", port, back)) < 1e-6
    one, two = (sides.torch.call("parity_tests.weight_files:of_torch", str(f)) for f in (first, back))
    assert one.keys() == two.keys()
    for key, array in one.items():
        if name == "textlstm" and "bias" in key and "lstm" in key:
            if "bias_ih" in key:  # PORT: Keras has the sum of both biases
                both = array.astype(np.float64) + one[key.replace("_ih_", "_hh_")]
                np.testing.assert_array_equal(two[key], both.astype(np.float32))
            else:
                assert not two[key].any()
        elif "num_batches_tracked" not in key:
            np.testing.assert_array_equal(two[key], array, err_msg=key)
    # In models that nothing has watched, as a user loads them.
    arrays = inputs.read(what.inputs)
    original = sides.torch.call("parity_tests.weight_files:torch_output", what.torch, str(back), arrays)
    models = Ports(sides, what.torch, what.keras, arrays)
    given = models.keras_inputs
    ported = sides.keras.call("parity_tests.weight_files:keras_output", what.keras, str(port), given)
    np.testing.assert_allclose(ported, original, rtol=2e-4, atol=2e-4)


def test_tied_weights_are_written_once_and_stay_tied(sides: Sides, tmp_path: Path) -> None:
    what, port = PAIRS["gpt"], tmp_path / "port.safetensors"
    first, state, tensors = tmp_path / "a.pt", tmp_path / "b.pt", tmp_path / "b.safetensors"
    with_drawn_weights(sides, what, first)
    converted(sides, what, "torch", first, port)
    converted(sides, what, "keras", port, state)
    converted(sides, what, "keras", port, tensors)
    assert ("wte.weight" in load_file(tensors)) != ("lm_head.weight" in load_file(tensors))
    assert sides.torch.call("parity_tests.weight_files:shared", str(state), "wte.weight", "lm_head.weight")
    # What was written once is read into both.
    converted(sides, what, "torch", tensors, tmp_path / "again.safetensors")
    one, two = load_file(port), load_file(tmp_path / "again.safetensors")
    assert all(np.array_equal(two[name], array) for name, array in one.items())


def test_a_function_s_own_weights_and_float64(sides: Sides, tmp_path: Path) -> None:
    out = tmp_path / "port.safetensors"
    assert max(converted(sides, PAIRS["gru"], "torch", None, out, dtype="float64")) < 1e-9
    assert {array.dtype for array in load_file(out).values()} == {np.dtype("float64")}


@pytest.mark.parametrize("name", PAIRS)
def test_a_saved_map_leads_to_the_same_pairs(name: str, sides: Sides, tmp_path: Path) -> None:
    what, file = PAIRS[name], tmp_path / "map.json"
    models = Ports(sides, what.torch, what.keras, inputs.read(what.inputs))
    save_map(file, models.pairing)
    given = inputs.pairs(file)
    assert len(given) == len(models.pairs)
    again = Ports(sides, what.torch, what.keras, inputs.read(what.inputs), 0, given)
    assert as_map(again.pairing) == given
    assert {(str(p.torch), str(p.keras), p.compared) for p in again.pairs} == {
        (str(p.torch), str(p.keras), p.compared) for p in models.pairs
    }


@pytest.mark.parametrize(
    "what",
    [
        pair("mobilenet_torch:separable", "mobilenet_keras:separable_in_one", *images.SEPARABLE.inputs),
        pair("gpt_torch:build", "gpt_keras:subclassed__untied", *sequences.GPT.inputs),
        pair("resnet_torch:build", "resnet_keras:functional__layer_norm", *images.RESNET.inputs),
    ],
    ids=["two layers in one", "untied", "another norm"],
)
def test_what_a_map_cannot_say_is_found_again(what: Pair, sides: Sides, tmp_path: Path) -> None:
    models = Ports(sides, what.torch, what.keras, inputs.read(what.inputs))
    save_map(tmp_path / "map.json", models.pairing)
    given = inputs.pairs(tmp_path / "map.json")
    again = Ports(sides, what.torch, what.keras, inputs.read(what.inputs), 0, given)
    assert {(str(p.torch), str(p.keras), p.mismatch) for p in again.pairs} == {
        (str(p.torch), str(p.keras), p.mismatch) for p in models.pairs
    }
    assert examine(again).lines()[:2] == examine(models).lines()[:2]


def test_tensors_without_a_counterpart_are_listed(sides: Sides) -> None:
    what = pair("resnet_torch:build", "resnet_keras:nested__stem_bias", *images.RESNET.inputs)
    models = Conversion(sides, what.torch, what.keras, inputs.read(what.inputs), "torch")
    (names,) = models.alone().values()
    assert list(models.alone()) == ["keras"]
    assert len(names) == 1
    assert names[0].endswith("bias")


@pytest.mark.parametrize("broken", ["missing", "left over", "misshapen", "no state dict", "no file at all"])
@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_weights_that_do_not_fit_are_said_in_one_line(
    broken: str, suffix: str, sides: Sides, tmp_path: Path
) -> None:
    what, file = PAIRS["plain"], tmp_path / f"broken{suffix}"
    sides.torch.call("parity_tests.weight_files:broken", what.torch, broken, str(file))
    with pytest.raises(CrosscheckError) as error:
        Conversion(sides, what.torch, what.keras, inputs.read(what.inputs), "torch", file)
    expected = {
        "missing": "fc2.bias is missing",
        "left over": "fc3.bias is left over",
        "misshapen": "fc2.bias has shape (6,), expected (5,)",
    }
    assert expected.get(broken, str(file)) in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("suffix", [".weights.h5", ".keras", ".safetensors"])
def test_files_of_another_keras_model_are_said_in_one_line(suffix: str, sides: Sides, tmp_path: Path) -> None:
    what, other = PAIRS["plain"], PAIRS["gru"]
    file = tmp_path / f"other{suffix}"
    converted(sides, other, "torch", None, file)
    for text in (None, "no weights"):
        if text:
            file.write_text(text)
        with pytest.raises(CrosscheckError) as error:
            Conversion(sides, what.torch, what.keras, inputs.read(what.inputs), "keras", file)
        assert "\n" not in str(error.value)
        assert str(file) in str(error.value)


FORGETFUL = """
import keras

class Forgetful(keras.layers.Dense):
    def save_own_variables(self, store):
        {body}

    def load_own_variables(self, store):
        pass

def build():
    return keras.Sequential([keras.Input((6,)), Forgetful(4, name="first")])
"""


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("pass", "Keras does not save all of this model as .weights.h5: changed: "),
        ("raise OSError('disk full')", "Keras cannot save this model as .weights.h5: disk full"),
    ],
)
def test_what_keras_does_not_save_leaves_the_file_as_it_was(
    body: str, message: str, sides: Sides, tmp_path: Path
) -> None:
    torch, keras, out = tmp_path / "one.py", tmp_path / "two.py", tmp_path / "out.weights.h5"
    torch.write_text("from torch import nn\ndef build():\n    return nn.Linear(6, 4)\n")
    keras.write_text(FORGETFUL.format(body=body))
    out.write_text("as it was")
    models = Conversion(sides, f"{torch}:build", f"{keras}:build", inputs.read(("2x6",)), "torch")
    assert models.equal(models.errors())
    with pytest.raises(CrosscheckError, match=message):
        models.write(out)
    assert out.read_text() == "as it was"
    assert not list(tmp_path.glob(".*"))


def run(*arguments: str | Path) -> Any:
    return CliRunner().invoke(main, ["convert", *map(str, arguments)])


def test_the_command_writes_and_refuses(tmp_path: Path) -> None:
    what, out = PAIRS["plain"], tmp_path / "port.weights.h5"
    options = ("--input", *what.inputs, "--from", "torch", "--out", out)
    answer = run(what.torch, what.keras, *options, "--save-map", tmp_path / "map.json")
    assert answer.exit_code == 0, answer.output
    assert "the outputs agree to " in answer.output
    found = json.loads((tmp_path / "map.json").read_text())
    assert found["fc1"] == "dense"
    assert sorted(os.listdir(tmp_path)) == ["map.json", "port.weights.h5"]
    out.unlink()
    wrong = f"{what.keras}__no_relu"
    answer = run(what.torch, wrong, *options)
    assert answer.exit_code == 1
    assert "Run `crosscheck compare`" in answer.output
    assert not out.exists()
    answer = run(what.torch, wrong, *options, "--force")
    assert answer.exit_code == 0
    assert out.exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--from", "torch", "--out", "a.pt"), "keras's weights are in files .weights.h5"),
        (("--from", "torch", "--out", "a.h5"), "keras's weights are in files .weights.h5"),
        (("--from", "keras", "--out", "a.keras"), "torch's weights are in files .pt"),
        (("--from", "keras", "--out", "nowhere/a.pt"), "there is no folder"),
        (("--from", "keras", "--out", "a.pt", "--weights", "none.keras"), "there is no such file"),
        (("--from", "keras", "--out", "a.pt", "--weights", "none.pt"), "keras's weights are in files"),
        (("--from", "keras", "--out", "a.pt", "--save-map", "nowhere/map.json"), "there is no folder"),
    ],
)
def test_bad_options_are_said_before_anything_starts(
    options: tuple[str, ...], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    answer = run("a.py:f", "b.py:f", "--input", "2x3", *options)
    assert not os.listdir(tmp_path)
    assert answer.exit_code == 2
    assert message in answer.output


def test_compare_saves_a_map_too(tmp_path: Path) -> None:
    what, file = PAIRS["gru"], tmp_path / "map.json"
    options = ("--input", *what.inputs, "--save-map", str(file))
    assert CliRunner().invoke(main, ["compare", what.torch, what.keras, *options]).exit_code == 0
    assert inputs.pairs(file)["fc"] == "dense"
