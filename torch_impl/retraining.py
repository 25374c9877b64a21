"""Training by a recipe in words instead of the user's own optimizer and loss.

So a hypothesis about what a Keras port does otherwise can be tried out on the PyTorch model.
"""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

from crosscheck.ports.program import Held
from crosscheck.ports.recipe import THEIRS, Clipping, LossValue, Recipe, Steps, rule_at
from torch_impl.adapter import placed
from torch_impl.course import LossFunction, Penalties, course, first_output
from torch_impl.loss_calls import computed
from torch_impl.loss_values import called, own_loss, penalties
from torch_impl.own_steps import OwnSteps
from torch_impl.recipes import common_names, read_rule, required, second_biases
from torch_impl.rules import STEPS, State
from torch_impl.trace import Opened, given_tensors, opened


class Lookups(TorchFunctionMode):
    """Sees which rows of tables are looked up while it is entered.

    Args:
        tables: those of them that matter.
    """

    def __init__(self, tables: list[Tensor]):
        super().__init__()
        self._tables = tables
        self._found: list[tuple[Tensor, Tensor, Tensor]] = []

    def __torch_function__(self, function, types, args=(), kwargs=None):
        rows = function(*args, **(kwargs or {}))
        if function is F.embedding and any(args[1] is table for table in self._tables):
            rows.retain_grad()
            self._found.append((args[1], args[0], rows))
        return rows

    def parts(self, table: Tensor) -> tuple[Tensor, Tensor]:
        """Of the last backward pass: the rows that were looked up, and the gradient at each place."""
        found = [(places, rows) for seen, places, rows in self._found if seen is table]
        where = torch.cat([places.flatten() for places, _ in found])
        return where, torch.cat([rows.grad.reshape(-1, table.shape[1]) for _, rows in found])

    def forget(self) -> None:
        """Begin anew."""
        self._found.clear()


def emulate(
    key: str,
    inputs: list[np.ndarray],
    target: np.ndarray,
    held: dict[str, Held],
    steps: int,
    recipe: Recipe,
    values: Sequence[LossValue] = (),
) -> Steps:
    """Some steps of the PyTorch model by a recipe.

    Args:
        key: of the model.
        inputs: the same in every step.
        target: as the loss takes it.
        held: the tensors that are shown.
        steps: how many.
        recipe: what trains it.
        values: of Keras' loss, one for each step, where the recipe has that.

    Raises:
        ValueError: the recipe says too little.
    """
    if recipe.unread:
        raise ValueError(f"there are no words for {recipe.unread}")
    subject = opened(key)
    names = common_names(subject, held)
    second = set() if recipe.second_biases else second_biases(held)
    parameters = {
        name: parameter
        for name, parameter in subject.model.named_parameters()
        if name not in second and set(names[name]) & recipe.trained
    }
    still = [held[name].name.rpartition(".")[0] for name in recipe.still]
    of = {name: partial(_of, names[name]) for name in parameters}
    states: dict[str, State] = {name: {} for name in parameters}
    optimizer = required(subject)
    own = OwnSteps(optimizer, read_rule(optimizer), parameters) if recipe.rule.written else None
    loss, within = _loss(subject, inputs, target, recipe, values)

    tables = {name: parameters[name] for name in parameters if set(names[name]) & recipe.sparse}
    lookups = Lookups(list(tables.values())) if tables else None

    @torch.no_grad()
    def update(step: int, loss: Tensor) -> None:
        gradients = {n: p.grad.clone() for n, p in parameters.items() if p.grad is not None}
        decay, rule = recipe.decay, rule_at(recipe, step)
        rates = {name: _of(names[name], recipe.apart, recipe.rates)[step] for name in parameters}
        for name, gradient in gradients.items():
            pull = of[name](recipe.penalty) - within.rates.get(name, 0.0)
            pull += of[name](decay.rates) if decay.where == "penalty" else 0.0
            straight = of[name](recipe.lasso) - within.lasso.get(name, 0.0)
            gradient += pull * parameters[name] + straight * parameters[name].sign()
        # Gradients that are kept in parts are clipped and squared so, and only then added up.
        parts = {name: lookups.parts(table) for name, table in tables.items() if lookups}
        _clip(recipe.clipping, [parts[n][1] if n in parts else g for n, g in gradients.items()])
        for name, (rows, seen) in parts.items():
            gradients[name] = torch.zeros_like(gradients[name]).index_add_(0, rows, seen)
            states[name]["squared"] = torch.zeros_like(gradients[name]).index_add_(0, rows, seen**2)
        if lookups:
            lookups.forget()
        for name, gradient in gradients.items():
            parameter, pull = parameters[name], of[name](decay.rates)
            if decay.where == "coupled":
                gradient += pull * parameter
            elif decay.where == "decoupled":
                parameter *= 1 - rates[name] * pull
            parameter.grad = gradient
            if own is None:
                parameter -= STEPS[rule.kind](rule, states[name], gradient, rates[name], step + 1)
        if own is not None:
            with torch.enable_grad():
                own.step(rule, rates, {n: of[n](decay.rates) for n in of if decay.where == "own"})

    waiting = recipe.loss.kind == THEIRS and len(values) < steps
    return course(key, inputs, target, held, steps, loss, update, still, lookups, waiting, within)


def _loss(
    subject: Opened,
    inputs: list[np.ndarray],
    target: np.ndarray,
    recipe: Recipe,
    values: Sequence[LossValue],
) -> tuple[LossFunction, Penalties]:
    """The loss of a recipe, and the penalties that it contains besides the recipe's."""
    if recipe.loss.kind == THEIRS:
        return lambda step, output, wanted: _surrogate(output, values[step]), Penalties()
    output = first_output(subject, given_tensors(subject, inputs))
    wanted = placed(target)
    own = own_loss(subject, output, wanted)
    if recipe.loss.known and not own.known:
        return lambda step, output, wanted: computed(recipe.loss, output, wanted), Penalties()
    instead = recipe.loss if recipe.loss.known else None

    return lambda step, x, y: called(subject, x, y, instead), penalties(subject, output, wanted)


def _surrogate(output: Tensor, value: LossValue) -> Tensor:
    """What has this value and this gradient."""
    gradient = placed(value.gradient).to(output.dtype)
    return value.loss + ((output - output.detach()) * gradient).sum()


def _of(names: list[str], rates: Mapping, otherwise=0.0):
    return next((rates[name] for name in names if name in rates), otherwise)


def _clip(clipping: Clipping, gradients: list[Tensor]) -> None:
    """In place."""
    if clipping.kind == "value":
        for gradient in gradients:
            gradient.clamp_(-clipping.limit, clipping.limit)
    groups = {"global_norm": [gradients], "variable_norm": [[gradient] for gradient in gradients]}
    for group in groups.get(clipping.kind, []):
        norm = sum(gradient.square().sum() for gradient in group) ** 0.5
        factor = (clipping.limit / (norm + clipping.extra)).clamp(max=1.0)
        for gradient in group:
            gradient *= factor
