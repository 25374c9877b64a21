"""Normalisations written out by hand in PyTorch, with variances of n - 1 as its defaults have them."""

import torch
from torch import Tensor, nn


class Norm(nn.Module):
    """A layer norm as the annotated transformer has it."""

    def __init__(self) -> None:
        super().__init__()
        self.gamma, self.beta = nn.Parameter(torch.ones(6)), nn.Parameter(torch.zeros(6))

    def forward(self, x: Tensor) -> Tensor:
        mean, deviation = self.moments(x)
        return self.gamma * (x - mean) / deviation + self.beta

    def moments(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x.mean(-1, keepdim=True), x.std(-1, keepdim=True) + 1e-6


class OfVariance(Norm):
    """The epsilon under the root."""

    def moments(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x.mean(-1, keepdim=True), torch.sqrt(x.var(-1, keepdim=True) + 1e-6)


class OfBoth(Norm):
    """Mean and variance at once."""

    def moments(self, x: Tensor) -> tuple[Tensor, Tensor]:
        variance, mean = torch.var_mean(x, -1, keepdim=True)
        return mean, torch.sqrt(variance + 1e-6)


def net(norm: type[Norm]) -> nn.Module:
    """A norm between two layers."""
    return nn.Sequential(nn.Linear(5, 6), norm(), nn.ReLU(), nn.Linear(6, 4))


def deviation() -> nn.Module:
    """A net with `std`."""
    return net(Norm)


def variance() -> nn.Module:
    """A net with `var`."""
    return net(OfVariance)


def both() -> nn.Module:
    """A net with `var_mean`."""
    return net(OfBoth)


class AdaptiveNorm(nn.Module):
    """An adaptive instance norm (AdaIN) as codes of style transfer have it."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.out = nn.Conv2d(3, 6, 3), nn.Conv2d(6, 2, 1)
        self.gamma, self.beta = nn.Linear(4, 6), nn.Linear(4, 6)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        x = self.conv(x)
        flat = x.view(*x.shape[:2], -1)
        deviation = (flat.var(dim=2) + 1e-5).sqrt()[:, :, None, None]
        x = (x - flat.mean(dim=2)[:, :, None, None]) / deviation
        return self.out(x * self.gamma(style)[:, :, None, None] + self.beta(style)[:, :, None, None])
