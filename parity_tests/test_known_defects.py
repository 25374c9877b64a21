"""Mistakes that other tools are known to pass: each is found here, and its rule would pass it.

What each tool does is written as a small rule, so that a test says what is wrong with it: the rule lets the
mistaken port pass, and `crosscheck compare` does not. A right port beside it is equal.
"""

import json
from collections.abc import Callable
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from crosscheck import testing
from crosscheck.cli import main
from crosscheck.errors import CrosscheckError
from crosscheck.ports import inputs
from crosscheck.ports.comparison import Ports
from crosscheck.ports.judgement import Judgement, Question, judge
from crosscheck.sides import Sides

FOLDER = Path(__file__).parent / "ported"
ORIGINALS, PORTS = f"{FOLDER / 'defect_originals.py'}", f"{FOLDER / 'defect_ports.py'}"
INPUTS = {"square": "2x2x5x5", "pooled": "2x2x7x7", "misfit": "4x3:int64:0..5"}
CLASSES = np.arange(4) % 3
# Largest error that these tools let pass.
LIMIT = 1e-4

Rule = Callable[[np.ndarray, np.ndarray], bool]


def what_goes_in(name: str) -> list[np.ndarray]:
    return inputs.read((INPUTS.get(name.partition("_")[0], "4x6"),))


def judged(sides: Sides, torch: str, keras: str, target: np.ndarray | None = None) -> Judgement:
    pair = f"{ORIGINALS}:{torch}", f"{PORTS}:{keras}"
    return judge(sides, Question(*pair, what_goes_in(torch), target, 4))


def outputs(sides: Sides, torch: str, keras: str) -> tuple[np.ndarray, np.ndarray]:
    """What both models return, as the side itself has it."""
    pair = f"{ORIGINALS}:{torch}", f"{PORTS}:{keras}"
    ports = Ports(sides, *pair, what_goes_in(torch))
    ports.compare()
    one, two = ports.values
    return one.values[ports.torch.outputs[0]], two.values[ports.keras.outputs[0]]


def not_above(one: np.ndarray, two: np.ndarray) -> bool:
    """reprod_log, and pt_to_tf of transformers: "is the largest difference above the limit"."""
    return not np.abs(one - two).max() > LIMIT


def where_neither_is_nan(one: np.ndarray, two: np.ndarray) -> bool:
    """The model tests of transformers: what is NaN in either is 0 in both."""
    either = np.isnan(one) | np.isnan(two)
    return not_above(np.where(either, 0, one), np.where(either, 0, two))


def nan_is_nought(one: np.ndarray, two: np.ndarray) -> bool:
    """ivy: `nan_to_num` of both."""
    return not_above(np.nan_to_num(one), np.nan_to_num(two))


def means(one: np.ndarray, two: np.ndarray) -> bool:
    """PaDiff, unless told otherwise, and reprod_log: the mean."""
    return abs(one.mean() - two.mean()) < LIMIT


def any_order_of_axes(one: np.ndarray, two: np.ndarray) -> bool:
    """onnx2tf: any order of the axes will do."""
    orders = (one.transpose(axes) for axes in permutations(range(one.ndim)))
    return any(order.shape == two.shape and not_above(order, two) for order in orders)


def other_shapes_are_skipped(one: np.ndarray, two: np.ndarray) -> bool:
    """onnx2tf: tensors of different shapes are not compared, which is no failure."""
    return one.shape != two.shape or not_above(one, two)


def as_sorted(one: np.ndarray, two: np.ndarray) -> bool:
    """MMdnn: both are sorted before they are compared."""
    return not_above(np.sort(one, axis=-1), np.sort(two, axis=-1))


@pytest.mark.filterwarnings("ignore:invalid value encountered")
@pytest.mark.parametrize(
    ("rule", "torch", "keras", "right"),
    [
        pytest.param(not_above, "plain", "plain_all_nan", "plain", id="reprod_log-nan_passes"),
        pytest.param(not_above, "plain", "plain_one_nan", "plain", id="pt_to_tf-nan_passes"),
        pytest.param(not_above, "with_nan", "with_nan", "", id="reprod_log-nan_on_both_sides_passes"),
        pytest.param(where_neither_is_nan, "plain", "plain_one_nan", "plain", id="transformers-nan_in_keras"),
        pytest.param(where_neither_is_nan, "with_nan", "plain", "", id="transformers-nan_in_torch"),
        pytest.param(nan_is_nought, "cut", "cut_nan", "cut", id="ivy-nan_is_nought"),
        pytest.param(means, "plain", "plain_permuted", "plain", id="padiff-only_means_are_compared"),
        pytest.param(means, "plain", "plain_sorted", "plain", id="reprod_log-only_means_are_compared"),
        pytest.param(any_order_of_axes, "square", "square_turned", "square", id="onnx2tf-any_order_of_axes"),
        pytest.param(
            other_shapes_are_skipped, "plain", "plain_longer", "plain", id="onnx2tf-other_shapes_are_skipped"
        ),
        pytest.param(as_sorted, "plain", "plain_sorted", "plain", id="mmdnn-outputs_are_sorted"),
        pytest.param(as_sorted, "plain", "plain_permuted", "plain", id="mmdnn-classes_in_another_order"),
    ],
)
def test_what_a_lax_rule_passes_is_different(
    rule: Rule, torch: str, keras: str, right: str, sides: Sides
) -> None:
    assert rule(*outputs(sides, torch, keras)), "this rule finds the mistake: the test shows nothing"
    found = judged(sides, torch, keras)
    assert not found.equal
    assert not found.report.comparison.equal
    assert max(found.report.comparison.outputs) > 0.01
    assert found.lines()[0].startswith("Different: ")
    if right:
        assert judged(sides, torch, right).equal


def test_padiff_only_the_first_step_is_compared(sides: Sides) -> None:
    training = judged(sides, "trained", "trained_momentum", CLASSES).training
    assert training is not None
    assert training.steps[0].loss < 1e-12
    assert training.steps[0].worst[1] < 1e-12
    assert training.first is not None
    assert training.first[0] == 2
    assert judged(sides, "trained", "trained", CLASSES).equal


def test_padiff_backward_localisation_goes_by_forward_outputs(tmp_path: Path, sides: Sides) -> None:
    # Through the command: in the processes of the tests Keras' warning of a missing gradient is an error.
    file = tmp_path / "found.json"
    arguments = [f"{ORIGINALS}:chain", f"{PORTS}:chain_stopped", "--input", "4x6", "--json", str(file)]
    assert CliRunner().invoke(main, ["compare", *arguments]).exit_code == 1
    found = json.loads(file.read_text())
    # By the outputs nothing could be found: they are equal everywhere.
    assert all(layer["accumulated"] < 1e-12 for layer in found["layers"])
    (finding,) = found["evidence"]
    assert finding["causes"] == ["gradient.stopped"]
    # It is stopped between a and b: either layer says so, and c, which goes before them backwards, does not.
    assert finding["place"] in ("torch a <-> keras a (dense)", "torch b <-> keras b (dense)")
    assert judged(sides, "chain", "chain").equal


def test_what_python_asks_of_symbolic_tensors_is_seen(sides: Sides) -> None:
    with pytest.raises(CrosscheckError, match="its own call gives something else"):
        judged(sides, "plain", "plain_operator")


@pytest.mark.parametrize(("port", "status"), [("plain", 0), ("plain_permuted", 1), ("plain_raising", 2)])
def test_keras_hub_a_failed_assertion_is_only_printed(port: str, status: int, tmp_path: Path) -> None:
    arguments = [f"{ORIGINALS}:plain", f"{PORTS}:{port}", "--input", "4x6"]
    answer = CliRunner().invoke(main, ["compare", *arguments, "--html", str(tmp_path / "found.html")])
    assert answer.exit_code == status
    assert (tmp_path / "found.html").exists() == (status < 2)


def test_keras_cv_attention_models_errors_are_swallowed(
    monkeypatch: pytest.MonkeyPatch, sides: Sides
) -> None:
    monkeypatch.setattr(testing, "_sides", lambda *_: sides)
    pair = f"{ORIGINALS}:plain", f"{PORTS}:plain"
    testing.assert_parity(*pair, "4x6")
    with pytest.raises(AssertionError, match="Different: the outputs are"):
        testing.assert_parity(pair[0], f"{PORTS}:plain_permuted", "4x6")
    for wrong in (f"{PORTS}:plain_raising", f"{PORTS}:none_such", "no_such_file.py:f"):
        with pytest.raises(CrosscheckError):
            testing.assert_parity(pair[0], wrong, "4x6")


def test_transformers_weights_that_do_not_fit_are_reshaped(sides: Sides) -> None:
    assert 12 * 4 == 6 * 8
    with pytest.raises(CrosscheckError, match="no layer of the other model is of the same kind and shape"):
        judged(sides, "misfit", "misfit_other_shape")
    assert judged(sides, "misfit", "misfit").equal


def test_nobuco_count_include_pad_is_ignored(sides: Sides) -> None:
    found = judged(sides, "pooled_counting", "pooled_not_counting")
    assert not found.equal
    assert any(name.startswith("pooling.") for name in found.report.findings[0].identifiers)
    assert judged(sides, "pooled_not_counting", "pooled_not_counting").equal


def test_nobuco_ceil_mode_is_ignored(sides: Sides) -> None:
    one, two = outputs(sides, "pooled_ceil", "pooled_floor")
    assert one.shape == (2, 3, 4, 4)
    assert two.shape == (2, 3, 3, 3)
    assert not judged(sides, "pooled_ceil", "pooled_floor").equal
    assert judged(sides, "pooled_ceil", "pooled_ceil").equal
