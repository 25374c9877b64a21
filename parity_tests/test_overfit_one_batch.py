"""The check of one batch on every small net there is, and on nets and batches with something wrong."""

import importlib
from typing import Any

import numpy as np
import pytest

from crosscheck.experiments import overfit_one_batch as experiment
from crosscheck.optimizers import Adam
from crosscheck.overfitting import PASSED, Plan
from crosscheck.parameters import initial_weights
from crosscheck.sides import Sides
from crosscheck.technique import technique, techniques

PLAN = Plan(Adam(0.01), steps=300)
SHORT = Plan(Adam(0.01), steps=3)
NET = ("split_linear", "rectangular")
LARGEST = 10_000  # parameters; the others are for experiments
NETS = [
    (found.name, case.name)
    for found in techniques().values()
    for case in found.models
    if case.loss == "cross_entropy" and not case.counted_only and case.expected_count <= LARGEST
]


def batch(names: tuple[str, str], size: int = 6) -> tuple[np.ndarray, np.ndarray]:
    case = techniques()[names[0]].model(names[1])
    classes = next(reversed(case.parameters.values())).shape[-1]
    generator = np.random.default_rng(0)
    x = generator.normal(size=(size, *case.input_shape[1:])).astype(np.float32)
    return x, generator.permutation(classes)[:size]


@pytest.mark.parametrize("names", NETS, ids="/".join)
def test_every_small_net_passes(names: tuple[str, str], sides: Sides) -> None:
    found = sides.both("techniques.overfit_one_batch:overfit_case", names, batch(names), PLAN)
    assert [report.verdict for report in found] == [PASSED, PASSED]
    assert [report.measured.evaluation_hits for report in found] == [6, 6]


def test_every_net_of_other_images_is_among_them() -> None:
    # Those of the usual size are tried by the experiment, whose claim says the same.
    small = {names for names, case in experiment.classifiers() if case.input_shape[1:] != (32, 32, 3)}
    untried = small - set(NETS)
    assert {"/".join(names) for names in untried} == {
        "bn_folding/foldable",
        "classic_cnn/imagenet_eleven",
        "classic_cnn/imagenet_threes",
    }
    said = experiment.left_out((32, 32, 3))
    assert all("/".join(names) in said for names in untried)
    assert f" {len(small & set(NETS))} small nets" in said


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


def refused(name: str, changes: dict[str, Any]) -> tuple[str, bool]:
    """The error of `check` with some arguments changed, and whether the net is as it was; over there."""
    adapter = importlib.import_module(f"{name}_impl.adapter")
    check = importlib.import_module(f"{name}_impl.techniques.overfit_one_batch").check
    as_tensor = getattr(adapter, "tensor", None) or importlib.import_module("keras").ops.convert_to_tensor
    case = technique(NET[0]).model(NET[1])
    model = adapter.model_with(*NET, "float32", initial_weights(dict(case.parameters), 0))
    x, y = batch(NET)
    given = {"x": x, "y": y, "loss": "cross_entropy", "changes": {"fc3": "calm"}, "plan": SHORT} | changes
    given |= {name: as_tensor(given[name]) for name in ("x", "y")}
    before, error = adapter.dump(model, case), ""
    try:
        check(model, **given)
    except ValueError as raised:
        error = str(raised)
    after = adapter.dump(model, case)
    return error, all(np.array_equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"y": np.full(6, 10)}, "the labels are no classes"),
        ({"y": np.zeros(7, np.int64)}, "expected labels"),
        ({"plan": Plan(steps=0)}, "it takes a step"),
        ({"changes": {"fc3": "calm", "fc1": "tired"}}, "a layer can be"),
        ({"changes": {"fc3": "calm", "fc9": "dead"}}, "a layer can be"),
    ],
)
def test_what_is_refused_leaves_the_model_as_it_is(changes: dict, said: str, sides: Sides) -> None:
    for side in (sides.torch, sides.keras):
        error, same = side.call("parity_tests.test_overfit_one_batch:refused", side.name, changes)
        assert error.startswith(said)
        assert same


def silent_in_torch() -> tuple[str, ...]:
    """The silent layers of a net that calls one by keyword; over there."""
    import torch

    from torch_impl.techniques.overfit_one_batch import look

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.last = torch.nn.Linear(3, 4), torch.nn.Linear(4, 2)

        def forward(self, x):
            return self.last(input=0 * self.first(input=x))

    return look(Net(), torch.ones(5, 3))[1]


def silent_in_keras() -> tuple[str, ...]:
    """The same."""
    import keras
    from keras import ops

    from keras_impl.techniques.overfit_one_batch import look

    class Net(keras.Model):
        def __init__(self):
            super().__init__(name="net")
            self.first, self.last = (keras.layers.Dense(n, name=m) for n, m in ((4, "first"), (2, "last")))

        def call(self, x):
            return self.last(inputs=0 * self.first(inputs=x))

    model = Net()
    model(ops.ones((5, 3)))
    return look(model, ops.ones((5, 3)))[1]


def test_a_layer_may_be_called_by_keyword(sides: Sides) -> None:
    for side in (sides.torch, sides.keras):
        assert side.call(f"parity_tests.test_overfit_one_batch:silent_in_{side.name}") == ("last",)


def torch_verdict(kind: str, x: np.ndarray, y: np.ndarray, plan: Plan) -> str:
    """In PyTorch's process: of a small net with the norm, or with the dropout, that is asked for."""
    import torch

    from torch_impl.techniques.overfit_one_batch import cross_entropy, overfit

    torch.manual_seed(0)
    # The moving mean is as good as not moved.
    first = torch.nn.BatchNorm1d(5, momentum=1e-6) if kind == "norm" else torch.nn.Dropout(0.3)
    model = torch.nn.Sequential(first, torch.nn.Linear(5, 6))
    return overfit(model, cross_entropy, torch.from_numpy(x), torch.from_numpy(y), plan).verdict


def keras_verdict(kind: str, x: np.ndarray, y: np.ndarray, plan: Plan) -> str:
    """In Keras' process: of the same net."""
    import keras

    from keras_impl import adapter
    from keras_impl.techniques.overfit_one_batch import cross_entropy, overfit

    adapter.use_precision("float32")
    keras.utils.set_random_seed(0)
    norm = keras.layers.BatchNormalization(momentum=1 - 1e-6)
    first = norm if kind == "norm" else keras.layers.Dropout(0.3)
    model = keras.Sequential([keras.Input((5,)), first, keras.layers.Dense(6)])
    tensors = (keras.ops.convert_to_tensor(array) for array in (x, y))
    return overfit(model, cross_entropy, *tensors, plan).verdict


@pytest.mark.parametrize(
    ("kind", "plan", "said"),
    [
        ("norm", Plan(Adam(0.1), steps=100), "passes in training mode only"),
        ("dropout", Plan(Adam(0.01), steps=3), "two passes with the same weights differ"),
    ],
)
def test_what_only_training_mode_shows(kind: str, plan: Plan, said: str, sides: Sides) -> None:
    """A moving mean far from that of the batch; dropout, which makes each pass another."""
    far = 40 if kind == "norm" else 0
    x = (far + 0.1 * np.random.default_rng(0).normal(size=(6, 5))).astype(np.float32)
    y = np.array([3, 1, 5, 0, 4, 2])
    for side in (sides.torch, sides.keras):
        verdict = side.call(f"parity_tests.test_overfit_one_batch:{side.name}_verdict", kind, x, y, plan)
        assert said in verdict, side.name
