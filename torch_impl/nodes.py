"""A recorded call of a PyTorch model as the nodes of a program; `keras_impl/nodes.py` is its mirror."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from torch import Tensor, nn

from crosscheck.dataflow import Record, Step
from crosscheck.ports.program import Held, Node, Own, without_tied
from torch_impl.expansions import PartOf
from torch_impl.functional import tensors_by_role
from torch_impl.graph import tensors
from torch_impl.kinds import describe

# Of slopes a channel, by the axes of what they are for: Keras' have an axis of 1 for each that they share.
PRELU = {3: "prelu_steps.alpha", 4: "prelu_channels.alpha", 5: "prelu_volumes.alpha"}


def nodes_of(model: nn.Module, found: Record, inputs: list[np.ndarray]) -> Iterator[Node]:
    """What the steps of a record are, and the parameters that functions use."""
    names = {id(tensor): name for name, tensor in named_tensors(model)}
    sources = [_source(number, tensor, names, model) for number, tensor in unmade(found, inputs).items()]
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


def named_tensors(model: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Parameters and buffers by name, tied ones once."""
    yield from model.named_parameters()
    yield from model.named_buffers()


def unmade(found: Record, inputs: list[np.ndarray]) -> dict[int, Tensor]:
    """Tensors that steps use and no step makes: parameters and constants."""
    made = {number for step in found.steps for number in step.outputs} | set(range(1, len(inputs) + 1))
    return {
        number: tensor
        for step in found.steps
        for number, tensor in zip(step.inputs, tensors(step.arguments), strict=True)
        if number not in made
    }


def _source(number: int, tensor: Tensor, names: dict[int, str], model: nn.Module) -> Node | None:
    """A parameter that functions use, as a step that makes it out of nothing."""
    if id(tensor) not in names or not isinstance(tensor, nn.Parameter):
        return None
    name = names[id(tensor)]
    held = {"value": Held.of_torch(name, Own(name, "raw"), tuple(tensor.shape))}
    path, _, parametrized = name.partition(".parametrizations.")
    owner = model.get_submodule(path if parametrized else path.rpartition(".")[0])
    library = type(owner).__module__.startswith("torch.nn.")
    settings = {"of": type(owner).__name__} if library else {}
    return Node(0, name, "parameter", settings, held, (), (number,), -1)


def _node(number: int, step: Step, names: dict[int, str]) -> Node:
    kind, settings, roles = describe(step, names)
    held = {}
    for role, own in roles.items():
        tensor = tensor_of(step, role, own)
        path = step.path if isinstance(step.called, nn.Module) else ""
        if isinstance(step.called, PartOf):
            path = path.rpartition(".")[0]
        full, also = (f"{path}.{name}" if path and name else name for name in (own.name, own.also))
        full = names.get(id(_whole(step, role, own)), full)  # tied tensors have one name
        if own.row == "prelu.alpha" and step.results.ndim in PRELU:
            own = own._replace(row=PRELU[step.results.ndim])
        if own.row.startswith("depthwise") and role == "kernel":
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


def tensor_of(step: Step, role: str, own: Own) -> Tensor:
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
