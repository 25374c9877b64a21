"""A user's PyTorch loss as a function of outputs, and what it contains besides; `keras_impl/loss_values.py`
is its mirror."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from crosscheck.ports.recipe import Loss, LossValue
from torch_impl.adapter import fetched, on_device, placed
from torch_impl.course import Penalties, first_output
from torch_impl.loss_calls import LossCalls, computed
from torch_impl.trace import Opened, given_tensors, opened

# A penalty is looked at with weights so much larger, too: its gradient grows alike if it is one of squares.
LARGER = 1.5
# Of float64 sums over a batch, in one order and in another.
EXACT = 1e-9


def first(key: str, inputs: list[np.ndarray]) -> np.ndarray | None:
    """The output before the first step; None where it is not one tensor."""
    subject = opened(key)
    output = first_output(subject, given_tensors(subject, inputs))
    return fetched(output) if isinstance(output, Tensor) else None


def values(
    key: str, outputs: list[np.ndarray], target: np.ndarray, words: Loss | None = None
) -> list[LossValue]:
    """A loss at some outputs, without penalties: the user's own one, or one in words."""
    subject = opened(key)
    wanted = placed(target)
    found = []
    for array in outputs:
        output = placed(array).requires_grad_()
        if words is None:
            value = called(subject, output, wanted) - _penalty(subject, output, wanted)
        else:
            value = computed(words, output, wanted)
        (gradient,) = torch.autograd.grad(value, [output], allow_unused=True)
        gradient = torch.zeros_like(output) if gradient is None else gradient
        found.append(LossValue(float(value.detach()), fetched(gradient)))
    return found


def called(subject: Opened, output: Any, wanted: Tensor, instead: Loss | None = None) -> Tensor:
    """The user's own loss, where the one that it calls may be another."""
    with LossCalls(instead), on_device():
        return subject.made.loss(output, wanted)


def own_loss(subject: Opened, output: Any, wanted: Tensor) -> Loss:
    """What the user's loss is in words; its kind begins with "?" where they do not give its values."""
    made = subject.made.loss
    name = getattr(made, "__name__", "") if type(made).__module__ == "builtins" else type(made).__name__
    unknown = Loss(f"?{name}" if type(made).__module__.startswith("torch.") else f"?your own {name}")
    with torch.no_grad(), on_device(), LossCalls() as calls:
        made(output, wanted)
    if len(calls.found) != 1:
        return unknown
    (found,) = calls.found
    if not found.known or found.reduction == "none" or not isinstance(output, Tensor):
        return found if not found.known else unknown
    with torch.no_grad():
        # Penalties are no part of the difference.
        ours, theirs = (
            float(loss(output)) - float(loss(0.8 * output))
            for loss in (
                lambda x: called(subject, x, wanted),
                lambda x: computed(found, x, wanted),
            )
        )
    return found if abs(ours - theirs) <= EXACT * max(abs(ours), 1.0) else unknown


def penalties(subject: Opened, output: Any, wanted: Tensor) -> Penalties:
    """What the user's loss makes of the weights, whatever the output is."""
    parameters = {name: p for name, p in subject.model.named_parameters() if p.requires_grad}
    output = output.detach() if isinstance(output, Tensor) else output

    def gradients() -> dict[str, Tensor]:
        with torch.enable_grad():
            value = called(subject, output, wanted)
        if not value.requires_grad:
            return {}
        found = torch.autograd.grad(value, list(parameters.values()), allow_unused=True)
        return {name: g for name, g in zip(parameters, found, strict=True) if g is not None}

    first = gradients()
    if not first:
        return Penalties()
    size = max(float(g.abs().max()) for g in first.values())
    kept = {name: parameters[name].detach().clone() for name in first}
    with torch.no_grad():
        for name in kept:
            parameters[name] *= LARGER
    second = gradients()
    with torch.no_grad():
        for name, weight in kept.items():
            parameters[name].copy_(weight)
    rates, lasso, more = {}, {}, False
    for name, gradient in first.items():
        weight = kept[name]
        rate, straight = _fitted(weight, gradient)
        expected = LARGER * rate * weight + straight * weight.sign()
        more |= not torch.allclose(gradient, rate * weight + straight * weight.sign(), EXACT, EXACT * size)
        more |= not torch.allclose(second[name], expected, EXACT, EXACT * size)
        rates |= {name: rate} if abs(rate) > EXACT else {}
        lasso |= {name: straight} if abs(straight) > EXACT else {}
    return Penalties({}, {}, True) if more else Penalties(rates, lasso)


def _fitted(weight: Tensor, gradient: Tensor) -> tuple[float, float]:
    """Shares of a weight and of its sign in a gradient."""
    columns = torch.stack([weight.flatten(), weight.sign().flatten()], 1)
    if (columns[:, 0].abs() - columns[:, 0].abs().mean()).abs().max() <= EXACT * columns[:, 0].abs().max():
        return float((weight * gradient).sum() / weight.square().sum()), 0.0  # nobody can tell which it is
    rate, straight = torch.linalg.lstsq(columns, gradient.flatten()[:, None]).solution.flatten().tolist()
    return rate, straight


def _penalty(subject: Opened, output: Tensor, wanted: Tensor) -> float:
    return penalties(subject, output, wanted).value(dict(subject.model.named_parameters()))
