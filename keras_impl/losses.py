"""The losses of the cases, by name."""

import keras
from keras import ops

from crosscheck.technique import Case
from keras_impl import implementation


def loss_function(technique_name: str, case: Case) -> keras.Loss:
    """The case's loss of (target, output), averaged over the batch."""
    if case.loss == "cross_entropy":
        # PORT: Keras' default takes probabilities and clips them; PyTorch takes logits.
        return keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    if case.loss == "squared_error":
        return SquaredError()
    # PORT: PyTorch's losses are functions of (output, target); Keras' of (target, output).
    function = getattr(implementation(technique_name), case.loss)
    return OwnLoss(function)


class OwnLoss(keras.losses.Loss):
    """A technique's own loss: a function of (output, labels) that averages by itself."""

    def __init__(self, function):
        super().__init__(name="own_loss", reduction=None)
        self.function = function

    def call(self, y_true: keras.KerasTensor, y_pred: keras.KerasTensor) -> keras.KerasTensor:
        return self.function(y_pred, y_true)


class SquaredError(keras.losses.Loss):
    """Mean of (output - target)^2 over all elements."""

    def call(self, y_true: keras.KerasTensor, y_pred: keras.KerasTensor) -> keras.KerasTensor:
        # PORT: Keras' MeanSquaredError uses `ops.mean`, which computes in float32 on the jax backend
        # even where everything is float64; PyTorch's mse_loss stays in float64. A sum does so on both.
        squares = ops.square(y_pred - y_true)
        # Axis by axis: Keras' own mean over what is left would lose digits on jax.
        while squares.ndim > 1:
            squares = ops.sum(squares, axis=-1) / squares.shape[-1]
        return squares
