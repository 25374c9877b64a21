"""What a Keras model does with its tensors, recorded from one call; `torch_impl/graph.py` is its mirror.

The model's code is called with symbolic tensors, which carry shapes and no numbers, so that every
layer and every function of `keras.ops` is seen on any backend, in subclassed models as in Functional
ones. Code that calls the backend's own functions takes no symbolic tensors and fails.
"""

import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
from keras import KerasTensor as Tensor

from crosscheck.dataflow import Record, Step, operation_name
from keras_impl.masks import Masks, clear

# Operators of variables, which know nothing of symbolic tensors.
OPERATORS = (
    *("__add__", "__radd__", "__sub__", "__rsub__", "__mul__", "__rmul__", "__truediv__", "__rtruediv__"),
    *("__matmul__", "__rmatmul__", "__pow__", "__neg__", "__getitem__"),
)

# Operators that a backend's tensors answer for themselves, though a symbolic one is at the right.
OF_TENSORS = (
    *("__add__", "__sub__", "__mul__", "__truediv__", "__floordiv__", "__mod__", "__matmul__", "__pow__"),
    *("__lt__", "__le__", "__gt__", "__ge__"),
)


def record(
    model: keras.Layer,
    *inputs: Any,
    whole: Callable[[keras.Layer], bool],
    training: bool = False,
    code: Callable[[keras.Layer], Callable[..., Any]] = lambda layer: layer.call,
) -> Record:
    """Call the model once and write down what it does.

    Args:
        model: built.
        inputs: of the model, symbolic.
        training: the mode.
        whole: tells which layers are one step each; of the others it is their code that is recorded.
        code: what is run in place of a layer's call.

    Raises:
        ValueError: the model is not built.
    """
    if not model.built:
        raise ValueError(f"{model.name} is not built: call it once first")
    recorder = _Recorder(model, whole, training, code)
    given = recorder.numbers(inputs)
    with recorder.listening():
        outputs = model(*inputs)
    numbers = recorder.numbers(in_order(outputs))
    return Record(tuple(recorder.steps), given, outputs, numbers, recorder.constants)


def in_order(value: Any) -> Any:
    """What a model returns; a dictionary in the order of its names, which is the same on both sides."""
    return dict(sorted(value.items())) if isinstance(value, dict) else value


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

    def __init__(self, model: keras.Layer, whole: Any, training: bool, code: Any):
        self._training = training
        self._code = code
        self.constants: dict[int, tuple[Any, Any]] = {}
        self._stand_ins: dict[int, Tensor] = {}
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
        changed = [
            (keras.Layer, "__call__", self._calling_layer),
            (keras.Operation, "symbolic_call", self._calling_function),
            (keras.random, "dropout", self._calling_dropout),
            (Tensor, "__getitem__", _taking_any_key),
            *((keras.Variable, name, self._calling_operator(name)) for name in OPERATORS),
            *((_tensors_of_the_backend(), name, self._left_of_symbolic(name)) for name in OF_TENSORS),
            # A function of variables alone is to be recorded like any other.
            *((module, "any_symbolic_tensors", self._asking) for module in _modules_that_ask()),
        ]
        before = [(owner, name, getattr(owner, name)) for owner, name, _ in changed]
        for (owner, name, changing), (*_, original) in zip(changed, before, strict=True):
            setattr(owner, name, changing(original))
        try:
            yield
        finally:
            for owner, name, original in before:
                setattr(owner, name, original)

    def _calling_layer(self, original: Any) -> Any:
        return lambda layer, *args, **kwargs: self._layer(original, layer, args, kwargs)

    def _calling_function(self, original: Any) -> Any:
        return lambda function, *args, **kwargs: self._function(original, function, args, kwargs)

    def _calling_dropout(self, original: Any) -> Any:
        def dropout(inputs: Any, rate: float, *args: Any, **kwargs: Any) -> Any:
            if self._inside:
                return original(inputs, rate, *args, **kwargs)
            return keras.layers.Dropout(rate)(inputs, training=True)

        return dropout

    def _calling_operator(self, name: str) -> Any:
        def changing(original: Any) -> Any:
            def operator(variable: keras.Variable, *others: Any) -> Any:
                if self._inside:
                    return original(variable, *others)
                return getattr(self._stand_in(variable), name)(*others)

            return operator

        return changing

    def _left_of_symbolic(self, name: str) -> Any:
        def changing(original: Any) -> Any:
            def operator(tensor: Any, other: Any, *more: Any) -> Any:
                if self._inside or not isinstance(other, Tensor):
                    return original(tensor, other, *more)
                return getattr(self._stand_in(tensor), name)(other)

            return operator

        return changing

    def _asking(self, original: Any) -> Any:
        def any_symbolic_tensors(args: Any = None, kwargs: Any = None) -> bool:
            if original(args, kwargs):
                return True
            found = keras.tree.flatten((args, kwargs))
            return not self._inside and any(isinstance(value, keras.Variable) for value in found)

        return any_symbolic_tensors

    def _symbolic(self, value: Any, constants: bool) -> Any:
        """The value with stand-ins for variables and, if asked for, for tensors with numbers."""

        def changed(item: Any) -> Any:
            known = isinstance(item, keras.Variable) or (
                constants
                and (keras.ops.is_tensor(item) or isinstance(item, np.ndarray))
                and not isinstance(item, Tensor)
            )
            return self._stand_in(item) if known else item

        return keras.tree.map_structure(changed, value)

    def _stand_in(self, value: Any) -> Tensor:
        if id(value) not in self._stand_ins:
            stand_in = Tensor(tuple(value.shape), keras.backend.standardize_dtype(value.dtype))
            self._stand_ins[id(value)] = stand_in
            self.constants[self._number(stand_in)] = stand_in, value
        return self._stand_ins[id(value)]

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
        masks = Masks(layer, args, kwargs)
        kwargs = kwargs | masks.given
        results = self._called(call, path, layer, args, kwargs)
        masks.hand_on(results)
        return results

    def _called(self, call: Callable[..., Any], path: str, layer: keras.Layer, args: Any, kwargs: Any) -> Any:
        if not self._whole(layer):
            try:
                return self._inner(path, layer, args, kwargs)
            except Exception:
                # Code that takes numbers only; a layer without others of the user's can be one step.
                if layer is self._model or not _is_closed(layer):
                    raise
        args, kwargs = self._symbolic((args, kwargs), constants=True)
        self._inside = True
        try:
            results = call(layer, *args, **kwargs)
        finally:
            self._inside = False
        clear(results)  # a mask that was made unseen
        self._add(path, layer, layer, args, kwargs, results)
        return results

    def _inner(self, path: str, layer: keras.Layer, args: Any, kwargs: Any) -> Any:
        """Run the layer's own code, and not its call, which would hide the code from symbolic tensors."""
        done = len(self.steps)
        run = self._code(layer)
        # What the layer does not take, its call would leave out.
        taken = inspect.signature(run).parameters
        every = any(taking.kind is taking.VAR_KEYWORD for taking in taken.values())
        own = {name: value for name, value in kwargs.items() if every or name in taken}
        kwargs = {"training": self._training} | own if "training" in taken else own
        self._running.append((path, layer))
        try:
            return run(*args, **kwargs)
        except Exception:
            del self.steps[done:]
            raise
        finally:
            self._running.pop()

    def _function(self, call: Callable[..., Any], function: Any, args: Any, kwargs: Any) -> Any:
        if self._inside:
            return call(function, *args, **kwargs)
        args, kwargs = self._symbolic((args, kwargs), constants=False)
        self._inside = True
        try:
            results = call(function, *args, **kwargs)
        finally:
            self._inside = False
        if not any(tensor.sparse for tensor in tensors((args, kwargs))):
            for tensor in tensors(results):  # Keras takes a product with numbers for sparse
                tensor._sparse = False
        self._add(*self._running[-1], function, args, kwargs, results)
        return results

    def _add(self, path: str, owner: keras.Layer, called: Any, args: Any, kwargs: Any, results: Any) -> None:
        inputs, outputs = self.numbers((args, kwargs)), self.numbers(results)
        name = operation_name(type(called).__name__)
        self.steps.append(Step(path, owner, name, called, (args, kwargs), results, inputs, outputs))


def _taking_any_key(original: Any) -> Any:
    # Symbolic tensors take no bare slice, which all others do.
    return lambda tensor, key: original(tensor, key if isinstance(key, int | tuple | list) else (key,))


def _is_closed(layer: keras.Layer) -> bool:
    """Whether nothing of the user's can be inside a layer: it is Keras' own, or there is nothing inside."""
    inside = layer._flatten_layers(include_self=False)
    return not inside or all(type(each).__module__.startswith("keras.") for each in (layer, *inside))


def _tensors_of_the_backend() -> Any:
    """The class of tensors with numbers whose operators can be changed."""
    kinds = type(keras.ops.zeros(())).__mro__
    if keras.backend.backend() == "torch":  # the operators are those of a base that takes no others
        return kinds[0]
    return next(kind for kind in kinds if "__add__" in vars(kind))


def _modules_that_ask() -> list[Any]:
    """Keras' modules that ask whether a tensor is symbolic."""
    named = list(sys.modules.items())
    return [m for n, m in named if n.startswith("keras.src.") and hasattr(m, "any_symbolic_tensors")]
