"""What trains a user's PyTorch model, and a few steps of it; `keras_impl/recipes.py` is its mirror."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import ReduceLROnPlateau

from crosscheck.errors import CrosscheckError
from crosscheck.ports.program import Held
from crosscheck.ports.recipe import Clipping, Decay, Loss, Recipe, Rule, Steps
from torch_impl.course import course, given_tensors, undisturbed
from torch_impl.loss_calls import LossCalls
from torch_impl.trace import Opened, opened

RULES = {
    torch.optim.SGD: "sgd",
    torch.optim.Adam: "adam",
    torch.optim.AdamW: "adam",
    torch.optim.NAdam: "nadam",
    torch.optim.RMSprop: "rmsprop",
    torch.optim.Adagrad: "adagrad",
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
    rule, unread = _rule(optimizer)
    rates, decayed, trained = {}, {}, set()
    parameters = {id(p): name for name, p in subject.model.named_parameters()}
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            if id(parameter) not in parameters:
                unread.append("parameters in the optimizer that are not the model's")
                continue
            common = names[parameters[id(parameter)]]
            trained |= set(common) if parameter.requires_grad else set()
            # PORT: weight_decay adds l w to the gradient; a penalty of Keras' is l |w|^2, its gradient 2 l w.
            decayed |= dict.fromkeys(common, float(group["weight_decay"]))
            rates |= dict.fromkeys(common, float(group["lr"]))
    if len(set(rates.values())) > 1:
        unread.append("groups of parameters with learning rates of their own")
    if made.clip_norm is not None and made.clip_value is not None:
        unread.append("clipping in two ways")
    if isinstance(made.scheduler, ReduceLROnPlateau):
        unread.append("a learning rate that depends on the loss")
    clipping = Clipping("global_norm", float(made.clip_norm), CLIP_EPSILON) if made.clip_norm else Clipping()
    clipping = Clipping("value", float(made.clip_value)) if made.clip_value else clipping
    decoupled = isinstance(optimizer, torch.optim.AdamW) or optimizer.param_groups[0].get(
        "decoupled_weight_decay"
    )
    with undisturbed(subject):
        loss = _loss(subject, given_tensors(subject, inputs), torch.from_numpy(target.copy()))
        sampled = _sampled_rates(optimizer, made.scheduler, steps + LOOK_AHEAD)
    return Recipe(
        loss,
        rule,
        sampled,
        Decay(
            "decoupled" if decoupled else "coupled", {n: r for n, r in decayed.items() if r and n in trained}
        ),
        {},
        clipping,
        frozenset(name for common in names.values() for name in common),
        frozenset(trained),
        second_biases=any(tensor in names for tensor in second_biases(held)),
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

    def update(step: int, loss: Tensor) -> None:
        if made.clip_norm is not None:
            nn.utils.clip_grad_norm_(parameters, made.clip_norm)
        if made.clip_value is not None:
            nn.utils.clip_grad_value_(parameters, made.clip_value)
        optimizer.step()
        if isinstance(made.scheduler, ReduceLROnPlateau):
            made.scheduler.step(loss.detach())
        elif made.scheduler is not None:
            made.scheduler.step()

    return course(key, inputs, target, held, steps, None, update)


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


def _rule(optimizer: torch.optim.Optimizer) -> tuple[Rule, list[str]]:
    """What the optimizer does, and what of it no word says."""
    kind, group = RULES.get(type(optimizer)), optimizer.param_groups[0]
    unread = ["maximize"] if group.get("maximize") else []
    unread += ["lr_decay"] if group.get("lr_decay") else []
    unread += ["hooks of the optimizer"] if optimizer._optimizer_step_pre_hooks else []
    unread += [
        f"groups of parameters with a {name} of their own"
        for name in group
        if name not in ("params", "lr", "initial_lr", "weight_decay")
        and any(other.get(name) != group[name] for other in optimizer.param_groups)
    ]
    started = any(
        s.get("momentum_buffer") is not None or s.get("step", 0) > 0 for s in optimizer.state.values()
    )
    unread += ["an optimizer that has taken steps"] if started else []
    first, second = map(float, group.get("betas", (0.0, group.get("alpha", 0.0))))
    if kind is None:
        return Rule(f"?{type(optimizer).__name__}"), unread
    rule = Rule(
        kind,
        # PORT: the velocity is free of the learning rate, and numbers keep their 64 bits; not so in Keras.
        momentum=float(group.get("momentum", 0)),
        dampening=float(group.get("dampening", 0)) if group.get("momentum") else 0.0,
        nesterov=bool(group.get("nesterov", False)),
        beta_1=first,
        beta_2=second,
        power_1=first,
        power_2=second,
        epsilon=float(group.get("eps", 0)),
        placement="beside" if kind in ("rmsprop", "adagrad") else "beside_corrected",
        amsgrad=bool(group.get("amsgrad", False)),
        centered=bool(group.get("centered", False)),
        start=_start(optimizer),
        momentum_decay=float(group.get("momentum_decay", 0)),
    )
    return rule, unread


def _start(optimizer: torch.optim.Optimizer) -> float:
    """What Adagrad's sums begin with; they were made in float32, before the model became float64."""
    sums = [state["sum"].flatten() for state in optimizer.state.values() if "sum" in state]
    return float(sums[0][0]) if sums and len(sums[0]) else 0.0


def _loss(subject: Opened, inputs: list[Tensor], target: Tensor) -> Loss:
    # PORT: a batch norm whose parameters are frozen normalises by the batch all the same; not so in Keras.
    with torch.no_grad():
        output = subject.model(*inputs)
        # PORT: "sum" is over all elements; Keras averages over the last axis before.
        with LossCalls() as calls:
            subject.made.loss(output, target)
    if len(calls.found) == 1:
        return calls.found[0]
    name = getattr(subject.made.loss, "__name__", type(subject.made.loss).__name__)
    return Loss(f"?{name}")


def _sampled_rates(optimizer: torch.optim.Optimizer, scheduler: Any, steps: int) -> tuple[float, ...]:
    rates = []
    for _ in range(steps):
        rates.append(float(optimizer.param_groups[0]["lr"]))
        if scheduler is not None and not isinstance(scheduler, ReduceLROnPlateau):
            try:
                scheduler.step()
            except ValueError:  # its last step has been taken
                break
    return tuple(rates)
