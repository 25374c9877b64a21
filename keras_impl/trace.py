"""A user's Keras model, opened and watched; `torch_impl/trace.py` is its mirror.

What the model does is recorded with symbolic tensors and then done again, step by step, with real
ones: so every tensor on the way can be had, on any backend, and a step can be fed something else.
"""

import inspect
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from crosscheck.dataflow import Record, Step
from crosscheck.errors import CrosscheckError
from crosscheck.layouts import Weights
from crosscheck.ports import factory
from crosscheck.ports.program import Again, Held, Program, Trace
from keras_impl import adapter
from keras_impl.dropping import DROPOUTS
from keras_impl.expansions import code
from keras_impl.graph import record
from keras_impl.kinds import describe, is_whole
from keras_impl.masks import clear
from keras_impl.nodes import names_of, nodes_of
from keras_impl.policies import none_mixed
from keras_impl.volumes import pool_volumes_in_float64
from keras_impl.whole_numbers import keep_int32


@dataclass
class Opened:
    """A model in this process."""

    model: keras.Model
    dtype: str
    made: factory.Made
    names: tuple[str, ...] = ()
    recorded: tuple[list[tuple[int, ...]], Record] | None = None

    def steps_for(self, inputs: list[np.ndarray]) -> Record:
        """What it does in evaluation mode, recorded once for inputs of these shapes."""
        shapes = [array.shape for array in inputs]
        if self.recorded is None or self.recorded[0] != shapes:
            self.recorded = shapes, _record(self, inputs, False)
        return self.recorded[1]

    def arranged(self, inputs: list[Any]) -> tuple[Any, ...]:
        """Several inputs as the model takes them: one by one, or together in a list or a dictionary."""
        structure = getattr(self.model, "_inputs_struct", None)
        if isinstance(structure, dict):
            named = set(structure) == set(self.names)
            return (dict(zip(self.names if named else structure, inputs, strict=True)),)
        if structure is not None:
            return (inputs,) if isinstance(structure, list | tuple) else tuple(inputs)
        taken = inspect.signature(self.model.call).parameters.values()
        positional = [p for p in taken if p.name not in ("training", "mask") and p.default is p.empty]
        return (inputs,) if len(inputs) > 1 and len(positional) == 1 else tuple(inputs)

    def mode(self) -> dict[str, bool]:
        """Evaluation mode, for a model that takes one."""
        return {"training": False} if self.model._call_has_training_arg else {}


def name_inputs(key: str, names: tuple[str, ...]) -> None:
    """Say what the inputs are called in PyTorch, for a model that takes them by name."""
    _open[key].names = names


_open: dict[str, Opened] = {}


def open_model(key: str, source: str, dtype: str, as_asked: bool = False) -> str:
    """Build a user's model and keep it under a key.

    Args:
        key: to keep it under.
        source: "file.py:function" that returns it.
        dtype: "float32" or "float64".
        as_asked: whether it may have the mixed precision that it asks for.

    Returns:
        what it asks for and is not given; "" if there is nothing.

    Raises:
        CrosscheckError: it cannot be built, or is no model.
    """
    keras.utils.clear_session(free_memory=False)
    adapter.use_precision(dtype)
    pool_volumes_in_float64()
    keep_int32()
    keras.utils.set_random_seed(0)
    with nullcontext(set[str]()) if as_asked else none_mixed() as asked:
        made = factory.make(source)
    model = made.model
    if not isinstance(model, keras.Layer):
        raise CrosscheckError(f"{source} returned a {type(model).__name__}, not a keras.Model")
    _open[key] = Opened(model, dtype, made)
    return ", ".join(sorted(asked))


def opened(key: str) -> Opened:
    """The model under a key."""
    return _open[key]


def program(key: str, inputs: list[np.ndarray]) -> Program:
    """What the model does with such inputs, in evaluation mode."""
    subject = opened(key)
    found = _record(subject, inputs, False)
    names = names_of(subject.model, found)
    nodes = list(nodes_of(subject.model, found, names))
    held = {tensor.name for node in nodes for tensor in node.held.values()}
    left = [v.path for v in subject.model.trainable_variables if v.path not in held]
    owned = {
        variable.path
        for step in found.steps
        if isinstance(step.called, keras.Layer) and describe(step, names)[0][0].startswith("?")
        for variable in step.called.variables
    }
    unknown = tuple(name for name in left if name in owned)
    unused = tuple(name for name in left if name not in owned)
    return Program("keras", tuple(nodes), found.inputs, found.outputs, unknown, unused, len(found.steps))


def run(key: str, inputs: list[np.ndarray], still: bool) -> Trace:
    """Every tensor on the way from the inputs to the outputs, in evaluation mode.

    Args:
        key: of the model.
        inputs: float64 or whole numbers.
        still: whether layers that drop at random are kept from it.
    """
    subject = opened(key)
    # Recorded anew: what a model draws at random when it is called is a constant of the record.
    found = _record(subject, inputs, False)
    values = dict(zip(found.inputs, as_tensors(key, inputs), strict=True))
    values |= {number: held for number, (_, held) in found.constants.items()}
    for step in found.steps:
        arguments = [values[number] for number in step.inputs]
        dropped = still and isinstance(step.called, DROPOUTS)
        results = arguments[0] if dropped else perform(step, arguments, False)
        values |= dict(zip(step.outputs, keras.tree.flatten(results), strict=True))
    return Trace({number: adapter.array(value) for number, value in values.items()})


def outputs(key: str, inputs: list[np.ndarray], told: bool = True) -> list[np.ndarray]:
    """What the model itself returns, in the order of its outputs.

    Args:
        key: of the model.
        inputs: float64 or whole numbers.
        told: whether it is told that this is no training.
    """
    subject = opened(key)
    mode = subject.mode() if told else {}
    called = subject.model(*subject.arranged(as_tensors(key, inputs)), **mode)
    return [adapter.array(value) for value in keras.tree.flatten(called)]


def always_training(key: str) -> tuple[str, ...]:
    """Names of layers that a Functional graph calls with `training=True`.

    PORT: that holds under `model(x)`, and is overridden by `model(x, training=False)` and `predict`.
    """
    inside = opened(key).model._flatten_layers(include_self=False)
    nodes = [(layer.name, node) for layer in inside for node in layer._inbound_nodes]
    return tuple(dict.fromkeys(name for name, node in nodes if node.arguments.kwargs.get("training") is True))


def replay(key: str, inputs: list[np.ndarray], parts: list[Again]) -> list[np.ndarray | None]:
    """What some stretches of the model make of tensors that are given; None where they do not take them."""
    whole = replay_whole(key, inputs, parts)
    return [values.get(part.wanted) for values, part in zip(whole, parts, strict=True)]


def replay_whole(key: str, inputs: list[np.ndarray], parts: list[Again]) -> list[dict[int, np.ndarray]]:
    """As `replay`, with every tensor on the way, by number; nothing where a stretch does not take them."""
    subject = opened(key)
    done = subject.steps_for(inputs)
    constants = {number: held for number, (_, held) in done.constants.items()}
    found: list[dict[int, np.ndarray]] = []
    for part in parts:
        given = {n: ops.convert_to_tensor(_cast(array, subject.dtype)) for n, array in part.given.items()}
        values = constants | given
        try:
            for index in part.steps:
                step = done.steps[index]
                arguments = [values[number] for number in step.inputs]
                dropped = isinstance(step.called, DROPOUTS)
                results = arguments[0] if dropped else perform(step, arguments, False)
                values |= dict(zip(step.outputs, keras.tree.flatten(results), strict=True))
            found.append({n: adapter.array(v) for n, v in values.items() if n not in constants})
        except Exception:  # each backend has errors of its own
            found.append({})
    return found


def input_shapes(key: str) -> list[tuple[int | None, ...]]:
    """What the model says of its inputs; empty if it says nothing."""
    try:
        subject = _open[key]
        (declared,) = (
            subject.arranged(list(subject.model.inputs)) if len(subject.model.inputs) > 1 else (None,)
        )
        if isinstance(declared, dict):
            structure = subject.model._inputs_struct
            return [tuple(structure[name].shape) for name in declared]
        return [tuple(tensor.shape) for tensor in subject.model.inputs]
    except AttributeError:
        return []


def perform(step: Step, inputs: list[Any], training: bool) -> Any:
    """Do a step with other tensors than it was recorded with."""
    given = iter(inputs)
    positional, named = (_substituted(value, given) for value in step.arguments)
    if isinstance(step.called, keras.Layer):
        if step.called._call_has_training_arg:
            given_mode = named.get("training")  # the user's own word goes before
            named = named | {"training": training if given_mode is None else given_mode}
        results = step.called(*positional, **named)
        clear(results)
        return results
    return step.called.call(*positional, **named)


def record_again(key: str, inputs: list[np.ndarray], training: bool) -> Record:
    """What the model does in a mode."""
    return _record(opened(key), inputs, training)


def as_tensors(key: str, inputs: list[np.ndarray]) -> list[Any]:
    """Inputs as the backend has them."""
    return [ops.convert_to_tensor(_cast(array, opened(key).dtype)) for array in inputs]


def set_weights(key: str, wanted: dict[str, Held], given: Weights) -> None:
    """Put neutral weights into the model."""
    variables = {v.path: v for v in _open[key].model.variables}
    whole: dict[str, np.ndarray] = {}
    for name, held in wanted.items():
        array = held.to_own(given[name], "keras")
        if held.part:
            whole.setdefault(held.name, adapter.array(variables[held.name]))[held.part] = array
        else:
            whole[held.name] = array
    for path, array in whole.items():
        variables[path].assign(array)


def get_weights(key: str, wanted: dict[str, Held]) -> Weights:
    """Neutral weights that the model holds; the inverse of `set_weights`."""
    return of_names({v.path: adapter.array(v) for v in opened(key).model.variables}, wanted)


def of_names(state: dict[str, np.ndarray], wanted: dict[str, Held]) -> Weights:
    """Neutral arrays from Keras' by path: weights, or gradients."""
    return {
        name: held.to_neutral(state[held.name][held.part] if held.part else state[held.name], "keras")
        for name, held in wanted.items()
    }


def _cast(array: np.ndarray, dtype: str) -> np.ndarray:
    return array.astype(dtype) if array.dtype.kind == "f" else array


def _record(subject: Opened, inputs: list[np.ndarray], training: bool) -> Record:
    symbolic = [
        keras.KerasTensor(a.shape, subject.dtype if a.dtype.kind == "f" else str(a.dtype)) for a in inputs
    ]
    if not subject.model.built:
        subject.model(*subject.arranged(symbolic))
    return record(subject.model, *subject.arranged(symbolic), whole=is_whole, training=training, code=code)


def _substituted(value: Any, given: Iterator[Any]) -> Any:
    """The value with its symbolic tensors, in their order, replaced by those given."""
    if isinstance(value, keras.KerasTensor):
        return next(given)
    if isinstance(value, list | tuple):
        return type(value)(_substituted(item, given) for item in value)
    if isinstance(value, dict):
        return {name: _substituted(item, given) for name, item in value.items()}
    return value
