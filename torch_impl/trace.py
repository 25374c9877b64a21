"""A user's PyTorch model, opened and watched; `keras_impl/trace.py` is its mirror."""

import inspect
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from crosscheck.dataflow import Record, Step
from crosscheck.errors import CrosscheckError
from crosscheck.layouts import Weights
from crosscheck.ports import factory
from crosscheck.ports.program import Again, Held, Program, Trace
from torch_impl.adapter import DTYPES, fetched, on_device, placed, to_device
from torch_impl.dropping import dropping_nothing
from torch_impl.emulation import emulate
from torch_impl.expansions import expand
from torch_impl.graph import record, tensors
from torch_impl.kinds import describe, is_whole
from torch_impl.nodes import named_tensors, nodes_of, tensor_of, unmade


@dataclass
class Opened:
    """A model in this process."""

    model: nn.Module
    dtype: torch.dtype
    made: factory.Made
    recorded: tuple[list[np.ndarray], Record] | None = None

    def steps_for(self, inputs: list[np.ndarray]) -> Record:
        """What it does with such inputs, recorded once: many hypotheses are tried on the same."""
        if self.recorded is None or not _same(self.recorded[0], inputs):
            self.recorded = inputs, _record(self, inputs)
        return self.recorded[1]


_open: dict[str, Opened] = {}


def open_model(key: str, source: str, dtype: str) -> str:
    """Build a user's model and keep it under a key.

    Returns:
        the lower precision that it is in and taken out of; "" if there is none.

    Raises:
        CrosscheckError: it cannot be built, or is no module.
    """
    # The fast path of attention and encoders runs as one function that nothing can look into.
    torch.backends.mha.set_fastpath_enabled(False)
    torch.manual_seed(0)
    with computing_in(DTYPES[dtype]):
        made = factory.make(source)
    model = made.model
    if not isinstance(model, nn.Module):
        raise CrosscheckError(f"{source} returned a {type(model).__name__}, not a torch.nn.Module")
    expand(model)
    lower = {str(p.dtype).removeprefix("torch.") for p in model.parameters()} & {"float16", "bfloat16"}
    _open[key] = Opened(to_device(model, dtype), DTYPES[dtype], made)
    return ", ".join(sorted(lower))


def given_tensors(subject: Opened, inputs: list[np.ndarray]) -> list[Tensor]:
    """Inputs as the model takes them."""
    tensors = [placed(array) for array in inputs]
    return [tensor.to(subject.dtype) if tensor.is_floating_point() else tensor for tensor in tensors]


def opened(key: str) -> Opened:
    """The model under a key."""
    return _open[key]


def input_names(key: str) -> tuple[str, ...]:
    """What the model calls its inputs."""
    parameters = inspect.signature(opened(key).model.forward).parameters.values()
    return tuple(p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD)


def program(key: str, inputs: list[np.ndarray]) -> Program:
    """What the model does with such inputs, in evaluation mode."""
    subject = opened(key)
    subject.model.eval()
    found = _record(subject, inputs)
    nodes = list(nodes_of(subject.model, found, inputs))
    held = {name for node in nodes for tensor in node.held.values() for name in (tensor.name, tensor.also)}
    left = [name for name, _ in subject.model.named_parameters() if name not in held]
    inside = tuple(f"{n.path}." if n.path else "" for n in nodes if n.kind.startswith("?"))
    unknown = tuple(name for name in left if name.startswith(inside))
    unused = tuple(name for name in left if name not in unknown)
    return Program("torch", tuple(nodes), found.inputs, found.outputs, unknown, unused, len(found.steps))


def run(key: str, inputs: list[np.ndarray], still: bool) -> Trace:
    """Every tensor on the way from the inputs to the outputs, in evaluation mode.

    Args:
        key: of the model.
        inputs: float64 or whole numbers.
        still: whether functions that drop at random are kept from it.
    """
    subject = opened(key)
    subject.model.eval()
    values: dict[int, np.ndarray] = {}

    def observe(number: int, tensor: Tensor) -> None:
        # A copy: what is changed in place has a number for before and one for after.
        values[number] = fetched(tensor)

    with dropping_nothing() if still else nullcontext():
        _record(subject, inputs, observe)
    return Trace(values)


def replay(key: str, inputs: list[np.ndarray], parts: list[Again]) -> list[np.ndarray | None]:
    """What some stretches of the model make of tensors that are given; None where they do not take them."""
    subject = opened(key)
    subject.model.eval()
    done = subject.steps_for(inputs)
    steps = done.steps
    found: list[np.ndarray | None] = []
    plain = unmade(done, inputs)
    names = {id(tensor): name for name, tensor in named_tensors(subject.model)}
    for part in parts:
        forced = {number: placed(array) for number, array in part.forced.items()}
        given = {number: placed(array) for number, array in part.given.items()}
        values = plain | given | forced
        try:
            with torch.no_grad(), on_device():
                for index in part.steps:
                    step = steps[index]
                    tensors_in = [values[number].clone() for number in step.inputs]
                    if index in part.before:
                        kind, settings = part.before[index]
                        tensors_in[0] = emulate(kind, settings, {}, tensors_in[0])
                    change = part.changes.get(index)
                    if change and "of" in change[1]:
                        results = emulate(*change, {}, *(values[n] for n in change[1]["of"]))
                    else:
                        results = _performed(step, tensors_in, change, names)
                    values |= dict(zip(step.outputs, tensors(results), strict=False)) | forced
            found.append(fetched(values[part.wanted]))
        except (ValueError, TypeError, KeyError, RuntimeError, IndexError, AttributeError):
            found.append(None)
    return found


def _performed(
    step: Step, inputs: list[Tensor], change: tuple[str, dict[str, Any]] | None, names: dict[int, str]
) -> Any:
    if change is None and step.operation.endswith("dropout"):
        return inputs[0]
    if change is None:
        given = iter(inputs)
        positional, named = (_substituted(value, given) for value in step.arguments)
        results = step.called(*positional, **named)
        return inputs[0] if results is None else results
    kind, settings = change
    if kind == "then":
        (results,) = tensors(_performed(step, inputs, None, names))
        return emulate(settings["kind"], settings, {}, results)
    roles = describe(step, names)[2]
    held = {role: tensor_of(step, role, own) for role, own in roles.items()}
    if roles and not isinstance(step.called, nn.Module):
        inputs = inputs[:1]
    left = {role: tensor for role, tensor in held.items() if role not in settings.get("without", ())}
    return emulate(kind, settings, left, *inputs)


def _substituted(value: Any, given: Iterator[Tensor]) -> Any:
    """The value with its tensors, in their order, replaced by those given."""
    if isinstance(value, Tensor):
        return next(given)
    if isinstance(value, list | tuple):
        return type(value)(_substituted(item, given) for item in value)
    if isinstance(value, dict):
        return {name: _substituted(item, given) for name, item in value.items()}
    return value


def record_again(key: str, inputs: list[np.ndarray], observe: Any) -> Record:
    """What the model does, in the mode it is in."""
    return _record(opened(key), inputs, observe)


def set_weights(key: str, wanted: dict[str, Held], given: Weights) -> None:
    """Put neutral weights into the model."""
    subject = opened(key)
    state = subject.model.state_dict()
    with torch.no_grad():
        for name, held in wanted.items():
            array = held.to_own(given[name], "torch")
            target = state[held.name][held.part] if held.part else state[held.name]
            if held.also:  # PORT: one bias of Keras' is the sum of two; both are other than 0
                other = state[held.also][held.part]
                other.copy_(placed(array[::-1]))
                array = array - array[::-1]
            target.copy_(placed(array).reshape(target.shape))


def get_weights(key: str, wanted: dict[str, Held]) -> Weights:
    """Neutral weights that the model holds; the inverse of `set_weights`."""
    state = {name: fetched(tensor) for name, tensor in opened(key).model.state_dict().items()}
    return of_names(state, wanted)


def of_names(state: dict[str, np.ndarray], wanted: dict[str, Held], add: bool = True) -> Weights:
    """Neutral arrays from PyTorch's by name.

    Args:
        state: weights, or gradients.
        wanted: where each is.
        add: whether a second tensor is added, as for weights; the gradient is the same for both.
    """
    found = {}
    for name, held in wanted.items():
        array = state[held.name][held.part] if held.part else state[held.name]
        if held.also and add:
            array = array + state[held.also][held.part]
        found[name] = held.to_neutral(array, "torch")
    return found


@contextmanager
def computing_in(dtype: torch.dtype) -> Iterator[None]:
    """Within the block `torch.arange(n) * 0.5`, and whatever says no dtype, is of this one, on the device."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with on_device():
            yield
    finally:
        torch.set_default_dtype(before)


def _same(first: list[np.ndarray], second: list[np.ndarray]) -> bool:
    return len(first) == len(second) and all(map(np.array_equal, first, second))


def _record(subject: Opened, inputs: list[np.ndarray], observe: Any = None) -> Record:
    given = given_tensors(subject, inputs)
    with computing_in(subject.dtype):
        return record(subject.model, *given, whole=is_whole, observe=observe)
