"""Batch norm folded in nets that others have published, and in those where folding is easily wrong."""

import numpy as np
import pytest

from crosscheck.errors import CallError
from crosscheck.folding import ELSEWHERE, OTHER_AXIS, between
from crosscheck.sides import Sides

# Batch norms of either framework's own net; Keras' ResNet has biases in its convolutions.
PAIRS = {"ResNet50": 53, "MobileNetV2": 52}
REMOVED = {
    ("ResNet50", "torch"): 26_560,
    ("ResNet50", "keras"): 53_120,
    ("MobileNetV2", "torch"): 17_056,
    ("MobileNetV2", "keras"): 17_056,
}
LIMIT = 1e-13  # of the largest output, in float64
TRIED = {
    "torch_grouped_transposed": "1",
    "torch_activation_in_place": between("relu"),
    "torch_second_output": ELSEWHERE,
    "torch_dense_of_sequences": f"4; {OTHER_AXIS}",
    "torch_one_unbatched_image": OTHER_AXIS,
    "torch_parametrized": "its input comes from conv",  # of a function, since the layer's kernel is none
    "keras_own_activation": between("relu"),
    "keras_other_axis": OTHER_AXIS,
    "keras_dense_of_sequences": f"last; {OTHER_AXIS}",
    "keras_model_in_model": "inner.bn; bn",
}


@pytest.mark.parametrize(("name", "side"), REMOVED)
def test_published_nets_have_all_their_batch_norms_folded(name: str, side: str, sides: Sides) -> None:
    x = np.random.default_rng(1).normal(size=(2, 64, 64, 3))
    found = getattr(sides, side).call(f"{side}_impl.published:folded", (name,), "float64", {}, x)
    assert (found["pairs"], found["left"], found["refused"]) == (PAIRS[name], 0, "none")
    assert found["parameters_removed"] == REMOVED[(name, side)]
    apart = np.abs(found["after"] - found["before"]).max() / np.abs(found["before"]).max()
    assert found["before"].std() > 0.1 * np.abs(found["before"]).max(), "outputs must differ to be compared"
    assert apart < LIMIT


@pytest.mark.parametrize("name", TRIED)
def test_what_is_folded_and_what_is_not(name: str, sides: Sides) -> None:
    side = getattr(sides, name.partition("_")[0])
    sides.keras.call("keras_impl.adapter:use_precision", "float64")
    said, apart = side.call(f"parity_tests.folding_nets:{name}")
    assert said == TRIED[name]
    assert apart < LIMIT


def test_what_is_frozen_stays_frozen(sides: Sides) -> None:
    expected = {"folded": "1 into 0", "refused": "none", "parameters": 108 + 8 + 125, "parameters_removed": 4}
    torch = sides.torch.call("parity_tests.folding_nets:torch_frozen")
    assert torch == expected | {"trained": ["3.weight", "3.bias"]}
    keras = sides.keras.call("parity_tests.folding_nets:keras_frozen")
    assert keras == expected | {"trained": ["3.kernel", "3.bias"]}


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("torch_in_training", r"ValueError.*eval\(\) first"),
        ("torch_out_of_reach", r"RuntimeError.*differs by"),
    ],
)
def test_what_cannot_be_right_is_refused(name: str, error: str, sides: Sides) -> None:
    with pytest.raises(CallError, match=error):
        sides.torch.call(f"parity_tests.folding_nets:{name}")
