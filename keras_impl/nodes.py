"""A recorded call of a Keras model as the nodes of a program; `torch_impl/nodes.py` is its mirror."""

import re
from collections.abc import Iterator
from math import prod

import keras
import numpy as np
from keras import layers

from crosscheck.dataflow import Record, Step
from crosscheck.ports.program import Held, Node, Own, without_tied
from keras_impl.expansions import PartOf
from keras_impl.functional import tensors_by_role
from keras_impl.graph import tensors
from keras_impl.kinds import describe
from keras_impl.names import Names


def names_of(model: keras.Layer, found: Record) -> dict[int, str]:
    """Paths of the model's variables, by the `id` of their stand-in."""
    own = {id(variable): variable.path for variable in model.variables}
    return {id(stand_in): own[id(v)] for stand_in, v in found.constants.values() if id(v) in own}


def nodes_of(model: keras.Layer, found: Record, names: dict[int, str]) -> Iterator[Node]:
    """What the steps of a record are, and the variables that functions use."""
    between, called = 0, Names(model)
    done: list[Node] = []
    for index_of_step, step in enumerate(found.steps):
        parts = describe(step, names)
        inputs = step.inputs
        if parts[0][2] and not isinstance(step.called, keras.Layer | PartOf):
            # A layer made of a function: its variables are its own, and do not flow in.
            mine = {id(tensor) for tensor in tensors_by_role(step).values()}
            pairs = zip(step.inputs, tensors(step.arguments), strict=True)
            inputs = tuple(number for number, tensor in pairs if id(tensor) not in mine)
        if parts[0][0].startswith("?"):  # its tensors are the user's to pair
            for weight in step.called.weights:
                between -= 1
                done.append(_source(weight, (between,), called))
                inputs = (*inputs, between)
        for index, (kind, settings, roles) in enumerate(parts):
            outputs = step.outputs
            if index < len(parts) - 1:
                between -= 1  # a tensor inside a layer, which nobody sees
                outputs = (between,)
            held = {role: _held(step, role, own) for role, own in roles.items()}
            path, also = called.of(step.owner, step.path)
            done.append(Node(0, path, kind, settings, held, inputs, outputs, index_of_step, also=also))
            inputs = outputs
    used = {number for node in done for number in node.inputs}
    sources = []
    for constant, (stand_in, variable) in found.constants.items():
        if constant in used and id(stand_in) in names:
            sources.append(_source(variable, (constant,), called))
    yield from without_tied([*sources, *done])


def _source(variable: keras.Variable, outputs: tuple[int, ...], called: Names) -> Node:
    """A variable that functions use, as a step that makes it out of nothing."""
    name, path = called.of_variable(variable), variable.path
    value = Held.of_torch(path, Own(path, "raw"), tuple(variable.shape))
    of = called.library_owner(variable)
    settings = {"of": of} if of else {}
    return Node(0, name, "parameter", settings, {"value": value}, (), outputs, -1, also=(path,))


def _held(step: Step, role: str, own: Own) -> Held:
    if not isinstance(step.called, keras.Layer | PartOf):
        tensor = tensors_by_role(step)[role]
        return Held(own.name, own.row, tuple(tensor.shape))
    owner = step.called.owner if isinstance(step.called, PartOf) else step.called
    owner = owner.cell if isinstance(owner, layers.RNN) else owner
    variable = getattr(owner, own.name)
    shape = tuple(np.empty(variable.shape, np.int8)[own.part].shape) if own.part else tuple(variable.shape)
    if isinstance(owner, layers.EinsumDense):
        given, kernel, _ = re.split(",|->", owner.equation)
        inner = sum(axis in given for axis in kernel)
        neutral = (prod(shape[:inner]), prod(shape[inner:])) if role == "kernel" else (prod(shape),)
        return Held(variable.path, own.row, neutral, own=shape)
    if own.row.startswith("depthwise") and getattr(owner, "groups", 1) > 1:
        return Held(variable.path, own.row, (*shape[:-2], owner.groups, shape[-1] // owner.groups), own=shape)
    if own.row == "raw":
        return Held.of_torch(variable.path, own, shape)
    if own.turned:
        return Held(variable.path, own.row, shape[::-1], own=shape, axes=(1, 0))
    return Held(variable.path, own.row, shape, own.part)
