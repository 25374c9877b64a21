"""A user's PyTorch model, opened and watched; `keras_impl/trace.py` is its mirror."""

import inspect
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from crosscheck.dataflow import Record, Step
from crosscheck.errors import CrosscheckError
from crosscheck.layouts import Weights
from crosscheck.ports import factory
from crosscheck.ports.program import Again, Held, Node, Own, Program, Trace, without_tied
from torch_impl.adapter import DTYPES
from torch_impl.emulation import emulate
from torch_impl.expansions import PartOf, expand
from torch_impl.functional import tensors_by_role
from torch_impl.graph import record, tensors
from torch_impl.kinds import describe, is_whole

# Functions that a module calls to drop at random.
DROPPING = ("dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout")


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
    expand(model)
    _open[key] = Opened(model.to(DTYPES[dtype]), DTYPES[dtype], made)


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
    nodes = list(_nodes(subject.model, found, inputs))
    held = {name for node in nodes for tensor in node.held.values() for name in (tensor.name, tensor.also)}
    left = [name for name, _ in subject.model.named_parameters() if name not in held]
    odd = [node.path for node in nodes if node.kind.startswith("?")]
    unknown = tuple(name for name in left if name.startswith(tuple(f"{path}." for path in odd)))
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
        values[number] = tensor.detach().cpu().numpy().copy()

    with dropping_nothing() if still else nullcontext():
        _record(subject, inputs, observe)
    return Trace(values)


@contextmanager
def dropping_nothing() -> Iterator[None]:
    """Within the block PyTorch's functions drop nothing."""
    attention = F.scaled_dot_product_attention
    kept = {name: getattr(F, name) for name in DROPPING} | {"scaled_dot_product_attention": attention}
    for name in DROPPING:
        setattr(F, name, _kept_whole)
    # Its fourth argument is a mask, the fifth the rate of dropout.
    F.scaled_dot_product_attention = lambda q, k, v, mask=None, dropout_p=0.0, *rest, **named: attention(
        q, k, v, named.pop("attn_mask", mask), 0.0, *rest, **named
    )
    try:
        yield
    finally:
        for name, function in kept.items():
            setattr(F, name, function)


def _kept_whole(x: Tensor, *_: Any, **__: Any) -> Tensor:
    return torch.dropout(x, 0.0, False)


def replay(key: str, inputs: list[np.ndarray], parts: list[Again]) -> list[np.ndarray | None]:
    """What some stretches of the model make of tensors that are given; None where they do not take them."""
    subject = opened(key)
    subject.model.eval()
    done = _record(subject, inputs)
    steps = done.steps
    found: list[np.ndarray | None] = []
    plain = _unmade(done, inputs)
    names = {id(tensor): name for name, tensor in _named_tensors(subject.model)}
    for part in parts:
        forced = {number: torch.from_numpy(array.copy()) for number, array in part.forced.items()}
        given = {number: torch.from_numpy(array.copy()) for number, array in part.given.items()}
        values = plain | given | forced
        try:
            with torch.no_grad():
                for index in part.steps:
                    step = steps[index]
                    tensors_in = [values[number].clone() for number in step.inputs]
                    if index in part.before:
                        kind, settings = part.before[index]
                        used = [values[n] for n in settings["of"]] if "of" in settings else tensors_in[:1]
                        tensors_in[0] = emulate(kind, settings, {}, *used)
                    results = _performed(step, tensors_in, part.changes.get(index), names)
                    values |= dict(zip(step.outputs, tensors(results), strict=False)) | forced
            found.append(values[part.wanted].detach().numpy())
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
    held = {role: _tensor(step, role, own) for role, own in roles.items()}
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
                other.copy_(torch.from_numpy(array[::-1].copy()))
                array = array - array[::-1]
            target.copy_(torch.from_numpy(array).reshape(target.shape))


def get_weights(key: str, wanted: dict[str, Held]) -> Weights:
    """Neutral weights that the model holds; the inverse of `set_weights`."""
    state = {name: tensor.detach().cpu().numpy() for name, tensor in opened(key).model.state_dict().items()}
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


def _record(subject: Opened, inputs: list[np.ndarray], observe: Any = None) -> Record:
    given = []
    for array in inputs:
        tensor = torch.from_numpy(np.array(array, copy=True))
        given.append(tensor.to(subject.dtype) if tensor.is_floating_point() else tensor)
    return record(subject.model, *given, whole=is_whole, observe=observe)


def _nodes(model: nn.Module, found: Record, inputs: list[np.ndarray]) -> Iterator[Node]:
    names = {id(tensor): name for name, tensor in _named_tensors(model)}
    sources = [_source(number, tensor, names) for number, tensor in _unmade(found, inputs).items()]
    used: set[int] = set()
    nodes = []
    for index, step in enumerate(found.steps):
        node = _node(index, step, names)
        if node.held and not isinstance(step.called, nn.Module):
            # A layer made of a function: its parameters are its own, and do not flow in.
            mine = {id(tensor) for tensor in tensors_by_role(step).values()}
            pairs = zip(step.inputs, tensors(step.arguments), strict=True)
            node = replace(node, inputs=tuple(number for number, tensor in pairs if id(tensor) not in mine))
        used |= set(node.inputs)
        nodes.append(node)
    flowing = [source for source in sources if source and source.outputs[0] in used]
    yield from without_tied([*flowing, *nodes])


def _named_tensors(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    yield from model.named_parameters()
    yield from model.named_buffers()


def _unmade(found: Record, inputs: list[np.ndarray]) -> dict[int, Tensor]:
    """Tensors that steps use and no step makes: parameters and constants."""
    made = {number for step in found.steps for number in step.outputs} | set(range(1, len(inputs) + 1))
    return {
        number: tensor
        for step in found.steps
        for number, tensor in zip(step.inputs, tensors(step.arguments), strict=True)
        if number not in made
    }


def _source(number: int, tensor: Tensor, names: dict[int, str]) -> Node | None:
    """A parameter that functions use, as a step that makes it out of nothing."""
    if id(tensor) not in names or not isinstance(tensor, nn.Parameter):
        return None
    name = names[id(tensor)]
    held = {"value": Held.of_torch(name, Own(name, "raw"), tuple(tensor.shape))}
    return Node(0, name, "parameter", {}, held, (), (number,), -1)


def _node(number: int, step: Step, names: dict[int, str]) -> Node:
    kind, settings, roles = describe(step, names)
    held = {}
    for role, own in roles.items():
        tensor = _tensor(step, role, own)
        path = step.path if isinstance(step.called, nn.Module) else ""
        if isinstance(step.called, PartOf):
            path = path.rpartition(".")[0]
        full, also = (f"{path}.{name}" if path and name else name for name in (own.name, own.also))
        full = names.get(id(_whole(step, role, own)), full)  # tied tensors have one name
        if own.row == "prelu.alpha" and step.results.ndim > 2:
            own = own._replace(row="prelu_channels.alpha")
        if own.row == "depthwise_conv2d.kernel":
            outputs, _, *window = tensor.shape
            groups = step.inputs and next(tensors(step.arguments)).shape[1]
            held[role] = Held(full, own.row, (*window, groups, outputs // groups))
        else:
            held[role] = Held.of_torch(full, own, tuple(tensor.shape), also)
    path = step.path
    if held and not isinstance(step.called, nn.Module):  # a layer made of a function: where its tensors are
        name = next(iter(held.values())).name
        path = name.rpartition(".")[0] or name
    return Node(number, path, kind, settings, held, step.inputs, step.outputs, number)


def _tensor(step: Step, role: str, own: Own) -> Tensor:
    """The tensor, or the part of it, that a step uses."""
    tensor = _whole(step, role, own)
    tensor = tensor[own.part] if own.part else tensor
    if not own.also:
        return tensor
    owner = step.called.owner if isinstance(step.called, PartOf) else step.called
    return tensor + getattr(owner, own.also)[own.part]


def _whole(step: Step, role: str, own: Own) -> Tensor:
    if not isinstance(step.called, nn.Module):
        return tensors_by_role(step)[role]
    return getattr(step.called.owner if isinstance(step.called, PartOf) else step.called, own.name)
