"""The rules of optimizers in formulas, in which a number can be put anywhere."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from crosscheck.ports.recipe import FORMULAS, Rule

State = dict[str, Tensor]


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
    product = state["product"] = state.get("product", gradient.new_ones(())) * now
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


def _adamax(rule: Rule, state: State, gradient: Tensor, rate: float, step: int) -> Tensor:
    zero = torch.zeros_like(gradient)
    mean = state["mean"] = state.get("mean", zero).lerp(gradient, 1 - rule.beta_1)
    old, size = rule.beta_2 * state.get("largest", zero), gradient.abs()
    # PORT: epsilon goes into the maximum, and so into the next one; in Keras it is added behind.
    inside, behind = (rule.epsilon, 0.0) if rule.placement == "within" else (0.0, rule.epsilon)
    state["largest"] = torch.maximum(old, size + inside)
    return rate / (1 - rule.power_1**step) * mean / (state["largest"] + behind)


def _adadelta(rule: Rule, state: State, gradient: Tensor, rate: float, step: int) -> Tensor:
    zero = torch.zeros_like(gradient)
    square = state["square"] = state.get("square", zero).lerp(_squared(state, gradient), 1 - rule.beta_2)
    moved = state.get("moved", zero)
    change = gradient * ((moved + rule.epsilon) / (square + rule.epsilon)).sqrt()
    state["moved"] = moved.lerp(change**2, 1 - rule.beta_2)
    return rate * change


def _lion(rule: Rule, state: State, gradient: Tensor, rate: float, step: int) -> Tensor:
    mean = state.get("mean", torch.zeros_like(gradient))
    state["mean"] = mean.lerp(gradient, 1 - rule.beta_2)
    return rate * mean.lerp(gradient, 1 - rule.beta_1).sign()


# What each rule makes of a gradient: what is taken off the parameter.
STEPS: Mapping[str, Callable[[Rule, State, Tensor, float, int], Tensor]] = {
    "sgd": _sgd,
    "adam": _adam,
    "nadam": _nadam,
    "rmsprop": _rmsprop,
    "adagrad": _adagrad,
    "adamax": _adamax,
    "adadelta": _adadelta,
    "lion": _lion,
}
assert STEPS.keys() == set(FORMULAS)
