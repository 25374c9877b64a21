"""A user's Keras loss as a function of outputs; `torch_impl/loss_values.py` is its mirror."""

import warnings
from typing import Any

import keras
import numpy as np

from crosscheck.ports.recipe import LossValue
from keras_impl import adapter
from keras_impl.probe import GradientRecorder
from keras_impl.recipes import required, target_for
from keras_impl.trace import opened


class HeldOutput(keras.Model):
    """An output that is a variable, so that its gradient is written down as any other's.

    Args:
        shape: of the output.
        loss: the user's own.
    """

    def __init__(self, shape: tuple[int, ...], loss: Any):
        super().__init__(name="held_output")
        self.output_held = self.add_weight(shape=shape, initializer="zeros", name="output")
        self.held_loss = self.add_weight(shape=(), initializer="zeros", trainable=False, name="held_loss")
        # Not compiled where there is another way: that takes longer than the few passes there are.
        compiled = keras.backend.backend() == "jax"
        self.compile(optimizer=GradientRecorder(), loss=loss, jit_compile=compiled, run_eagerly=not compiled)
        self.optimizer.build(self.trainable_variables)

    def call(self, rows: Any, training: Any = None) -> Any:
        """The output, whatever is given."""
        return keras.ops.convert_to_tensor(self.output_held)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """As Keras computes it, and kept."""
        loss = super().compute_loss(x, y, y_pred, sample_weight, training)
        self.held_loss.assign(loss)
        return loss


def values(key: str, outputs: list[np.ndarray], target: np.ndarray) -> list[LossValue]:
    """The user's loss at some outputs."""
    subject = opened(key)
    _, loss = required(subject)
    wanted = target_for(target, outputs[0].shape, loss)
    held, found = HeldOutput(outputs[0].shape, loss), []
    for output in outputs:
        held.output_held.assign(output.astype(subject.dtype))
        for record in held.optimizer.recorded:
            record.assign(np.zeros(record.shape))
        with warnings.catch_warnings():  # a loss may be flat
            warnings.filterwarnings("ignore", "Gradients do not exist")
            held.train_on_batch(np.zeros((len(wanted), 1)), wanted)
        (gradient,) = held.optimizer.recorded
        found.append(LossValue(float(adapter.array(held.held_loss)), adapter.array(gradient)))
    return found
