"""Models that drop at random in training, each in a way of its own."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def _behind(*dropout: nn.Module) -> nn.Module:
    return nn.Sequential(nn.Linear(5, 6), nn.ReLU(), *dropout, nn.Linear(6, 3))


def elements() -> nn.Module:
    """x (B, 5); elements are dropped."""
    return _behind(nn.Dropout(0.3))


def nothing() -> nn.Module:
    """x (B, 5)."""
    return _behind()


def zero() -> nn.Module:
    """x (B, 5); dropout of rate 0."""
    return _behind(nn.Dropout(0.0))


class Called(nn.Module):
    """Drops by functions: one in training, one never.

    Args:
        rate: of the first.
    """

    def __init__(self, rate: float):
        super().__init__()
        self.rate, self.one, self.two = rate, nn.Linear(5, 6), nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        """As the class says."""
        x = F.dropout(F.relu(self.one(x)), p=self.rate, training=self.training)
        return F.dropout(self.two(x), 0.9, False)


def called() -> nn.Module:
    """x (B, 5); see `Called`."""
    return Called(0.3)


def maps() -> nn.Module:
    """x (B, 3, H, W); whole feature maps are dropped."""
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Dropout2d(0.2), nn.Conv2d(4, 2, 3))


class Attending(nn.Module):
    """Attention by PyTorch's function, which is told a rate in training only."""

    def __init__(self):
        super().__init__()
        self.q, self.k, self.v, self.out = (nn.Linear(8, 8) for _ in range(4))

    def forward(self, x: Tensor) -> Tensor:
        """As the class says."""
        q, k, v = (layer(x).unflatten(-1, (2, 4)).transpose(1, 2) for layer in (self.q, self.k, self.v))
        rate = 0.1 if self.training else 0.0
        mixed = F.scaled_dot_product_attention(q, k, v, dropout_p=rate)
        return self.out(mixed.transpose(1, 2).flatten(2))


def attending() -> nn.Module:
    """x (B, T, 8); see `Attending`."""
    return Attending()


class Stacked(nn.Module):
    """Two LSTMs in one, with dropout between them."""

    def __init__(self):
        super().__init__()
        self.lstm, self.last = nn.LSTM(5, 6, 2, dropout=0.3, batch_first=True), nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        """As the class says."""
        return self.last(torch.relu(self.lstm(x)[0][:, -1]))


def stacked() -> nn.Module:
    """x (B, T, 5); see `Stacked`."""
    return Stacked()
