"""The trainers that the scripts use: when they train, when they only predict, and what decays."""

import numpy as np
import pytest

from crosscheck.layouts import LAYOUTS, Parameter, Weights
from crosscheck.optimizers import SGD
from crosscheck.parameters import initial_weights
from crosscheck.sides import Side, Sides
from crosscheck.technique import technique

SESSION = "crosscheck.training.session"
STEPS = 3
KERNELS = ["block1.conv.", "block2.conv.", "block3.conv.", "fc1.", "fc2."]


def course(side: Side, case_name: str, predicting: bool) -> tuple[Weights, list[np.ndarray], np.ndarray]:
    """A net with batch norm trained twice; in between, and then, it may predict.

    Returns:
        the weights in the end, what was predicted each time, and from which images.
    """
    case = technique("cifar_cnn").model(case_name)
    generator = np.random.default_rng(0)
    x = generator.normal(1.0, 2.0, size=(2, STEPS, 8, *case.input_shape[1:]))
    y = generator.integers(0, 10, (2, STEPS, 8))
    unseen = generator.normal(-1.0, 0.5, size=(5, *case.input_shape[1:]))
    start = {n: w.astype(float) for n, w in initial_weights(dict(case.parameters), 0).items()}
    side.call(f"{SESSION}:begin", side.name, "k", "cifar_cnn", case_name, "float64", SGD(0.1), start, STEPS)
    predicted = []
    for images, labels in zip(x, y, strict=True):
        side.call(f"{SESSION}:train", "k", images, labels)
        if predicting:
            predicted.append(side.call(f"{SESSION}:predict", "k", unseen))
            predicted.append(side.call(f"{SESSION}:predict", "k", unseen[:2]))
    weights = side.call(f"{SESSION}:weights", "k")
    side.call(f"{SESSION}:end", "k")
    return weights, predicted, unseen


@pytest.mark.parametrize("case_name", ["small_bn_before", "small_residual"])
def test_predicting_changes_nothing_and_training_goes_on_after_it(case_name: str, sides: Sides) -> None:
    found = technique("cifar_cnn")
    for side in (sides.torch, sides.keras):
        alone, _, _ = course(side, case_name, predicting=False)
        weights, predicted, unseen = course(side, case_name, predicting=True)
        for name, value in alone.items():
            assert np.array_equal(weights[name], value), (side.name, name)
        # By the moving statistics, whatever the other images of a batch are.
        expected, _ = found.oracle(found.model(case_name), weights, unseen, False)
        for output in predicted[2:]:
            assert np.abs(output - expected[: len(output)]).max() < 1e-12, side.name
        assert np.abs(predicted[0][:2] - predicted[1]).max() < 1e-12
        assert np.abs(predicted[0] - predicted[2]).max() > 1e-3  # it went on learning


def decayed(side: str, technique_name: str, case_name: str) -> list[list[str]]:
    """In the side's own process: the parameters that decay, and the others, by the side's names."""
    if side == "torch":
        from torch_impl import adapter

        names = torch_names
    else:
        from keras_impl import adapter

        names = keras_names
    case = technique(technique_name).model(case_name)
    model = adapter.build(technique_name, case, "float32")
    known = names(model)
    return [sorted(known[id(parameter)] for parameter in group) for group in adapter.by_decay(model, case)]


def torch_names(model) -> dict[int, str]:
    """PyTorch's parameters by identity."""
    return {id(parameter): name for name, parameter in model.named_parameters()}


def keras_names(model) -> dict[int, str]:
    """Keras' variables by identity."""
    from keras_impl import adapter

    return {id(variable): name.replace("/", ".") for name, variable in adapter.variables(model).items()}


@pytest.mark.parametrize(
    ("technique_name", "case_name", "kernels"),
    [
        ("cifar_cnn", "small_bn_before", KERNELS),
        ("prelu", "baseline_element", KERNELS),
        ("split_linear", "untied_layer", [""]),
    ],
)
def test_kernels_decay_and_nothing_else(
    technique_name: str, case_name: str, kernels: list[str], sides: Sides
) -> None:
    """Not the gains of norms, not slopes of as many axes as a kernel, not a bias of two axes."""
    for side, role in ((sides.torch, "weight"), (sides.keras, "kernel")):
        found, others = side.call("parity_tests.test_trainers:decayed", side.name, technique_name, case_name)
        assert found == [name + role for name in kernels], (found, others)


def test_which_kinds_decay() -> None:
    found = {kind for kind in LAYOUTS if Parameter(kind, (1,), 1).decayed}
    layers = {"dense", "block_dense", *(f"conv{n}d{kind}" for n in (1, 2, 3) for kind in ("", "_transpose"))}
    assert found == {f"{layer}.kernel" for layer in layers | {"depthwise_conv1d", "depthwise_conv2d"}}
