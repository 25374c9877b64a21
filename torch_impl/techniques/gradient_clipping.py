"""Gradient clipping: by the norm of all gradients together, or of each variable's alone.

Source: article 004. Contract: crosscheck/specs/gradient_clipping.py
"""

import numpy as np
import torch
from torch import Tensor

from torch_impl import adapter


def clip_global_norm(gradients: list[Tensor], limit: float) -> list[Tensor]:
    """All gradients scaled by one factor, min(1, limit / (norm + 1e-6))."""
    # PORT: PyTorch's clip_grad_norm_ adds 1e-6 to the norm it divides by; Keras' global_clipnorm
    # adds nothing, so that its clipped gradients are longer by a relative 1e-6 / norm.
    norm = torch.nn.utils.get_total_norm(gradients)
    factor = torch.clamp(limit / (norm + 1e-6), max=1.0)
    return [gradient * factor for gradient in gradients]


def clip_variable_norm(gradients: list[Tensor], limit: float) -> list[Tensor]:
    """Each gradient scaled by a factor of its own; what Keras calls clipnorm."""
    # PORT: Keras' clipnorm clips the gradient of each variable alone, which turns it as a whole into
    # another direction. PyTorch has no such function; it must be called for each parameter alone.
    return [clip_global_norm([gradient], limit)[0] for gradient in gradients]


class Clipping:
    """Clips the gradients of an optimizer just before it uses them.

    Args:
        global_norm: limit for the norm of all gradients together; 0 is off.
        variable_norm: limit for the norm of each gradient; 0 is off.
    """

    def __init__(self, global_norm: float, variable_norm: float):
        self.global_norm = global_norm
        self.variable_norm = variable_norm

    def clip(self, gradients: list[Tensor]) -> list[Tensor]:
        """The gradients as the optimizer is to see them."""
        if self.global_norm:
            gradients = clip_global_norm(gradients, self.global_norm)
        if self.variable_norm:
            gradients = clip_variable_norm(gradients, self.variable_norm)
        return gradients

    def attach(self, optimizer: torch.optim.Optimizer) -> None:
        """Have every `optimizer.step()` begin with it."""
        optimizer.register_step_pre_hook(self._before_step)

    def _before_step(self, optimizer: torch.optim.Optimizer, *_: object) -> None:
        parameters = [p for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
        for parameter, gradient in zip(parameters, self.clip([p.grad for p in parameters]), strict=True):
            parameter.grad = gradient


def native_clipping(gradients: list[np.ndarray], limit: float) -> dict[str, list[np.ndarray]]:
    """What the framework's own functions and those above make of gradients, by name."""
    parameters = [torch.nn.Parameter(torch.zeros_like(adapter.placed(g))) for g in gradients]
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = adapter.placed(gradient)
    torch.nn.utils.clip_grad_norm_(parameters, limit)
    found = {"clip_grad_norm_": [adapter.fetched(parameter.grad) for parameter in parameters]}
    tensors = [adapter.placed(g) for g in gradients]
    for function in (clip_global_norm, clip_variable_norm):
        found[function.__name__] = [adapter.fetched(g) for g in function(tensors, limit)]
    return found
