"""Gradients of a Keras model on any backend, by means that all backends share.

Each backend differentiates in its own way (tape, transformation, graph), but Keras' training step
hands the finished gradients to the optimizer whatever the backend. So an optimizer that writes
them down instead of applying them gets them everywhere, and an input that is held as a trainable
variable has its gradient written down like any other.
"""

import keras
import numpy as np
from keras import ops


class GradientRecorder(keras.optimizers.Optimizer):
    """An optimizer that leaves the variables alone and keeps their gradients."""

    def __init__(self):
        super().__init__(learning_rate=0.0)

    def build(self, variables):
        if not self.built:
            super().build(variables)
            self.recorded = [self.add_variable_from_reference(v, name="gradient") for v in variables]

    def update_step(self, gradient, variable, learning_rate):
        # An embedding's gradient on TensorFlow is a list of rows, some of them several times: they are added.
        record = self.recorded[self._get_variable_index(variable)]
        self.assign(record, ops.zeros(record.shape, record.dtype))
        self.assign_add(record, gradient)


class Probe(keras.Model):
    """A model with its input held as a variable; one training step records everything about it.

    Args:
        model: the model to look into; it is left as it was but for its buffers.
        input_shape: with the batch.
        output_shape: with the batch.
        loss: from (target, output) to a scalar.
        how: it is executed, as arguments of `compile`; by default as fast as for a few passes.
    """

    def __init__(
        self,
        model: keras.Layer,
        input_shape,
        output_shape,
        loss: keras.Loss,
        how: dict[str, bool] | None = None,
    ):
        super().__init__(name="probe")
        self.model = model
        self.held_input = self.add_weight(shape=input_shape, initializer="zeros", name="held_input")
        # PORT: where Keras casts a variable for mixed precision, its torch backend assigns to the cast copy.
        keep = {"initializer": "zeros", "trainable": False, "autocast": False}
        self.held_output = self.add_weight(shape=output_shape, name="held_output", **keep)
        self.held_loss = self.add_weight(shape=(), name="held_loss", **keep)
        # Not compiled where there is another way: that takes longer than the few passes there are.
        compiled = keras.backend.backend() == "jax"
        how = how or {"jit_compile": compiled, "run_eagerly": not compiled}
        self.compile(optimizer=GradientRecorder(), loss=loss, **how)
        self.optimizer.build(self.trainable_variables)

    def call(self, rows, training=None):
        output = self.model(self.held_input, training=training)
        self.held_output.assign(output)
        return output

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        loss = super().compute_loss(x, y, y_pred, sample_weight, training)
        self.held_loss.assign(loss)
        return loss

    def run(self, x: np.ndarray, target: np.ndarray) -> None:
        """One forward and backward pass in training mode; the results are kept until the next."""
        self.held_input.assign(x)
        self.train_on_batch(np.zeros((len(x), 1)), target)

    # Not `forward`: on its torch backend a Keras model is a torch.nn.Module, which calls that.
    def outputs_for(self, x: np.ndarray) -> np.ndarray:
        """The output in evaluation mode."""
        self.held_input.assign(x)
        output = np.asarray(self.predict_on_batch(np.zeros((len(x), 1))))
        return output if output.dtype == np.float64 else output.astype(np.float32)  # it may be bfloat16

    def gradients(self) -> dict[str, keras.Variable]:
        """The gradient of each of the model's trainable variables, by the variable's path."""
        found = zip(self.trainable_variables, self.optimizer.recorded, strict=True)
        return {v.path: gradient for v, gradient in found if v is not self.held_input}

    def input_gradient(self) -> keras.Variable:
        """The gradient of the input."""
        index = [v is self.held_input for v in self.trainable_variables].index(True)
        return self.optimizer.recorded[index]
