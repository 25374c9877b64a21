"""Training by a recipe in words instead of the user's own optimizer and loss.

So a hypothesis about what a Keras port does otherwise can be tried out on the PyTorch model.
"""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

from crosscheck.ports.program import Held
from crosscheck.ports.recipe import Clipping, Recipe, Rule, Steps
from torch_impl.course import course
from torch_impl.recipes import common_names, second_biases
from torch_impl.trace import opened

State = dict[str, Tensor]


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
) -> Steps:
    """Some steps of the PyTorch model by any recipe that is known in words.

    Raises:
        ValueError: the recipe is not.
    """
    if not recipe.known:
        raise ValueError(f"there are no words for {recipe.unread or (recipe.loss.kind, recipe.rule.kind)}")
    subject = opened(key)
    names = common_names(subject, held)
    second = set() if recipe.second_biases else second_biases(held)
    everything = dict(subject.model.named_parameters())
    parameters = {
        name: parameter
        for name, parameter in everything.items()
        if name not in second and set(names[name]) & recipe.trained
    }
    still = [held[name].name.rpartition(".")[0] for name in recipe.still]
    of = {name: partial(_of, names[name]) for name in parameters}
    states: dict[str, State] = {name: {} for name in parameters}

    tables = {name: parameters[name] for name in parameters if set(names[name]) & recipe.sparse}
    lookups = Lookups(list(tables.values())) if tables else None

    @torch.no_grad()
    def update(step: int, loss: Tensor) -> None:
        rate = recipe.rates[step]
        gradients = {n: p.grad.clone() for n, p in parameters.items() if p.grad is not None}
        for name, gradient in gradients.items():
            pull = of[name](recipe.penalty)
            pull += of[name](recipe.decay.rates) if recipe.decay.where == "penalty" else 0.0
            gradient += pull * parameters[name]
        # Gradients that are kept in parts are clipped and squared so, and only then added up.
        parts = {name: lookups.parts(table) for name, table in tables.items() if lookups}
        _clip(recipe.clipping, [parts[n][1] if n in parts else g for n, g in gradients.items()])
        for name, (rows, values) in parts.items():
            gradients[name] = torch.zeros_like(gradients[name]).index_add_(0, rows, values)
            states[name]["squared"] = torch.zeros_like(gradients[name]).index_add_(0, rows, values**2)
        if lookups:
            lookups.forget()
        for name, gradient in gradients.items():
            parameter, pull = parameters[name], of[name](recipe.decay.rates)
            if recipe.decay.where == "coupled":
                gradient += pull * parameter
            elif recipe.decay.where == "decoupled":
                parameter *= 1 - rate * pull
            parameter -= _STEPS[recipe.rule.kind](recipe.rule, states[name], gradient, rate, step + 1)

    return course(key, inputs, target, held, steps, recipe.loss, update, still, lookups)


def _of(names: list[str], rates: Mapping[str, float]) -> float:
    return next((rates[name] for name in names if name in rates), 0.0)


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


def _velocity(rule: Rule, state: State, gradient: Tensor, rate: float) -> Tensor:
    """The step that momentum makes of a direction; the learning rate is in the velocity, or comes after."""
    inside, outside = (rate, 1.0) if rule.rate_inside else (1.0, rate)
    if not rule.momentum:
        return rate * gradient
    if "velocity" in state:
        kept = (1 - rule.dampening) * inside * gradient
        state["velocity"] = rule.momentum * state["velocity"] + kept
    else:
        state["velocity"] = inside * gradient
    velocity = state["velocity"]
    return outside * (inside * gradient + rule.momentum * velocity if rule.nesterov else velocity)


def _sgd(rule: Rule, state: State, gradient: Tensor, rate: float, step: int) -> Tensor:
    return _velocity(rule, state, gradient, rate)


def _squared(state: State, gradient: Tensor) -> Tensor:
    return state["squared"] if "squared" in state else gradient**2


def _moments(rule: Rule, state: State, gradient: Tensor) -> tuple[Tensor, Tensor]:
    zero = torch.zeros_like(gradient)
    state["mean"] = state.get("mean", zero).lerp(gradient, 1 - rule.beta_1)
    state["square"] = state.get("square", zero).lerp(_squared(state, gradient), 1 - rule.beta_2)
    return state["mean"], state["square"]


def _root(rule: Rule, square: Tensor, correction: float = 1.0) -> Tensor:
    """What a step is divided by: the root of the corrected square, with an epsilon somewhere."""
    if rule.placement == "inside":
        return (square / correction + rule.epsilon).sqrt()
    if rule.placement == "beside":  # Keras' Adam corrects the sum of both
        return (square.sqrt() + rule.epsilon) / correction**0.5
    return (square / correction).sqrt() + rule.epsilon


def _adam(rule: Rule, state: State, gradient: Tensor, rate: float, step: int) -> Tensor:
    mean, square = _moments(rule, state, gradient)
    if rule.amsgrad:
        square = state["largest"] = torch.maximum(state.get("largest", square), square)
    return rate / (1 - rule.power_1**step) * mean / _root(rule, square, 1 - rule.power_2**step)


def _nadam(rule: Rule, state: State, gradient: Tensor, rate: float, step: int) -> Tensor:
    mean, square = _moments(rule, state, gradient)
    now, after = (rule.power_1 * (1 - 0.5 * 0.96 ** (s * rule.momentum_decay)) for s in (step, step + 1))
    product = state["product"] = state.get("product", torch.ones((), dtype=gradient.dtype)) * now
    direction = (1 - now) / (1 - product) * gradient + after / (1 - product * after) * mean
    return rate * direction / _root(rule, square, 1 - rule.power_2**step)


def _rmsprop(rule: Rule, state: State, gradient: Tensor, rate: float, step: int) -> Tensor:
    zero = torch.zeros_like(gradient)
    square = state["square"] = state.get("square", zero).lerp(_squared(state, gradient), 1 - rule.beta_2)
    if rule.centered:
        state["mean"] = state.get("mean", zero).lerp(gradient, 1 - rule.beta_2)
        square = square - state["mean"] ** 2
    return _velocity(rule, state, gradient / _root(rule, square), rate)


def _adagrad(rule: Rule, state: State, gradient: Tensor, rate: float, step: int) -> Tensor:
    state["sum"] = state.get("sum", torch.full_like(gradient, rule.start)) + _squared(state, gradient)
    return rate * gradient / _root(rule, state["sum"])


_STEPS: Mapping[str, Callable[[Rule, State, Tensor, float, int], Tensor]] = {
    "sgd": _sgd,
    "adam": _adam,
    "nadam": _nadam,
    "rmsprop": _rmsprop,
    "adagrad": _adagrad,
}
