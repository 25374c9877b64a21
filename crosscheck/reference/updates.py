"""What optimizers do to weights, step by step, from their papers' formulas."""

from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np

from crosscheck.layouts import Weights
from crosscheck.optimizers import DROP, SGD, Adam, Optimizer

# PyTorch adds this to the norm it divides by; Keras adds nothing.
CLIP_EPSILON = 1e-6


def learning_rate(optimizer: Optimizer, step: int) -> float:
    """Of the step with this number, counted from 0 (arXiv 1706.02677, section 2.2)."""
    rate = optimizer.learning_rate
    if step < optimizer.warmup_steps:
        share = step / optimizer.warmup_steps
        rate = optimizer.warmup_start + (rate - optimizer.warmup_start) * share
    return rate * DROP ** sum(step >= milestone for milestone in optimizer.milestones)


def clip_global_norm(gradients: Weights, limit: float) -> Weights:
    """All gradients scaled by one factor, so that their common norm is at most `limit`."""
    norm = np.sqrt(sum(float(np.sum(g**2)) for g in gradients.values()))
    factor = min(1.0, limit / (norm + CLIP_EPSILON))
    return {name: g * factor for name, g in gradients.items()}


def clip_variable_norm(gradients: Weights, limit: float) -> Weights:
    """Each gradient by itself scaled down to a norm of at most `limit`: another direction as a whole."""
    return {name: clip_global_norm({name: g}, limit)[name] for name, g in gradients.items()}


def updates(
    optimizer: Optimizer,
    decayed: Collection[str],
    weights: Mapping[str, np.ndarray],
    gradients: Sequence[Weights],
) -> Iterator[Weights]:
    """The weights after each step.

    Args:
        optimizer: its hyper-parameters.
        decayed: names of the weights that L2 and weight decay apply to.
        weights: to begin with.
        gradients: of each step, by name.
    """
    weights = dict(weights)
    first = {name: np.zeros_like(w) for name, w in weights.items()}
    second = {name: np.zeros_like(w) for name, w in weights.items()}
    for number, gradient in enumerate(gradients):
        rate = learning_rate(optimizer, number)
        if optimizer.global_norm:
            gradient = clip_global_norm(gradient, optimizer.global_norm)
        if optimizer.variable_norm:
            gradient = clip_variable_norm(gradient, optimizer.variable_norm)
        for name, w in weights.items():
            g = gradient[name]
            if name in decayed:
                w = w - rate * optimizer.weight_decay * w
                g = g + optimizer.l2 * w
            match optimizer:
                case SGD(momentum=momentum, nesterov=nesterov):
                    first[name] = momentum * first[name] + g
                    direction = g + momentum * first[name] if nesterov else first[name]
                case Adam(beta_1=beta_1, beta_2=beta_2, epsilon=epsilon):
                    first[name] = beta_1 * first[name] + (1 - beta_1) * g
                    second[name] = beta_2 * second[name] + (1 - beta_2) * g**2
                    mean = first[name] / (1 - beta_1 ** (number + 1))
                    square = second[name] / (1 - beta_2 ** (number + 1))
                    direction = mean / (np.sqrt(square) + epsilon)
                case _:
                    raise ValueError(f"no formula for {type(optimizer).__name__}")
            weights[name] = w - rate * direction
        yield dict(weights)
