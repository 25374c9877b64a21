"""Gradient clipping: by the norm of all gradients together, or of each variable's alone.

Source: article 004. Contract: crosscheck/specs/gradient_clipping.py
"""

import numpy as np
from keras import KerasTensor as Tensor
from keras import Variable, ops, optimizers

from keras_impl import replicas


def clip_global_norm(gradients: list[Tensor], limit: float) -> list[Tensor]:
    """All gradients scaled by one factor, min(1, limit / (norm + 1e-6))."""
    # PORT: PyTorch's clip_grad_norm_ adds 1e-6 to the norm it divides by; Keras' global_clipnorm
    # adds nothing, so that its clipped gradients are longer by a relative 1e-6 / norm.
    norm = ops.sqrt(sum(ops.sum(ops.square(gradient)) for gradient in gradients))
    factor = ops.minimum(limit / (norm + 1e-6), 1.0)
    return [gradient * factor for gradient in gradients]


def clip_variable_norm(gradients: list[Tensor], limit: float) -> list[Tensor]:
    """Each gradient scaled by a factor of its own; what Keras calls clipnorm."""
    # PORT: Keras' clipnorm clips the gradient of each variable alone, which turns it as a whole into
    # another direction. PyTorch has no such function; it must be called for each parameter alone.
    return [clip_global_norm([gradient], limit)[0] for gradient in gradients]


class Clipping:
    """Clips the gradients of an optimizer just before it uses them: mix it in before the optimizer.

    Args:
        global_norm: limit for the norm of all gradients together; 0 is off.
        variable_norm: limit for the norm of each gradient; 0 is off.
    """

    def __init__(self, global_norm: float, variable_norm: float, **kwargs):
        super().__init__(**kwargs)
        self.global_norm = global_norm
        self.variable_norm = variable_norm

    def clip(self, gradients: list[Tensor]) -> list[Tensor]:
        """The gradients as the optimizer is to see them."""
        if self.global_norm:
            gradients = clip_global_norm(gradients, self.global_norm)
        if self.variable_norm:
            gradients = clip_variable_norm(gradients, self.variable_norm)
        return gradients

    def apply(self, grads, trainable_variables=None):
        """What Keras calls with the gradients of every step, on any backend."""
        grads = list(grads)
        if self.global_norm or self.variable_norm:
            # Each replica has its own part's gradients here; Keras adds them up later, in `super().apply`.
            whole = [replicas.total(gradient) for gradient in grads]
            grads = [gradient / replicas.count() for gradient in self.clip(whole)]
        super().apply(grads, trainable_variables)


def native_clipping(gradients: list[np.ndarray], limit: float) -> dict[str, list[np.ndarray]]:
    """What the framework's own functions and those above make of gradients, by name."""
    found = {}
    for name in ("global_clipnorm", "clipnorm"):
        variables = [Variable(np.zeros_like(gradient), dtype=str(gradient.dtype)) for gradient in gradients]
        # With learning rate 1 and no momentum, a step takes away just the clipped gradient.
        optimizers.SGD(1.0, **{name: limit}).apply([ops.convert_to_tensor(g) for g in gradients], variables)
        found[name] = [-ops.convert_to_numpy(variable) for variable in variables]
    tensors = [ops.convert_to_tensor(g) for g in gradients]
    for function in (clip_global_norm, clip_variable_norm):
        found[function.__name__] = [ops.convert_to_numpy(g) for g in function(tensors, limit)]
    return found
