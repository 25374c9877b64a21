"""What batch norm does in Keras beside the forward pass: a frozen layer, as Keras has it."""

import numpy as np
import pytest

from crosscheck.sides import Sides


def frozen(x: np.ndarray) -> dict[str, np.ndarray]:
    """In Keras' process: a frozen batch norm in training and in evaluation, and its mean after that."""
    from keras import ops

    from keras_impl import adapter
    from keras_impl.techniques.bn_folding import FeatureNorm
    from keras_impl.techniques.normalization import BatchNorm

    adapter.use_precision("float64")
    found = {}
    for name, layer, given in (("maps", BatchNorm(), x), ("features", FeatureNorm(), x[:, 0, 0])):
        layer.build(given.shape)
        layer.trainable = False
        for training in (True, False):
            found[f"{name}/{training}"] = adapter.array(
                layer(ops.convert_to_tensor(given), training=training)
            )
        found[f"{name}/mean"] = adapter.array(layer.moving_mean)
    return found


@pytest.mark.parametrize("what", ["maps", "features"])
def test_a_frozen_batch_norm_keeps_its_statistics(what: str, sides: Sides) -> None:
    x = np.random.default_rng(0).normal(3.0, 2.0, (5, 4, 6, 3))
    found = sides.keras.call("parity_tests.test_normalization:frozen", x)
    assert np.array_equal(found[f"{what}/True"], found[f"{what}/False"])
    assert np.array_equal(found[f"{what}/mean"], np.zeros(3))
