"""Weight decay and L2 regularisation for SGD, SGD with momentum, and Adam.

Source: article 002, arXiv 1711.05101. Contract: crosscheck/specs/weight_decay.py
"""

import numpy as np
import torch
from torch import Tensor

from crosscheck import optimizers
from torch_impl import adapter


class SGDW(torch.optim.SGD):
    """SGD with decoupled weight decay: w <- w - learning rate x decay x w, beside the step (Algorithm 1).

    Args:
        parameters: groups, each with its own "decay".
        settings: the hyper-parameters.
    """

    def __init__(self, parameters: list[dict], settings: optimizers.SGD):
        super().__init__(
            parameters, settings.learning_rate, settings.momentum, nesterov=settings.nesterov, fused=True
        )
        # Not a `step` of its own that calls SGD's: PyTorch wraps both of them once a plain SGD has been
        # made, and runs all hooks twice, clipping among them.
        self.register_step_pre_hook(self._decay)

    # PORT: `weight_decay` of PyTorch's SGD and Adam is L2, added to the gradient; of Keras' SGD and Adam
    # it is decoupled. PyTorch's AdamW is decoupled too, but there is no SGDW, so here is one.
    @torch.no_grad()
    def _decay(self, *_: object) -> None:
        for group in self.param_groups:
            for parameter in group["params"] if group["decay"] else ():
                # Not `mul_(1 - lr x decay)`, a number that float32 holds to four digits of the decay.
                parameter.add_(parameter, alpha=-group["lr"] * group["decay"])


def make_optimizer(
    settings: optimizers.Optimizer, decayed: list[Tensor], others: list[Tensor]
) -> torch.optim.Optimizer:
    """The PyTorch optimizer of these hyper-parameters; only `decayed` feel L2 and weight decay.

    Raises:
        ValueError: PyTorch's Adam cannot do both, L2 and decoupled weight decay, at once.
    """
    # PORT: PyTorch's weight decay reaches every parameter of a group, biases and slopes of PReLU as
    # well; Keras' every variable that is not excluded. So the parameters are told apart on both sides.
    groups = [
        {"params": decayed, "weight_decay": settings.l2, "decay": settings.weight_decay},
        {"params": others, "weight_decay": 0.0, "decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    if isinstance(settings, optimizers.SGD):
        return SGDW(groups, settings)
    if settings.l2 and settings.weight_decay:
        raise ValueError("Adam takes l2 or weight_decay, not both")
    if settings.weight_decay:
        for group in groups:
            group["weight_decay"] = group["decay"]
    # PORT: PyTorch's epsilon stands beside the root of the corrected v, Keras' beside the root of the
    # uncorrected one, so that no constant makes them equal; and their defaults are 1e-8 and 1e-7.
    rule = torch.optim.AdamW if settings.weight_decay else torch.optim.Adam
    betas = settings.beta_1, settings.beta_2
    return rule(groups, settings.learning_rate, betas, settings.epsilon, fused=True)


def native_steps(weight: np.ndarray, gradients: list[np.ndarray], decay: float) -> dict[str, np.ndarray]:
    """The weight after some steps of the framework's own optimizers, by their names and arguments."""
    # Numbers that float32 holds exactly, since Keras passes them through it.
    rules = {
        "SGD(weight_decay)": lambda w: torch.optim.SGD([w], 0.0625, 0.875, weight_decay=decay),
        "Adam(weight_decay)": lambda w: torch.optim.Adam([w], 2**-7, weight_decay=decay),
        "Adam()": lambda w: torch.optim.Adam([w], 2**-7),
    }
    found = {}
    for name, rule in rules.items():
        parameter = torch.nn.Parameter(adapter.placed(weight))
        optimizer = rule(parameter)
        for gradient in gradients:
            parameter.grad = adapter.placed(gradient)
            optimizer.step()
        found[name] = adapter.fetched(parameter)
    return found
