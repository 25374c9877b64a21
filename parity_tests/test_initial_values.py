"""How layers begin that draw or set their own weights, where nothing comes from outside."""

from dataclasses import replace

import numpy as np
import pytest

from crosscheck.layouts import Weights
from crosscheck.parameters import Parameters, block_dense, dense, prelu
from crosscheck.sides import Sides
from crosscheck.technique import Case, techniques

FEATURES, UNITS, SPLITS = 480, 2400, 8
PART = FEATURES // SPLITS, UNITS // SPLITS
SPLIT: dict[str, Parameters] = {
    "layer": dense("", *PART),
    "untied_layer": block_dense("", SPLITS, *PART),
}
# Each of the layers alone; within nets there is nothing else that sets its own.
CONSTANT = [
    *(("prelu", name) for name in ("channel", "layer", "element", "units")),
    *(("normalization", name) for name in ("batch_norm", "batch_norm_plain", "instance_norm")),
    ("bn_folding", "feature_norm"),
]
BEGINS = {"alpha": 0.25, "gamma": 1.0, "beta": 0.0, "moving_mean": 0.0, "moving_variance": 1.0}


def torch_fresh(technique: str, case: Case, seed: int) -> Weights:
    """In PyTorch's process: what a model holds that has just been built."""
    import torch

    from torch_impl import adapter

    torch.manual_seed(seed)
    return adapter.dump(adapter.build(technique, case, "float32"), case)


def keras_fresh(technique: str, case: Case, seed: int) -> Weights:
    """In Keras' process: the same."""
    import keras

    from keras_impl import adapter

    keras.utils.set_random_seed(seed)
    return adapter.dump(adapter.build(technique, case, "float32"), case)


def fresh(sides: Sides, technique: str, case: Case, seed: int) -> dict[str, Weights]:
    """Of either side."""
    return {
        side.name: side.call(f"parity_tests.test_initial_values:{side.name}_fresh", technique, case, seed)
        for side in (sides.torch, sides.keras)
    }


@pytest.mark.parametrize(("technique", "name"), CONSTANT)
def test_constants(technique: str, name: str, sides: Sides) -> None:
    """Slopes begin at 0.25, and norms as the identity."""
    case = techniques()[technique].model(name)
    for side, weights in fresh(sides, technique, case, 0).items():
        assert weights, side
        for path, value in weights.items():
            assert np.array_equal(value, np.full(value.shape, BEGINS[path], np.float32)), f"{side}: {path}"


def test_the_slopes_within_a_net_begin_as_those_of_a_layer(sides: Sides) -> None:
    case = techniques()["prelu"].model("small")
    slopes = {name for name in case.parameters if name.endswith("alpha")}
    assert prelu("act1", (13,)).keys() < slopes
    for side, weights in fresh(sides, "prelu", case, 0).items():
        assert all((weights[name] == 0.25).all() for name in slopes), side


@pytest.mark.parametrize("name", SPLIT)
def test_split_layers_begin_uniform_within_one_by_the_root_of_a_parts_features(
    name: str, sides: Sides
) -> None:
    """As PyTorch's dense layer does; kernel and bias each with numbers of their own."""
    case = replace(
        techniques()["split_linear"].model(name),
        name="fresh",
        arguments={"units": UNITS, "splits": SPLITS},
        in_arguments={"in_features": FEATURES},
        input_shape=(2, FEATURES),
        parameters=SPLIT[name],
    )
    bound = 1 / np.sqrt(PART[0])
    first, again, other = (fresh(sides, "split_linear", case, seed) for seed in (1, 1, 2))
    for side, weights in first.items():
        assert weights.keys() == {"kernel", "bias"}
        for path, value in weights.items():
            flat, what = value.astype(np.float64).ravel(), f"{side}: {path}"
            # Within four standard errors of what a uniform distribution has.
            error = 4 / np.sqrt(flat.size)
            assert 0.9 * bound < np.abs(flat).max() <= np.float32(bound), what
            assert abs(flat.mean()) < error * bound / np.sqrt(3), what
            assert abs(flat.var() / (bound**2 / 3) - 1) < error * np.sqrt(4 / 5), what
            assert np.unique(flat).size > 0.9 * flat.size, what
            assert np.array_equal(value, again[side][path]), what
            assert not np.array_equal(value, other[side][path]), what
        shared = np.intersect1d(weights["kernel"], weights["bias"]).size
        assert shared < 0.1 * weights["bias"].size, f"{side}: the bias is a part of the kernel"
