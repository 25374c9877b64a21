"""The loss inside a user's function: seen when it is called, and done otherwise if that is asked for."""

import inspect
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

from crosscheck.ports.recipe import ELEMENTWISE, Loss

KINDS = {
    F.cross_entropy: ("cross_entropy", "logits"),
    F.nll_loss: ("cross_entropy", "log_probabilities"),
    F.binary_cross_entropy_with_logits: ("binary_cross_entropy", "logits"),
    F.binary_cross_entropy: ("binary_cross_entropy", "probabilities"),
    F.mse_loss: ("squared_error", "logits"),
    F.l1_loss: ("absolute_error", "logits"),
    F.huber_loss: ("huber", "logits"),
    F.smooth_l1_loss: ("huber", "logits"),
}
# Keras clips probabilities to this and to one less it.
KERAS_EPSILON = 1e-7


class LossCalls(TorchFunctionMode):
    """Sees which loss is called while it is entered.

    Args:
        instead: what is done in its place; None to leave it.
    """

    def __init__(self, instead: Loss | None = None):
        super().__init__()
        self.found: list[Loss] = []
        self._instead = instead

    def __torch_function__(self, function, types, args=(), kwargs=None):
        if function not in KINDS:
            return function(*args, **(kwargs or {}))
        bound = inspect.signature(function).bind(*args, **(kwargs or {}))
        bound.apply_defaults()
        given = bound.arguments
        own = described(function, given)
        if own.kind in ELEMENTWISE:
            given["target"] = _as_numbers(given["target"], given["input"])
        for name in ("weight", "pos_weight"):
            if given.get(name) is not None:  # they were made in float32, before the model became float64
                given[name] = given[name].to(given["input"].dtype)
        self.found.append(own)
        if self._instead is None or self._instead == own:
            return function(*bound.args, **bound.kwargs)
        return computed(self._instead, given["input"], given["target"])


def described(function: Any, given: dict[str, Any]) -> Loss:
    """A call of one of PyTorch's losses; its kind begins with "?" where something about it is not known."""
    kind, takes = KINDS[function]
    more = [n for n in ("weight", "pos_weight") if given.get(n) is not None]
    more += ["ignore_index"] if given.get("ignore_index", -100) >= 0 else []
    if more:
        kind = f"?{kind} with {' and '.join(more)}"
    elif function is F.smooth_l1_loss and given["beta"] != 1:
        kind = "?smooth_l1"  # Huber's loss by beta
    delta = float(given.get("delta", 1.0))
    return Loss(kind, given["reduction"], takes, float(given.get("label_smoothing", 0.0)), delta)


def _as_numbers(target: Tensor, output: Tensor) -> Tensor:
    """Labels of a binary choice as the loss takes them."""
    return target if target.is_floating_point() else target.to(output.dtype)


def computed(loss: Loss, x: Tensor, y: Tensor) -> Tensor:
    """The value of a loss that is described in words."""
    if loss.kind == "cross_entropy":
        axis = 1 if x.ndim > 1 else 0
        if not y.is_floating_point():
            y = F.one_hot(y, x.shape[axis]).to(x.dtype).movedim(-1, axis)
        y = y * (1 - loss.label_smoothing) + loss.label_smoothing / x.shape[axis]
        values = -(y * _log_probabilities(loss.takes, x, axis)).sum(axis)
    else:
        values = _elements(loss, x, _as_numbers(y, x))
    if loss.reduction == "sum_of_means":
        return values.mean(1 if values.ndim > 2 else -1).sum()
    return {"mean": torch.mean, "sum": torch.sum, "none": lambda v: v}[loss.reduction](values)


def _log_probabilities(takes: str, x: Tensor, axis: int) -> Tensor:
    if takes == "log_probabilities":
        return x
    if takes == "normalised_then_clipped":
        return _clipped(x / x.sum(axis, keepdim=True)).log()
    # Clipped first they no longer add up to one: Keras on TensorFlow then takes their logarithms for logits.
    return F.log_softmax(_clipped(x).log() if takes == "clipped_then_normalised" else x, axis)


def _elements(loss: Loss, x: Tensor, y: Tensor) -> Tensor:
    if loss.kind == "squared_error":
        return (x - y) ** 2
    if loss.kind == "absolute_error":
        return (x - y).abs()
    if loss.kind == "huber":
        return F.huber_loss(x, y, reduction="none", delta=loss.delta)
    y = y * (1 - loss.label_smoothing) + 0.5 * loss.label_smoothing
    if loss.takes == "logits":
        return F.binary_cross_entropy_with_logits(x, y, reduction="none")
    x = _clipped(x) if loss.takes == "clipped" else x
    return -(y * x.log().clamp(min=-100) + (1 - y) * (1 - x).log().clamp(min=-100))


def _clipped(x: Tensor) -> Tensor:
    return x.clamp(KERAS_EPSILON, 1 - KERAS_EPSILON)
