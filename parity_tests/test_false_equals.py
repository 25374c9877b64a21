"""Ports that were once called equal and are not, with the right ones beside them."""

from pathlib import Path

import numpy as np
import pytest

from crosscheck.errors import CrosscheckError
from crosscheck.ports import inputs
from crosscheck.ports.divergence import relative_error
from crosscheck.ports.judgement import Judgement, Question, judge
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
