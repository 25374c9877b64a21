"""A user's Keras model, opened and watched; `torch_impl/trace.py` is its mirror.

What the model does is recorded with symbolic tensors and then done again, step by step, with real
ones: so every tensor on the way can be had, on any backend, and a step can be fed something else.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from crosscheck.dataflow import Record, Step
from crosscheck.errors import CrosscheckError
from crosscheck.layouts import Weights
from crosscheck.ports import factory
from crosscheck.ports.program import Held, Node, Part, Program, Trace
from keras_impl import adapter
from keras_impl.graph import record
from keras_impl.kinds import describe, is_whole


@dataclass
class Opened:
    """A model in this process."""

    model: keras.Model
    dtype: str
    made: factory.Made


_open: dict[str, Opened] = {}


def open_model(key: str, source: str, dtype: str) -> None:
    """Build a user's model and keep it under a key.

    Raises:
        CrosscheckError: it cannot be built, or is no model.
    """
    keras.utils.clear_session(free_memory=False)
    adapter.use_precision(dtype)
    keras.utils.set_random_seed(0)
    made = factory.make(source)
    model = made.model
    if not isinstance(model, keras.Layer):
        raise CrosscheckError(f"{source} returned a {type(model).__name__}, not a keras.Model")
    _open[key] = Opened(model, dtype, made)


def opened(key: str) -> Opened:
    """The model under a key."""
    return _open[key]


def program(key: str, inputs: list[np.ndarray]) -> Program:
    """What the model does with such inputs, in evaluation mode."""
    subject = opened(key)
    found = _record(subject, inputs, False)
    nodes = list(_nodes(found))
    held = {tensor.name for node in nodes for tensor in node.held.values()}
    loose = tuple(v.path for v in subject.model.variables if v.path not in held and "seed" not in v.name)
    return Program("keras", tuple(nodes), found.inputs, found.outputs, loose)


def run(key: str, inputs: list[np.ndarray], training: bool) -> Trace:
    """Every tensor on the way from the inputs to the outputs."""
    subject = opened(key)
    found = _record(subject, inputs, training)
    values = dict(
        zip(found.inputs, (ops.convert_to_tensor(_cast(a, subject.dtype)) for a in inputs), strict=True)
    )
    for step in found.steps:
        results = perform(step, [values[number] for number in step.inputs], training)
        values |= dict(zip(step.outputs, keras.tree.flatten(results), strict=True))
    return Trace({number: adapter.array(value) for number, value in values.items()})


def replay(key: str, inputs: list[np.ndarray], parts: list[Part]) -> list[np.ndarray | None]:
    """What some stretches of the model make of tensors that are given; None where they do not take them."""
    subject = opened(key)
    steps = _record(subject, inputs, False).steps
    found: list[np.ndarray | None] = []
    for part in parts:
        values = {n: ops.convert_to_tensor(_cast(array, subject.dtype)) for n, array in part.given.items()}
        try:
            for index in part.steps:
                step = steps[index]
                results = perform(step, [values[number] for number in step.inputs], False)
                values |= dict(zip(step.outputs, keras.tree.flatten(results), strict=True))
            found.append(adapter.array(values[part.wanted]))
        except (ValueError, TypeError, KeyError, RuntimeError, ArithmeticError):
            found.append(None)
    return found


def input_shapes(key: str) -> list[tuple[int | None, ...]]:
    """What the model says of its inputs; empty if it says nothing."""
    try:
        return [tuple(tensor.shape) for tensor in keras.tree.flatten(_open[key].model.inputs)]
    except AttributeError:
        return []


def perform(step: Step, inputs: list[Any], training: bool) -> Any:
    """Do a step with other tensors than it was recorded with."""
    given = iter(inputs)
    positional, named = (_substituted(value, given) for value in step.arguments)
    if isinstance(step.called, keras.Layer):
        if step.called._call_has_training_arg:
            named = {"training": training} | named
        return step.called(*positional, **named)
    return step.called.call(*positional, **named)


def set_weights(key: str, wanted: dict[str, Held], given: Weights) -> None:
    """Put neutral weights into the model."""
    variables = {v.path: v for v in _open[key].model.variables}
    for name, held in wanted.items():
        variables[held.name].assign(given[name])


def get_weights(key: str, wanted: dict[str, Held]) -> Weights:
    """Neutral weights that the model holds; the inverse of `set_weights`."""
    variables = {v.path: v for v in opened(key).model.variables}
    return {name: adapter.array(variables[held.name]) for name, held in wanted.items()}


def _cast(array: np.ndarray, dtype: str) -> np.ndarray:
    return array.astype(dtype) if array.dtype.kind == "f" else array


def _record(subject: Opened, inputs: list[np.ndarray], training: bool) -> Record:
    symbolic = [
        keras.KerasTensor(a.shape, subject.dtype if a.dtype.kind == "f" else str(a.dtype)) for a in inputs
    ]
    if not subject.model.built:
        subject.model(*symbolic)
    return record(subject.model, *symbolic, whole=is_whole, training=training)


def _substituted(value: Any, given: Iterator[Any]) -> Any:
    """The value with its symbolic tensors, in their order, replaced by those given."""
    if isinstance(value, keras.KerasTensor):
        return next(given)
    if isinstance(value, list | tuple):
        return type(value)(_substituted(item, given) for item in value)
    if isinstance(value, dict):
        return {name: _substituted(item, given) for name, item in value.items()}
    return value


def _nodes(found: Record) -> Iterator[Node]:
    number, between = 0, 0
    for index_of_step, step in enumerate(found.steps):
        parts = describe(step)
        inputs = step.inputs
        for index, (kind, settings, roles) in enumerate(parts):
            outputs = step.outputs
            if index < len(parts) - 1:
                between -= 1  # a tensor inside a layer, which nobody sees
                outputs = (between,)
            held = {}
            for role, (name, row) in roles.items():
                variable = getattr(step.called, name)
                held[role] = Held(variable.path, row, tuple(variable.shape))
            yield Node(number, step.path, kind, settings, held, inputs, outputs, index_of_step)
            number, inputs = number + 1, outputs
