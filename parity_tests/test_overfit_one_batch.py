"""The check of one batch on every small net there is, and on nets and batches with something wrong."""

import numpy as np
import pytest

from crosscheck.optimizers import Adam
from crosscheck.overfitting import PASSED, Plan
from crosscheck.sides import Sides
from crosscheck.technique import techniques

PLAN = Plan(Adam(0.01), steps=300)
SHORT = Plan(Adam(0.01), steps=3)
NET = ("split_linear", "rectangular")
LARGEST = 10_000  # parameters; the others are for experiments
NETS = [
    (technique.name, case.name)
    for technique in techniques().values()
    for case in technique.models
    if case.loss == "cross_entropy" and not case.counted_only and case.expected_count <= LARGEST
]


def batch(names: tuple[str, str], size: int = 6) -> tuple[np.ndarray, np.ndarray]:
    shape = techniques()[names[0]].model(names[1]).input_shape[1:]
    generator = np.random.default_rng(0)
    return generator.normal(size=(size, *shape)).astype(np.float32), generator.permutation(10)[:size]


@pytest.mark.parametrize("names", NETS, ids="/".join)
def test_every_small_net_passes(names: tuple[str, str], sides: Sides) -> None:
    found = sides.both("techniques.overfit_one_batch:overfit_case", names, batch(names), PLAN)
    assert [report.verdict for report in found] == [PASSED, PASSED]
    assert [report.measured.evaluation_hits for report in found] == [6, 6]


def wrong(sides: Sides, y: np.ndarray, x: np.ndarray, plan: Plan = SHORT, **rest: object) -> str:
    """The verdict, which must be the same on both sides."""
    given = (0, rest.get("loss", "cross_entropy"), rest.get("changes", {}))
    torch, keras = sides.both("techniques.overfit_one_batch:overfit_case", NET, (x, y), plan, *given)
    assert torch.findings == keras.findings
    return torch.verdict


def test_labels_that_do_not_stay_with_their_images(sides: Sides) -> None:
    x, y = batch(NET)
    shuffled = np.stack([y, y, y[::-1]])
    assert wrong(sides, shuffled, x).startswith("labels do not stay with their images: example 0 is of class")


def test_identical_images_of_different_classes(sides: Sides) -> None:
    x, y = batch(NET)
    x[4] = x[1]
    assert wrong(sides, y, x).startswith("labels contradict: examples 1 and 4 are identical")


def test_probabilities_for_logits(sides: Sides) -> None:
    x, y = batch(NET)
    assert wrong(sides, y, x, changes={"fc3": "softmax"}).startswith("the outputs are probabilities")


def test_squared_error(sides: Sides) -> None:
    x, y = batch(NET)
    assert wrong(sides, y, x, loss="squared_error").endswith("it is a squared error")


def test_a_very_small_learning_rate_defeats_the_check(sides: Sides) -> None:
    x, y = batch(NET)
    verdict = wrong(sides, y, x, Plan(Adam(1e-6), steps=20))
    assert verdict.startswith("the loss does not fall: the weights hardly move")


def test_inputs_of_nothing_but_zeros(sides: Sides) -> None:
    x, y = batch(NET)
    assert wrong(sides, y, 0 * x) == (
        "labels contradict: examples 0 and 1 are identical, of classes " + f"{y[0]} and {y[1]}"
    )
