"""What a Keras model does with its tensors, recorded from one call; `torch_impl/graph.py` is its mirror.

The model's code is called with symbolic tensors, which carry shapes and no numbers, so that every
layer and every function of `keras.ops` is seen on any backend, in subclassed models as in Functional
ones. Code that calls the backend's own functions takes no symbolic tensors and fails.
"""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
from keras import KerasTensor as Tensor

from crosscheck.dataflow import Record, Step, operation_name


def record(
    model: keras.Layer, *inputs: Any, whole: Callable[[keras.Layer], bool], training: bool = False
) -> Record:
    """Call the model once and write down what it does.

    Args:
        model: built.
        inputs: of the model, symbolic.
        training: the mode.
        whole: tells which layers are one step each; of the others it is their code that is recorded.

    Raises:
        ValueError: the model is not built.
    """
    if not model.built:
        raise ValueError(f"{model.name} is not built: call it once first")
    recorder = _Recorder(model, whole, training)
    given = recorder.numbers(inputs)
    with recorder.listening():
        outputs = model(*inputs)
    return Record(tuple(recorder.steps), given, outputs, recorder.numbers(outputs))


def tensors(value: Any) -> Iterator[Tensor]:
    """The tensors in a value, however deep in lists, tuples and dictionaries."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from tensors(item)
    elif isinstance(value, dict):
        yield from tensors(list(value.values()))


class _Recorder:
    """Stands in for the calls of layers and functions while it listens."""

    def __init__(self, model: keras.Layer, whole: Callable[[keras.Layer], bool], training: bool):
        self._training = training
        self.steps: list[Step] = []
        self._model = model
        self._whole = whole
        self._numbers: dict[int, int] = {}
        self._alive: list[Tensor] = []  # as long as it lives, nothing else has its id
        self._inside = False  # a layer that is one step
        self._running = [("", model)]

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Hear every call of a layer or function within the block."""
        layer_call, function_call = keras.Layer.__call__, keras.Operation.symbolic_call
        keras.Layer.__call__ = lambda layer, *args, **kwargs: self._layer(layer_call, layer, args, kwargs)
        keras.Operation.symbolic_call = lambda function, *args, **kwargs: self._function(
            function_call, function, args, kwargs
        )
        try:
            yield
        finally:
            keras.Layer.__call__, keras.Operation.symbolic_call = layer_call, function_call

    def numbers(self, value: Any) -> tuple[int, ...]:
        """The numbers of the tensors in a value."""
        return tuple(self._number(tensor) for tensor in tensors(value))

    def _number(self, tensor: Tensor) -> int:
        if id(tensor) not in self._numbers:
            self._alive.append(tensor)
            self._numbers[id(tensor)] = len(self._alive)
        return self._numbers[id(tensor)]

    def _layer(self, call: Callable[..., Any], layer: keras.Layer, args: Any, kwargs: Any) -> Any:
        if self._inside:
            return call(layer, *args, **kwargs)
        path = "" if layer is self._model else ".".join(filter(None, (self._running[-1][0], layer.name)))
        if not self._whole(layer):
            # Its own code, and not its call, which would hide the code from symbolic tensors.
            if "training" in inspect.signature(layer.call).parameters:
                kwargs = {"training": self._training} | kwargs
            self._running.append((path, layer))
            results = layer.call(*args, **kwargs)
            self._running.pop()
            return results
        self._inside = True
        try:
            results = call(layer, *args, **kwargs)
        finally:
            self._inside = False
        self._add(path, layer, layer, args, kwargs, results)
        return results

    def _function(self, call: Callable[..., Any], function: Any, args: Any, kwargs: Any) -> Any:
        results = call(function, *args, **kwargs)
        if not self._inside:
            self._add(*self._running[-1], function, args, kwargs, results)
        return results

    def _add(self, path: str, owner: keras.Layer, called: Any, args: Any, kwargs: Any, results: Any) -> None:
        inputs, outputs = self.numbers((args, kwargs)), self.numbers(results)
        name = operation_name(type(called).__name__)
        self.steps.append(Step(path, owner, name, called, (args, kwargs), results, inputs, outputs))
