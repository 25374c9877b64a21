"""What is special about the split layer."""

import numpy as np
import pytest

from crosscheck.errors import CallError
from crosscheck.parameters import trained_like_weights
from crosscheck.sides import Sides
from crosscheck.specs.split_linear import TECHNIQUE, split_linear
from crosscheck.technique import Case


def block_diagonal(kernel: np.ndarray, splits: int) -> np.ndarray:
    """The dense kernel that does what the split layer does."""
    inputs, outputs = kernel.shape[-2:]
    wide = np.zeros((splits * inputs, splits * outputs))
    for s in range(splits):
        block = kernel if kernel.ndim == 2 else kernel[s]
        wide[s * inputs : (s + 1) * inputs, s * outputs : (s + 1) * outputs] = block
    return wide


@pytest.mark.parametrize("name", ["layer", "untied_layer"])
def test_it_is_a_dense_layer_with_a_block_diagonal_kernel(name: str, sides: Sides) -> None:
    case = TECHNIQUE.model(name)
    weights = trained_like_weights(dict(case.parameters), 5)
    generator = np.random.default_rng(5)
    x, target = generator.normal(size=case.input_shape), generator.normal(size=(3, 56))
    bias = weights["bias"].ravel() if name == "untied_layer" else np.tile(weights["bias"], 8)
    expected = x @ block_diagonal(weights["kernel"], 8) + bias
    np.testing.assert_allclose(split_linear(x, weights["kernel"], weights["bias"], 8), expected, rtol=1e-12)
    found = sides.both("adapter:evaluate", "split_linear", name, "float64", [(weights, x)], target)
    for side in found:
        np.testing.assert_allclose(side[0]["output"], expected, rtol=1e-12)


def test_gradients_are_summed_over_the_parts_and_not_averaged(sides: Sides) -> None:
    case = TECHNIQUE.model("layer")
    weights = trained_like_weights(dict(case.parameters), 6)
    generator = np.random.default_rng(6)
    x, target = generator.normal(size=case.input_shape), generator.normal(size=(3, 56))
    output = split_linear(x, weights["kernel"], weights["bias"], 8)
    upstream = (2 * (output - target) / output.size).reshape(3, 8, 7)
    by_hand = np.einsum("bsi,bso->io", x.reshape(3, 8, 15), upstream)  # the article would divide by 8
    found = sides.both("adapter:evaluate", "split_linear", "layer", "float64", [(weights, x)], target)
    for side in found:
        np.testing.assert_allclose(side[0]["gradient/kernel"], by_hand, rtol=1e-10, atol=1e-15)


def test_one_part_is_a_plain_dense_layer() -> None:
    generator = np.random.default_rng(7)
    x, kernel, bias = (generator.normal(size=shape) for shape in ((3, 20), (20, 6), (6,)))
    np.testing.assert_allclose(split_linear(x, kernel, bias, 1), x @ kernel + bias)


@pytest.mark.parametrize(("features", "units", "splits"), [(120, 56, 7), (120, 55, 8), (120, 56, 0)])
def test_sizes_that_do_not_divide_are_refused(features: int, units: int, splits: int, sides: Sides) -> None:
    for build in ("SplitLinear", "UntiedSplitLinear"):
        case = Case(
            "odd", build, {"units": units, "splits": splits}, {"in_features": features},
            (2, features), {}, 0, "squared_error", (),
        )  # fmt: skip
        for side in ("torch", "keras"):
            with pytest.raises(CallError, match=r"ValueError.*do not divide into"):
                getattr(sides, side).call(f"{side}_impl.adapter:build", "split_linear", case, "float32")


def test_the_articles_parameter_counts() -> None:
    counts = {case.name: case.expected_count for case in TECHNIQUE.cases}
    assert (counts["control"], counts["split"], counts["adjusted"]) == (62_186, 8_618, 61_178)
    # `wide` is as wide as the parameters of `untied` allow: one unit more would exceed them.
    assert counts["wide"] <= counts["untied"] < counts["wide"] + 461
