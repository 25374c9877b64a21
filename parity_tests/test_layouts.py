"""The layout table: both directions, strict, against transposes written out by hand."""

import numpy as np
import pytest

from crosscheck import layouts
from crosscheck.errors import WeightsError
from crosscheck.layouts import LAYOUTS, Parameter
from crosscheck.parameters import conv2d, dense, initial_weights, trained_like_weights

SIZES = {"cin": 3, "cout": 5, "kh": 2, "kw": 7, "mult": 4, "blocks": 6, "c": 8, "h": 9, "w": 10, "1": 1}
SIZES |= {"k": 11, "kd": 12, "n": 13, "d": 6, "t": 14}
GENERATOR = np.random.default_rng(0)


def example(kind: str) -> tuple[Parameter, np.ndarray]:
    shape = tuple(SIZES[axis] for axis in LAYOUTS[kind].neutral.split())
    return Parameter(kind, shape, 1), GENERATOR.normal(size=shape)


@pytest.mark.parametrize("kind", LAYOUTS)
@pytest.mark.parametrize("side", ["torch", "keras"])
def test_there_and_back_is_the_same_bit_for_bit(kind: str, side: str) -> None:
    parameter, array = example(kind)
    there = layouts.to_side(array, parameter, side)
    assert there.shape == layouts.side_shape(parameter, side)
    assert np.array_equal(layouts.from_side(there, parameter, side), array)
    assert not np.shares_memory(there, array)


BY_HAND = {
    "dense.kernel": lambda w: w.T,
    "block_dense.kernel": lambda w: w.transpose(0, 2, 1),
    "conv1d.kernel": lambda w: w.transpose(2, 1, 0),
    "conv2d.kernel": lambda w: w.transpose(3, 2, 0, 1),
    "conv3d.kernel": lambda w: w.transpose(4, 3, 0, 1, 2),
    "conv1d_transpose.kernel": lambda w: w.transpose(2, 1, 0),
    "conv3d_transpose.kernel": lambda w: w.transpose(4, 3, 0, 1, 2),
    "conv2d_transpose.kernel": lambda w: w.transpose(3, 2, 0, 1),
    "depthwise_conv1d.kernel": lambda w: w.transpose(1, 2, 0).reshape(12, 1, 11),
    "depthwise_conv2d.kernel": lambda w: w.transpose(2, 3, 0, 1).reshape(12, 1, 2, 7),
    "prelu_channels.alpha": lambda w: w[0, 0],
    "prelu_elements.alpha": lambda w: w.transpose(2, 0, 1),
    "prelu_steps.alpha": lambda w: w[0],
    "prelu_volumes.alpha": lambda w: w[0, 0, 0],
    "prelu_elements_of_steps.alpha": lambda w: w.T,
    "prelu_elements_of_volumes.alpha": lambda w: w.transpose(3, 0, 1, 2),
}


@pytest.mark.parametrize("kind", BY_HAND)
def test_torch_layout_as_written_out_by_hand(kind: str) -> None:
    parameter, array = example(kind)
    assert np.array_equal(layouts.to_side(array, parameter, "torch"), BY_HAND[kind](array))


def test_every_other_kind_is_a_vector_or_a_table_that_stays_as_it_is() -> None:
    for kind in LAYOUTS.keys() - BY_HAND.keys():
        parameter, array = example(kind)
        assert np.array_equal(layouts.to_side(array, parameter, "torch"), array)


PARAMETERS = conv2d("conv1", (3, 3), 4, 4) | dense("fc", 6, 6)
WEIGHTS = trained_like_weights(PARAMETERS, 0)


def test_names() -> None:
    assert list(layouts.pack(WEIGHTS, PARAMETERS, "torch")) == [
        "conv1.weight", "conv1.bias", "fc.weight", "fc.bias",
    ]  # fmt: skip
    assert list(layouts.pack(WEIGHTS, PARAMETERS, "keras")) == [
        "conv1/kernel", "conv1/bias", "fc/kernel", "fc/bias",
    ]  # fmt: skip


def test_every_problem_is_listed_at_once() -> None:
    wrong = {k: v for k, v in WEIGHTS.items() if k != "fc.bias"}
    wrong["extra.kernel"] = np.zeros(3)
    wrong["conv1.bias"] = np.zeros((2, 2))  # same number of elements: must not be reshaped to fit
    with pytest.raises(WeightsError) as caught:
        layouts.pack(wrong, PARAMETERS, "torch")
    for part in ("fc.bias is missing", "extra.kernel is left over", "conv1.bias has shape (2, 2)"):
        assert part in str(caught.value)


def test_torch_bookkeeping_is_no_parameter() -> None:
    state = layouts.pack(WEIGHTS, PARAMETERS, "torch") | {"bn.num_batches_tracked": np.array(3)}
    assert layouts.unpack(state, PARAMETERS, "torch").keys() == WEIGHTS.keys()
    with pytest.raises(WeightsError, match=r"bn.running_mean is left over"):
        layouts.unpack(state | {"bn.running_mean": np.zeros(4)}, PARAMETERS, "torch")


def test_initial_weights_are_pytorchs_distribution_and_the_seed_decides() -> None:
    parameters = dense("fc", 400, 300)
    weights = initial_weights(parameters, 1)
    kernel = weights["fc.kernel"]
    assert kernel.dtype == np.float32
    assert np.abs(kernel).max() <= 1 / 20
    assert kernel.std() == pytest.approx(1 / 20 / np.sqrt(3), rel=0.01)
    assert np.abs(weights["fc.bias"]).max() > 0.04
    assert np.array_equal(kernel, initial_weights(parameters, 1)["fc.kernel"])
    assert not np.array_equal(kernel, initial_weights(parameters, 2)["fc.kernel"])
