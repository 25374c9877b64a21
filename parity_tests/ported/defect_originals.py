"""Originals, in PyTorch, of the ports on which other tools are known to fail."""

import torch
from torch import Tensor, nn


class Plain(nn.Module):
    """Two dense layers, and what a subclass does to their output."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(6, 8), nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        return self.end(self.last(torch.tanh(self.first(x))))

    def end(self, y: Tensor) -> Tensor:
        return y


class WithNan(Plain):
    """One element of the output is NaN."""

    def end(self, y: Tensor) -> Tensor:
        return torch.where(y == y.max(), torch.nan, y)


class Cut(Plain):
    """What is negative becomes 0."""

    def end(self, y: Tensor) -> Tensor:
        return torch.where(y > 0, y, 0.0)


class Chain(nn.Module):
    """Three dense layers, one behind the other."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c = nn.Linear(6, 7), nn.Linear(7, 8), nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        return self.c(torch.tanh(self.b(torch.tanh(self.a(x)))))


class Map(nn.Module):
    """A square feature map."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 3, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x)


class Pooled(nn.Module):
    """A convolution and an average pooling."""

    def __init__(self, pool: nn.Module) -> None:
        super().__init__()
        self.conv, self.pool = nn.Conv2d(2, 3, 1), pool

    def forward(self, x: Tensor) -> Tensor:
        return self.pool(self.conv(x))


class Misfit(nn.Module):
    """A table whose elements would fill another shape as well."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(12, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.table(x)


def plain() -> nn.Module:
    """Plain."""
    return Plain()


def with_nan() -> nn.Module:
    """With nan."""
    return WithNan()


def cut() -> nn.Module:
    """Cut."""
    return Cut()


def chain() -> nn.Module:
    """Chain."""
    return Chain()


def square() -> nn.Module:
    """Square."""
    return Map()


def pooled_counting() -> nn.Module:
    """Pooled counting."""
    return Pooled(nn.AvgPool2d(3, 2, padding=1))


def pooled_not_counting() -> nn.Module:
    """Pooled not counting."""
    return Pooled(nn.AvgPool2d(3, 2, padding=1, count_include_pad=False))


def pooled_ceil() -> nn.Module:
    """Pooled ceil."""
    return Pooled(nn.AvgPool2d(2, 2, ceil_mode=True))


def misfit() -> nn.Module:
    """Misfit."""
    return Misfit()


def trained() -> tuple[nn.Module, torch.optim.Optimizer, nn.Module]:
    """Trained."""
    model = Plain()
    return model, torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9), nn.CrossEntropyLoss()
