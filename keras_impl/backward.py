"""A user's Keras model forward and backward in training mode; `torch_impl/backward.py` is its mirror."""

import warnings
from typing import Any

import keras
import numpy as np
from keras import ops

from crosscheck.dataflow import Record
from crosscheck.ports.program import Backward, Drop
from keras_impl import adapter
from keras_impl.dropping import DROPOUTS, dropped, dropping_nothing
from keras_impl.probe import GradientRecorder
from keras_impl.trace import as_tensors, opened, perform, record_again


class Tapped(keras.Model):
    """The user's model done step by step, with a variable of zeros added to every tensor that is asked for.

    The gradient of such a variable is that of the tensor, on any backend.

    Args:
        key: of the model.
        done: what it does.
        inputs: of the model.
        shapes: of the tensors that are asked for, by number.
        cotangents: one for each output, of its shape.
        norms_only: as in `backward`.
    """

    def __init__(
        self,
        key: str,
        done: Record,
        inputs: list[np.ndarray],
        shapes: dict[int, tuple[int, ...]],
        cotangents: list[np.ndarray],
        norms_only: bool,
    ):
        super().__init__(name="tapped")
        self.subject, self.norms_only = opened(key).model, norms_only
        self.done, self.given, self.cotangents = done, as_tensors(key, inputs), cotangents
        self.taps = {
            number: self.add_weight(shape=shape, initializer="zeros", name=f"tap_{number}")
            for number, shape in shapes.items()
        }
        compiled = keras.backend.backend() == "jax"
        self.compile(
            optimizer=GradientRecorder(),
            loss=lambda target, total: ops.sum(total),
            jit_compile=compiled,
            run_eagerly=not compiled,
        )
        self.optimizer.build(self.trainable_variables)

    def call(self, rows: Any, training: Any = None) -> Any:
        """The weighted sum of the outputs."""
        values = {number: held for number, (_, held) in self.done.constants.items()}
        for number, tensor in zip(self.done.inputs, self.given, strict=True):
            values[number] = self._tapped(number, tensor)
        for step in self.done.steps:
            results = step_in_training(step, [values[number] for number in step.inputs], self.norms_only)
            for number, value in zip(step.outputs, keras.tree.flatten(results), strict=True):
                values[number] = self._tapped(number, value)
        # A model that goes another way in training may return other outputs; then its steps tell so.
        pairs = zip(self.done.outputs, self.cotangents, strict=False)
        total = sum(ops.sum(ops.cast(values[n], self.dtype) * ops.convert_to_tensor(c)) for n, c in pairs)
        return ops.reshape(total, (1, 1))

    def _tapped(self, number: int, value: Any) -> Any:
        """The tensor; in its own dtype, as a user's layer may have one that is not the model's."""
        return value + ops.cast(self.taps[number], value.dtype) if number in self.taps else value

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Without the penalties of regularizers, which belong to training and not to the model."""
        return ops.sum(y_pred)


def step_in_training(step: Any, inputs: list[Any], norms_only: bool = False) -> Any:
    """A step in training mode that drops nothing."""
    if isinstance(step.called, DROPOUTS):
        return inputs[0]
    if norms_only and isinstance(step.called, keras.layers.BatchNormalization):
        return step.called(inputs[0], training=True)  # whatever mode the step was recorded in
    return perform(step, inputs, not norms_only)


def backward(
    key: str,
    inputs: list[np.ndarray],
    wanted: tuple[int, ...],
    cotangents: list[np.ndarray],
    norms_only: bool = False,
) -> Backward:
    """Gradients of the sum of outputs times cotangents; the model is left as it was.

    Args:
        key: of the model.
        inputs: as `trace.run` takes them.
        wanted: numbers of the tensors whose gradients are asked for.
        cotangents: one for each output, of its shape.
        norms_only: train the norms, on the way that evaluation mode goes.
    """
    subject = opened(key)
    before = [(variable, adapter.array(variable)) for variable in subject.model.variables]
    done = record_again(key, inputs, not norms_only)
    drops = dropped(subject.model, done)  # before the block, which takes the rates from the model
    try:
        with dropping_nothing(subject.model):
            return _backward(key, done, inputs, wanted, cotangents, norms_only, drops)
    finally:
        for variable, array in before:
            variable.assign(array)


def _backward(
    key: str,
    done: Record,
    inputs: list[np.ndarray],
    wanted: tuple[int, ...],
    cotangents: list[np.ndarray],
    norms_only: bool,
    drops: tuple[Drop, ...],
) -> Backward:
    subject = opened(key)
    values = {number: held for number, (_, held) in done.constants.items()}
    values |= dict(zip(done.inputs, as_tensors(key, inputs), strict=True))
    for step in done.steps:
        results = step_in_training(step, [values[number] for number in step.inputs], norms_only)
        values |= dict(zip(step.outputs, keras.tree.flatten(results), strict=True))
    after = {variable.path: adapter.array(variable) for variable in subject.model.non_trainable_variables}
    arrays = {number: adapter.array(value) for number, value in values.items()}
    shapes = {n: arrays[n].shape for n in wanted if n in arrays and arrays[n].dtype.kind == "f"}
    tapped = Tapped(key, done, inputs, shapes, cotangents, norms_only)
    with warnings.catch_warnings():  # what the gradient does not reach is seen, and is what is looked for
        warnings.filterwarnings("ignore", "Gradients do not exist")
        tapped.train_on_batch(np.zeros((1, 1)), np.zeros((1, 1)))
    found = zip(tapped.trainable_variables, tapped.optimizer.recorded, strict=True)
    recorded = {variable.path: adapter.array(gradient) for variable, gradient in found}
    return Backward(
        arrays,
        {number: recorded[tap.path] for number, tap in tapped.taps.items()},
        {v.path: recorded[v.path] for v in subject.model.trainable_variables if v.path in recorded},
        after,
        tuple(step.operation for step in done.steps),
        drops,
    )
