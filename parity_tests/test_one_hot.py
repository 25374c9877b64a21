"""One-hot encoding where no case can look: inside a compiled graph, and which error it is."""

import numpy as np
import pytest

from crosscheck.sides import Side, Sides

LABELS = np.array([2, 0, 5, 1, -1])
CLASSES = 5


def compiled(labels: np.ndarray, classes: int) -> np.ndarray:
    """The encoding by a compiled Keras model; called over there."""
    import keras

    from keras_impl.techniques.one_hot import one_hot

    class Encoder(keras.Model):
        def call(self, labels):
            return one_hot(labels, classes)

    model = Encoder()
    model.compile()
    model.predict_on_batch(np.zeros_like(labels))  # jax builds a model by calling it uncompiled
    return model.predict_on_batch(labels)


def check_compiled(keras: Side) -> None:
    """A label out of range is a row of NaN there, and the others are what they should be."""
    found = keras.call("parity_tests.test_one_hot:compiled", LABELS, CLASSES)
    expected = (LABELS[:, None] == np.arange(CLASSES)).astype(found.dtype)
    expected[[2, 4]] = np.nan
    np.testing.assert_array_equal(found, expected)


def test_a_bad_label_shows_in_a_compiled_graph(sides: Sides) -> None:
    check_compiled(sides.keras)


def test_a_bad_label_shows_in_a_compiled_graph_on_jax(jax_sides: Sides) -> None:
    check_compiled(jax_sides.keras)


@pytest.mark.parametrize("odd", [-1, 5, 1.7])
def test_a_bad_label_is_the_same_error_on_both_sides(sides: Sides, odd: float) -> None:
    for side in (sides.torch, sides.keras):
        function = f"{side.name}_impl.techniques.one_hot:native_encodings"
        assert side.call(function, np.array([2, 0, odd, 1]), CLASSES)[f"ours, {side.name}"] == "ValueError"
