"""What a PyTorch model does with its tensors, recorded from one call; `keras_impl/graph.py` is its mirror.

Recording a call, unlike torch.fx, takes any code: it sees what is done, functions and methods of
tensors included, and not what might have been done with another input.
"""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from crosscheck.dataflow import Record, Step, operation_name

Observer = Callable[[int, Tensor], None]


def record(
    model: nn.Module,
    *inputs: Any,
    whole: Callable[[nn.Module], bool],
    observe: Observer | None = None,
) -> Record:
    """Call the model once and write down what it does.

    Args:
        model: in the mode it is to be recorded in.
        inputs: of the model; on the device "meta", shapes are recorded and nothing is computed.
        whole: tells which modules are one step each; of the others it is their code that is recorded.
        observe: is shown every tensor as it comes, with its number; gradients are followed then.
    """
    recorder = _Recorder(model, whole, observe)
    try:
        given = recorder.numbers(inputs)
        with torch.set_grad_enabled(observe is not None), recorder:
            outputs = model(*inputs)
    finally:
        recorder.remove_hooks()
    return Record(tuple(recorder.steps), given, outputs, recorder.numbers(in_order(outputs)))


def in_order(value: Any) -> Any:
    """What a model returns; a dictionary in the order of its names, which is the same on both sides."""
    return dict(sorted(value.items())) if isinstance(value, dict) else value


def as_it_is(value: Any) -> Any:
    """The value with lists and dictionaries of its own: the model may go on filling those it has."""
    if type(value) in (list, tuple):
        return type(value)(as_it_is(item) for item in value)
    return {name: as_it_is(item) for name, item in value.items()} if type(value) is dict else value


def tensors(value: Any) -> Iterator[Tensor]:
    """The tensors in a value, however deep in lists, tuples and dictionaries."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from tensors(item)
    elif isinstance(value, dict):
        yield from tensors(list(value.values()))


class _Recorder(TorchFunctionMode):
    """Sees every function called with tensors, and every module that is called."""

    def __init__(self, model: nn.Module, whole: Callable[[nn.Module], bool], observe: Observer | None):
        super().__init__()
        self.steps: list[Step] = []
        self._whole = whole
        self._observe = observe
        self._watching = False
        self._numbers: dict[int, int] = {}
        self._alive: list[Tensor] = []  # as long as it lives, nothing else has its id
        self._last = 0
        self._inside: list[tuple[int, ...]] = []  # of the whole modules that are running: what went in
        self._running = [("", model)]
        self._hooks = []
        for path, module in model.named_modules():
            before, after = self._entering(path), self._leaving(path)
            self._hooks.append(module.register_forward_pre_hook(before, with_kwargs=True))
            self._hooks.append(module.register_forward_hook(after, with_kwargs=True))

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if self._inside or self._watching:
            return function(*args, **kwargs)
        inputs = self.numbers((args, kwargs))
        results = function(*args, **kwargs)
        found = list(tensors(results))
        # What returns no tensor asks for a shape or a type. What returns nothing changes a tensor.
        if found or results is None:
            name = operation_name(getattr(function, "__name__", str(function)))
            self._add(*self._running[-1], name, function, (args, kwargs), results, inputs, found)
        return results

    def numbers(self, value: Any) -> tuple[int, ...]:
        """The numbers of the tensors in a value."""
        return tuple(self._number(tensor) for tensor in tensors(value))

    def remove_hooks(self) -> None:
        """Leave the model as it was."""
        for hook in self._hooks:
            hook.remove()

    def _number(self, tensor: Tensor) -> int:
        return self._numbers[id(tensor)] if id(tensor) in self._numbers else self._renumber(tensor)

    def _renumber(self, tensor: Tensor) -> int:
        self._alive.append(tensor)
        self._last += 1
        self._numbers[id(tensor)] = self._last
        if self._observe:
            self._watching = True  # what the observer does is not the model's doing
            self._observe(self._last, tensor)
            self._watching = False
        return self._last

    def _add(self, path, owner, operation, called, arguments, results, inputs, found) -> None:
        outputs = tuple(self._renumber(tensor) for tensor in found)
        kept = as_it_is(arguments)
        self.steps.append(Step(path, owner, operation, called, kept, results, inputs, outputs))

    def _entering(self, path: str) -> Callable[..., None]:
        def enter(module: nn.Module, args: Any, kwargs: Any) -> None:
            self._running.append((path, module))
            if self._inside or self._whole(module):
                self._inside.append(self.numbers((args, kwargs)))

        return enter

    def _leaving(self, path: str) -> Callable[..., None]:
        def leave(module: nn.Module, args: Any, kwargs: Any, results: Any) -> None:
            self._running.pop()
            inputs = self._inside.pop() if self._inside else ()
            if inputs and not self._inside:
                name, found = operation_name(type(module).__name__), list(tensors(results))
                self._add(path, module, name, module, (args, kwargs), results, inputs, found)

        return leave
