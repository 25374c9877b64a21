"""What trains a user's PyTorch model, and a few steps of it; `keras_impl/recipes.py` is its mirror."""

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import ReduceLROnPlateau

from crosscheck.errors import CrosscheckError
from crosscheck.ports.program import Held
from crosscheck.ports.recipe import FORMULAS, Clipping, Decay, Recipe, Rule, Steps, said_by
from torch_impl.adapter import placed
from torch_impl.course import course, first_output, undisturbed
from torch_impl.loss_values import called, own_loss, penalties
from torch_impl.own_steps import numbers_of
from torch_impl.trace import Opened, given_tensors, opened

RULES = {
    torch.optim.SGD: "sgd",
    torch.optim.Adam: "adam",
    torch.optim.AdamW: "adam",
    torch.optim.NAdam: "nadam",
    torch.optim.RMSprop: "rmsprop",
    torch.optim.Adagrad: "adagrad",
    torch.optim.Adamax: "adamax",
    torch.optim.Adadelta: "adadelta",
}
# Steps beyond those that are taken, for which the learning rate is asked.
LOOK_AHEAD = 4
# PORT: `clip_grad_norm_` adds this to the norm that it divides by; Keras adds nothing.
CLIP_EPSILON = 1e-6


def recipe(
    key: str, inputs: list[np.ndarray], target: np.ndarray, held: dict[str, Held], steps: int
) -> Recipe:
    """What the user's optimizer, loss, schedule and clipping do.

    Raises:
        CrosscheckError: there is no optimizer or no loss.
    """
    subject = opened(key)
    names = common_names(subject, held)
    optimizer, made = required(subject), subject.made
    rule, unread = read_rule(optimizer), []
    decayed, trained, groups = {}, set(), []
    parameters = {id(p): name for name, p in subject.model.named_parameters()}
    for group in optimizer.param_groups:
        groups.append(set())
        for parameter in group["params"]:
            if id(parameter) not in parameters:
                unread.append("parameters in the optimizer that are not the model's")
                continue
            common = names[parameters[id(parameter)]]
            groups[-1] |= set(common)
            trained |= set(common) if parameter.requires_grad else set()
            # PORT: weight_decay adds l w to the gradient; a penalty of Keras' is l |w|^2, its gradient 2 l w.
            decayed |= dict.fromkeys(common, float(group.get("weight_decay", 0.0)))
    if made.clip_norm is not None and made.clip_value is not None:
        unread.append("clipping in two ways")
    clipping = Clipping("global_norm", float(made.clip_norm), CLIP_EPSILON) if made.clip_norm else Clipping()
    clipping = Clipping("value", float(made.clip_value)) if made.clip_value else clipping
    given, wanted = given_tensors(subject, inputs), placed(target)
    output = first_output(subject, given)
    found = penalties(subject, output, wanted)
    penalty, lasso = (
        {name: rate for own, rate in rates.items() for name in names[own]}
        for rates in (found.rates, found.lasso)
    )
    decays = {n: r for n, r in decayed.items() if r and n in trained}
    decay = Decay(_where(optimizer, rule), decays) if decays or not penalty else Decay("penalty", penalty)
    with undisturbed(subject):
        rates, momenta = _sampled(optimizer, made.scheduler, steps + LOOK_AHEAD)
    return Recipe(
        own_loss(subject, output, wanted),
        rule,
        rates[0],
        decay,
        penalty if decays else {},
        clipping,
        frozenset(name for common in names.values() for name in common),
        frozenset(trained),
        second_biases=any(tensor in names for tensor in second_biases(held)),
        apart={n: r for names, r in zip(groups, rates, strict=True) if r != rates[0] for n in names},
        momenta=momenta if len(set(momenta)) > 1 else (),
        lasso=lasso,
        more_in_loss=found.more,
        unread=tuple(dict.fromkeys(unread)),
    )


def train(key: str, inputs: list[np.ndarray], target: np.ndarray, held: dict[str, Held], steps: int) -> Steps:
    """Some steps with the user's own optimizer and loss, in training mode and without dropout.

    Raises:
        CrosscheckError: there is no optimizer or no loss.
    """
    subject = opened(key)
    optimizer, made = required(subject), subject.made
    parameters = list(subject.model.parameters())
    given, wanted = given_tensors(subject, inputs), placed(target)
    within = penalties(subject, first_output(subject, given), wanted)
    rates = []

    def update(step: int, loss: Tensor) -> None:
        rates.append(float(optimizer.param_groups[0]["lr"]))
        if made.clip_norm is not None:
            nn.utils.clip_grad_norm_(parameters, made.clip_norm)
        if made.clip_value is not None:
            nn.utils.clip_grad_value_(parameters, made.clip_value)
        optimizer.step()
        if isinstance(made.scheduler, ReduceLROnPlateau):
            made.scheduler.step(loss.detach())
        elif made.scheduler is not None:
            made.scheduler.step()

    loss = partial(_own, subject)
    found = course(key, inputs, target, held, steps, loss, update, within=within)
    return replace(found, rates=tuple(rates))


def _own(subject: Opened, step: int, output: Any, wanted: Tensor) -> Tensor:
    return called(subject, output, wanted)


def missing(key: str) -> str:
    """What there is not and training needs, in words; empty if there is everything."""
    try:
        required(opened(key))
    except CrosscheckError as error:
        return str(error)
    return ""


def required(subject: Opened) -> torch.optim.Optimizer:
    """The user's optimizer.

    Raises:
        CrosscheckError: there is none, or no loss.
    """
    for name in ("optimizer", "loss"):
        if getattr(subject.made, name) is None:
            raise CrosscheckError(f"the function returned no {name}: let it return (model, optimizer, loss)")
    if not isinstance(subject.made.optimizer, torch.optim.Optimizer):
        raise CrosscheckError(f"{type(subject.made.optimizer).__name__} is not a torch.optim.Optimizer")
    return subject.made.optimizer


def common_names(subject: Opened, held: dict[str, Held]) -> dict[str, list[str]]:
    """The names that both sides share of each parameter's parts; its own where there are none.

    A bias that is always added to another one goes with that one, and is in none.
    """
    found: dict[str, list[str]] = {name: [] for name, _ in subject.model.named_parameters()}
    for name, tensor in held.items():
        if tensor.name in found:
            found[tensor.name].append(name)
        if getattr(tensor, "also", "") in found:
            found[tensor.also].append(name)
    return {name: common or [name] for name, common in found.items()}


def second_biases(held: dict[str, Held]) -> set[str]:
    """Tensors that are always added to another one."""
    return {tensor.also for tensor in held.values() if getattr(tensor, "also", "")}


def read_rule(optimizer: torch.optim.Optimizer) -> Rule:
    """What the optimizer does: in words, or with its numbers alone where no formula does the same."""
    group, name = optimizer.param_groups[0], type(optimizer).__name__
    kind = next((RULES[c] for c in type(optimizer).__mro__ if c in RULES), None)
    kind = kind or (name.lower() if name.lower() in FORMULAS else name)
    numbers = numbers_of(group) | ({"start": _start(optimizer)} if kind == "adagrad" else {})
    if "beta_2" in numbers:
        numbers |= {"power_1": numbers.get("beta_1", 0.0), "power_2": numbers["beta_2"]}
    numbers |= {} if numbers.get("momentum") else {"dampening": 0.0}
    more = _own_settings(optimizer)
    if type(optimizer) not in RULES or more:
        name += f" with {' and '.join(more)}" if more else ""
        return Rule(kind, **numbers, written=name, said=frozenset(numbers))
    # PORT: the velocity is free of the learning rate, and numbers keep their 64 bits; not so in Keras.
    place = {"rmsprop": "beside", "adagrad": "beside", "adamax": "within"}.get(kind, "beside_corrected")
    return Rule(kind, **numbers, placement=place, said=said_by(kind))


def _own_settings(optimizer: torch.optim.Optimizer) -> list[str]:
    """What there is that no formula does."""
    group = optimizer.param_groups[0]
    found = [name for name in ("maximize", "lr_decay") if group.get(name)]
    found += [
        f"groups with a {name} of their own"
        for name in group
        if name not in ("params", "lr", "initial_lr", "weight_decay", "param_names")
        and any(other.get(name) != group[name] for other in optimizer.param_groups)
    ]
    started = any(
        s.get("momentum_buffer") is not None or s.get("step", 0) > 0 for s in optimizer.state.values()
    )
    found += ["earlier steps"] if started else []
    hooks = {**optimizer._optimizer_step_pre_hooks, **optimizer._optimizer_step_post_hooks}
    return found + (["hooks"] if hooks else [])


def _where(optimizer: torch.optim.Optimizer, rule: Rule) -> str:
    if rule.written:
        return "own"
    return "decoupled" if optimizer.param_groups[0].get("decoupled_weight_decay") else "coupled"


def _start(optimizer: torch.optim.Optimizer) -> float:
    """What Adagrad's sums begin with; they were made in float32, before the model became float64."""
    sums = [state["sum"].flatten() for state in optimizer.state.values() if "sum" in state]
    return float(sums[0][0]) if sums and len(sums[0]) else 0.0


def _sampled(
    optimizer: torch.optim.Optimizer, scheduler: Any, steps: int
) -> tuple[list[tuple[float, ...]], tuple[float, ...]]:
    """Learning rates of each group, and momentum, at some steps."""
    rates, momenta = [], []
    for _ in range(steps):
        rates.append([float(group["lr"]) for group in optimizer.param_groups])
        numbers = numbers_of(optimizer.param_groups[0])
        momenta.append(numbers.get("beta_1", numbers.get("momentum", 0.0)))
        if scheduler is not None and not isinstance(scheduler, ReduceLROnPlateau):
            try:
                scheduler.step()
            except ValueError:  # its last step has been taken
                break
    return [tuple(column) for column in zip(*rates, strict=True)], tuple(momenta)
