"""A user's Keras model in training on one batch, by Keras' own training step, on any backend."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras

from keras_impl import adapter
from keras_impl.dropping import dropping_nothing
from keras_impl.trace import Opened


class Course(keras.Model):
    """The model with its input inside; the loss of the last step is kept, and its penalties beside it.

    Args:
        subject: whose model is trained in place.
        inputs: the same in every step.
        optimizer: the user's own.
        loss: the same.
    """

    def __init__(self, subject: Opened, inputs: list[Any], optimizer: keras.Optimizer, loss: Any):
        super().__init__(name="course")
        self.subject, self.model = subject, subject.model
        self.given = inputs
        kept: dict[str, Any] = {"shape": (), "initializer": "zeros", "trainable": False}
        self.held_loss = self.add_weight(name="held_loss", **kept)
        self.held_penalty = self.add_weight(name="held_penalty", **kept)
        # Not compiled where there is another way: that takes longer than the few steps there are.
        compiled = keras.backend.backend() == "jax"
        self.compile(optimizer=optimizer, loss=loss, jit_compile=compiled, run_eagerly=not compiled)

    def call(self, rows, training=None):
        return called(self.subject, self.given, training)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        loss = super().compute_loss(x, y, y_pred, sample_weight, training)
        self.held_penalty.assign(sum(self.losses))
        self.held_loss.assign(loss - sum(self.losses))
        return loss


def called(subject: Opened, inputs: list[Any], training: bool | None) -> Any:
    """What a model makes of its inputs, given as it takes them."""
    mode = {"training": training} if subject.model._call_has_training_arg else {}
    return subject.model(*subject.arranged(inputs), **mode)


@contextmanager
def undisturbed(subject: Opened, optimizer: keras.Optimizer) -> Iterator[None]:
    """No dropout; afterwards model and optimizer are as they were."""
    if not optimizer.built:
        optimizer.build(subject.model.trainable_variables)
    kept = [(v, adapter.array(v)) for v in (*subject.model.variables, *optimizer.variables)]
    try:
        with dropping_nothing(subject.model), warnings.catch_warnings():
            # What gets no gradient is seen in the weights.
            warnings.filterwarnings("ignore", message="Gradients do not exist")
            yield
    finally:
        for variable, value in kept:
            variable.assign(value)
