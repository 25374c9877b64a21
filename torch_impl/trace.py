"""A user's PyTorch model, opened and watched; `keras_impl/trace.py` is its mirror."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from crosscheck.dataflow import Record, Step
from crosscheck.errors import CrosscheckError
from crosscheck.layouts import TORCH_BOOKKEEPING, Weights, from_side, to_side
from crosscheck.ports import factory
from crosscheck.ports.program import Held, Node, Part, Program, Trace
from torch_impl.adapter import DTYPES
from torch_impl.emulation import emulate
from torch_impl.graph import record, tensors
from torch_impl.kinds import describe, is_whole


@dataclass
class Opened:
    """A model in this process."""

    model: nn.Module
    dtype: torch.dtype
    made: factory.Made


_open: dict[str, Opened] = {}


def open_model(key: str, source: str, dtype: str) -> None:
    """Build a user's model and keep it under a key.

    Raises:
        CrosscheckError: it cannot be built, or is no module.
    """
    # The fast path of attention and encoders runs as one function that nothing can look into.
    torch.backends.mha.set_fastpath_enabled(False)
    torch.manual_seed(0)
    made = factory.make(source)
    model = made.model
    if not isinstance(model, nn.Module):
        raise CrosscheckError(f"{source} returned a {type(model).__name__}, not a torch.nn.Module")
    _open[key] = Opened(model.to(DTYPES[dtype]), DTYPES[dtype], made)


def opened(key: str) -> Opened:
    """The model under a key."""
    return _open[key]


def program(key: str, inputs: list[np.ndarray]) -> Program:
    """What the model does with such inputs, in evaluation mode."""
    subject = opened(key)
    subject.model.eval()
    found = _record(subject, inputs)
    nodes = [_node(number, step) for number, step in enumerate(found.steps)]
    held = {tensor.name for node in nodes for tensor in node.held.values()}
    names = [n for n in subject.model.state_dict() if not n.endswith(TORCH_BOOKKEEPING)]
    loose = tuple(name for name in names if name not in held)
    return Program("torch", tuple(nodes), found.inputs, found.outputs, loose)


def run(key: str, inputs: list[np.ndarray], training: bool) -> Trace:
    """Every tensor on the way from the inputs to the outputs."""
    subject = opened(key)
    subject.model.train(training)
    values: dict[int, np.ndarray] = {}

    def observe(number: int, tensor: Tensor) -> None:
        # A copy: what is changed in place has a number for before and one for after.
        values[number] = tensor.detach().cpu().numpy().copy()

    _record(subject, inputs, observe)
    return Trace(values)


def replay(key: str, inputs: list[np.ndarray], parts: list[Part]) -> list[np.ndarray | None]:
    """What some stretches of the model make of tensors that are given; None where they do not take them."""
    subject = opened(key)
    subject.model.eval()
    steps = _record(subject, inputs).steps
    found: list[np.ndarray | None] = []
    # Parameters and constants that functions are called with: what no step makes.
    made = {number for step in steps for number in step.outputs} | set(range(1, len(inputs) + 1))
    plain = {
        number: tensor
        for step in steps
        for number, tensor in zip(step.inputs, tensors(step.arguments), strict=True)
        if number not in made
    }
    for part in parts:
        values = plain | {number: torch.from_numpy(array.copy()) for number, array in part.given.items()}
        try:
            with torch.no_grad():
                for index in part.steps:
                    step = steps[index]
                    tensors_in = [values[number].clone() for number in step.inputs]
                    if index in part.before:
                        tensors_in[0] = emulate(*part.before[index], {}, tensors_in[0])
                    results = _performed(step, tensors_in, part.changes.get(index))
                    values |= dict(zip(step.outputs, tensors(results), strict=True))
            found.append(values[part.wanted].numpy())
        except (ValueError, TypeError, KeyError, RuntimeError, IndexError):
            found.append(None)
    return found


def _performed(step: Step, inputs: list[Tensor], change: tuple[str, dict[str, Any]] | None) -> Any:
    if change is None:
        given = iter(inputs)
        positional, named = (_substituted(value, given) for value in step.arguments)
        results = step.called(*positional, **named)
        return inputs[0] if results is None else results
    kind, settings = change
    held = {}
    if isinstance(step.called, nn.Module):
        roles = describe(step)[2]
        held = {role: getattr(step.called, name) for role, (name, _) in roles.items()}
    return emulate(
        kind, settings, {r: t for r, t in held.items() if r not in settings.get("without", ())}, inputs[0]
    )


def _substituted(value: Any, given: Iterator[Tensor]) -> Any:
    """The value with its tensors, in their order, replaced by those given."""
    if isinstance(value, Tensor):
        return next(given)
    if isinstance(value, list | tuple):
        return type(value)(_substituted(item, given) for item in value)
    if isinstance(value, dict):
        return {name: _substituted(item, given) for name, item in value.items()}
    return value


def set_weights(key: str, wanted: dict[str, Held], given: Weights) -> None:
    """Put neutral weights into the model."""
    subject = opened(key)
    state = subject.model.state_dict()
    with torch.no_grad():
        for name, held in wanted.items():
            array = to_side(given[name], held.parameter(), "torch")
            state[held.name].copy_(torch.from_numpy(array).reshape(state[held.name].shape))


def get_weights(key: str, wanted: dict[str, Held]) -> Weights:
    """Neutral weights that the model holds; the inverse of `set_weights`."""
    state = opened(key).model.state_dict()
    return {
        name: from_side(state[held.name].detach().cpu().numpy(), held.parameter(), "torch")
        for name, held in wanted.items()
    }


def _record(subject: Opened, inputs: list[np.ndarray], observe: Any = None) -> Record:
    given = []
    for array in inputs:
        tensor = torch.from_numpy(np.array(array, copy=True))
        given.append(tensor.to(subject.dtype) if tensor.is_floating_point() else tensor)
    return record(subject.model, *given, whole=is_whole, observe=observe)


def _node(number: int, step: Step) -> Node:
    kind, settings, roles = describe(step)
    held = {}
    for role, (name, row) in roles.items():
        tensor, full = getattr(step.called, name), f"{step.path}.{name}" if step.path else name
        if row == "prelu.alpha" and step.results.ndim > 2:
            row = "prelu_channels.alpha"
        if row == "depthwise_conv2d.kernel":
            outputs, _, *window = tensor.shape
            groups = step.called.groups
            held[role] = Held(full, row, (*window, groups, outputs // groups))
        else:
            held[role] = Held.of_torch(full, row, tuple(tensor.shape))
    return Node(number, step.path, kind, settings, held, step.inputs, step.outputs, number)
