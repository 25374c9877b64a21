"""Models whose outputs do not tell where a gradient is stopped."""

import torch.nn.functional as F
from torch import Tensor, nn


class Commitment(nn.Module):
    """Each of two layers is drawn to the other, by different weights."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(5, 4), nn.Linear(5, 4)

    def forward(self, x: Tensor) -> Tensor:
        """x (B, 5) -> a loss."""
        a, b = self.a(x), self.b(x)
        return F.mse_loss(a, b.detach()) + 0.25 * F.mse_loss(a.detach(), b)


def commitment() -> nn.Module:
    """See `Commitment`."""
    return Commitment()


class Twice(nn.Module):
    """The gradient is twice that of the output."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(5, 4), nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        """x (B, 5)."""
        y = self.b(self.a(x))
        return y + (y - y.detach())


def twice() -> nn.Module:
    """See `Twice`."""
    return Twice()
