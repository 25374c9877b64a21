"""A user's PyTorch model in training on one batch; afterwards everything is as it was."""

import copy
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from crosscheck.ports.program import Held
from crosscheck.ports.recipe import Steps
from torch_impl.adapter import fetched, on_device, placed
from torch_impl.trace import Opened, get_weights, given_tensors, opened

DROPOUTS = (F.dropout, F.dropout1d, F.dropout2d, F.dropout3d, F.alpha_dropout, F.feature_alpha_dropout)
WITH_DROPOUT = {nn.modules.dropout._DropoutNd: "p", nn.RNNBase: "dropout", nn.MultiheadAttention: "dropout"}


@dataclass(frozen=True)
class Penalties:
    """What a loss makes of the weights themselves.

    Attributes:
        rates: of squares, by parameter, as of `Decay`.
        lasso: of absolute values.
        more: whether there is something that is neither.
    """

    rates: Mapping[str, float] = field(default_factory=dict)
    lasso: Mapping[str, float] = field(default_factory=dict)
    more: bool = False

    def value(self, parameters: Mapping[str, Tensor]) -> float:
        """The share of the loss."""
        squares = (rate / 2 * parameters[name].detach().square().sum() for name, rate in self.rates.items())
        straight = (rate * parameters[name].detach().abs().sum() for name, rate in self.lasso.items())
        return float(sum(squares)) + float(sum(straight))


LossFunction = Callable[[int, Any, Tensor], Tensor]


class NoDropout(TorchFunctionMode):
    """Functions of dropout do nothing while it is entered."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        return args[0] if function in DROPOUTS else function(*args, **(kwargs or {}))


def course(
    key: str,
    inputs: list[np.ndarray],
    target: np.ndarray,
    held: dict[str, Held],
    steps: int,
    loss: LossFunction,
    update: Callable[[int, Tensor], None],
    still: Collection[str] = (),
    watching: AbstractContextManager[Any] | None = None,
    output_alone: bool = False,
    within: Penalties | None = None,
) -> Steps:
    """Losses and weights of some steps; afterwards everything is as it was.

    Args:
        key: of the model.
        inputs: the same in every step.
        target: as the loss takes it.
        held: the tensors that are shown.
        steps: how many.
        loss: of the number of the step, the output and the target; it may contain penalties.
        update: changes the parameters by their gradients; is given the number of the step and the loss.
        still: paths of modules that stay in evaluation mode.
        watching: entered while the model is called.
        output_alone: whether the last step ends with the output.
        within: penalties that the loss contains; they are not counted in it.
    """
    subject, last = opened(key), None
    named = dict(subject.model.named_parameters())
    losses, weights = [], [get_weights(key, held)]
    given, wanted = given_tensors(subject, inputs), placed(target)
    with undisturbed(subject):
        for path in still:
            subject.model.get_submodule(path).eval()
        for step in range(steps):
            subject.model.zero_grad(set_to_none=True)
            with watching or nullcontext():
                output = subject.model(*given)
            if output_alone and step == steps - 1:
                last = fetched(output)
                break
            value = loss(step, output, wanted)
            value.backward()
            losses.append(float(value.detach()) - (within.value(named) if within else 0.0))
            update(step, value)
            weights.append(get_weights(key, held))
    return Steps(tuple(losses), tuple(weights), output=last)


def first_output(subject: Opened, given: list[Tensor]) -> Any:
    """What the model makes of its inputs in training mode, before it is trained."""
    with undisturbed(subject), torch.no_grad():
        return subject.model(*given)


@contextmanager
def undisturbed(subject: Opened) -> Iterator[None]:
    """Training mode without dropout; afterwards model, optimizer and schedule are as they were."""
    model, made = subject.model, subject.made
    modes = {module: module.training for module in model.modules()}
    rates = {
        (module, name): getattr(module, name)
        for module in modes
        for kind, name in WITH_DROPOUT.items()
        if isinstance(module, kind)
    }
    kept = [copy.deepcopy(part.state_dict()) for part in (model, *_trainers(made))]
    if made.optimizer is not None:
        made.optimizer.load_state_dict(made.optimizer.state_dict())  # so its state gets the model's precision
    model.train()
    for module, name in rates:
        setattr(module, name, 0.0)
    try:
        with NoDropout(), on_device(), warnings.catch_warnings():
            # Of a schedule that is stepped, or asked, otherwise than in a whole course of training.
            warnings.filterwarnings("ignore", message=r"(?s).*lr_scheduler")
            yield
    finally:
        for (module, name), rate in rates.items():
            setattr(module, name, rate)
        for part, state in zip((model, *_trainers(made)), kept, strict=True):
            part.load_state_dict(state)
        model.zero_grad(set_to_none=True)
        for module, mode in modes.items():
            module.training = mode


def _trainers(made: Any) -> list[Any]:
    return [part for part in (made.optimizer, made.scheduler) if part is not None]
