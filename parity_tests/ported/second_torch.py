"""Originals for what is looked at a second time, or in another way than evaluation mode goes."""

from typing import Any

import torch
from torch import Tensor, nn


class Two(nn.Module):
    """Two outputs; (B, 6) -> (B, 3), (B, 3)."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(6, 3), nn.Linear(6, 3)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return torch.relu(self.first(x)), torch.tanh(self.second(x))


class OtherWay(nn.Module):
    """With a head of its own in training; (B, 6) -> (B, 3)."""

    def __init__(self) -> None:
        super().__init__()
        self.dense, self.norm, self.head = nn.Linear(6, 5), nn.BatchNorm1d(5), nn.Linear(5, 3)
        self.auxiliary = nn.Linear(5, 2)

    def forward(self, x: Tensor) -> Any:
        x = self.norm(self.dense(x))
        return (self.head(x), self.auxiliary(x)) if self.training else self.head(x)


class Backless(torch.autograd.Function):
    """The identity, with a gradient that fails."""

    @staticmethod
    def forward(context: Any, x: Tensor) -> Tensor:
        return x.clone()

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:
        raise RuntimeError("no gradient here")


class Untrained(nn.Module):
    """Cannot be trained; (B, 6) -> (B, 3)."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        return Backless.apply(self.dense(x))


class Volume(nn.Module):
    """(B, 2, D, H, W) -> (B, 4)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.fc = nn.Conv3d(2, 3, 3, padding=1), nn.Linear(3, 4)
        self.largest, self.mean = nn.MaxPool3d(2), nn.AvgPool3d((1, 2, 2))

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.mean(self.largest(self.conv(x))).mean((2, 3, 4)))


def two() -> nn.Module:
    """See `Two`."""
    return Two()


def other_way() -> nn.Module:
    """See `OtherWay`."""
    return OtherWay()


def untrained() -> nn.Module:
    """See `Untrained`."""
    return Untrained()


def volume() -> nn.Module:
    """See `Volume`."""
    return Volume()
