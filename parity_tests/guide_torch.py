"""Figures of PyTorch's that docs/porting.md states; `guide_keras.py` is its mirror."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn, optim

RATE = 2.0**-6
GRADIENTS = (1.0, -0.5, 2.0, 0.3)


def figures() -> dict[str, Any]:
    """By name."""
    generator = np.random.default_rng(0)
    image = torch.from_numpy(generator.normal(size=(1, 1, 6, 7)))
    betas = tuple(float(np.float32(beta)) for beta in (0.9, 0.999))
    return {
        "adam, first step": stepped(optim.Adam, (1.0,)) / -RATE,
        "adam, epsilon as in keras": as_keras_has_epsilon(betas),
        "nadam": stepped(optim.NAdam, GRADIENTS, momentum_decay=1.0, eps=1e-7),
        "adagrad": stepped(optim.Adagrad, GRADIENTS, initial_accumulator_value=0.1, eps=1e-7),
        "adadelta": stepped(optim.Adadelta, GRADIENTS, rho=0.95, eps=1e-7),
        "bicubic": F.interpolate(image, size=(12, 14), mode="bicubic", antialias=True)[0, 0].numpy(),
        "transposed, kernel and stride": {
            (kernel, stride): nn.ConvTranspose1d(1, 1, kernel, stride)(torch.zeros(1, 1, 5)).shape[-1]
            for kernel, stride in ((1, 2), (2, 3), (3, 2))
        },
        "plateau": plateau(1),
        "plateau, same patience": plateau(2),
        "pieces": [len(piece) for piece in torch.split(torch.arange(6), 2)],
        "normalized": F.normalize(torch.tensor([[3e-9, 4e-9]]).double())[0].tolist(),
        "gradients": {
            "norm of 0": gradient(torch.linalg.norm, [0.0, 0.0]),
            "maximum": gradient(torch.maximum, [1.0], [1.0]),
            "max": gradient(lambda x: torch.max(x, 0)[0], [1.0, 1.0]),
            "amax": gradient(lambda x: torch.amax(x, 0), [1.0, 1.0]),
            "clip": gradient(lambda x: torch.clamp(x, 0.0, 1.0), [1.0]),
        },
        "deviation": float(nn.Linear(512, 512).weight.detach().std()),
    }


def stepped(optimizer: Callable[..., Any], gradients: tuple[float, ...], **more: Any) -> float:
    """Where a weight is after some steps from 0."""
    weight = nn.Parameter(torch.zeros(1, dtype=torch.float64))
    own = optimizer([weight], lr=RATE, **more)
    for gradient in gradients:
        weight.grad = torch.tensor([gradient], dtype=torch.float64)
        own.step()
    return weight.item()


def as_keras_has_epsilon(betas: tuple[float, ...]) -> float:
    """Adam with Keras' placement of epsilon, step by step as the guide has it."""
    weight = nn.Parameter(torch.zeros(1, dtype=torch.float64))
    own = optim.Adam([weight], lr=RATE, betas=betas)
    for t, gradient in enumerate(GRADIENTS, start=1):
        own.param_groups[0]["eps"] = 1e-7 / (1 - betas[1] ** t) ** 0.5
        weight.grad = torch.tensor([gradient], dtype=torch.float64)
        own.step()
    return weight.item()


def plateau(patience: int) -> list[float]:
    """The rate behind each of some epochs without progress."""
    own = optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule = optim.lr_scheduler.ReduceLROnPlateau(own, factor=0.5, patience=patience)
    rates = []
    for _ in range(10):
        schedule.step(1.0)
        rates.append(own.param_groups[0]["lr"])
    return rates


def gradient(function: Callable[..., Tensor], *points: list[float]) -> list[list[float]]:
    """Of the sum of what a function gives, for each of its arguments."""
    given = [torch.tensor(point, dtype=torch.float64, requires_grad=True) for point in points]
    function(*given).sum().backward()
    return [[] if x.grad is None else x.grad.tolist() for x in given]
