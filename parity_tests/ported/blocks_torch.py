"""Nets of blocks, all alike."""

import torch
from torch import Tensor, nn


class Block(nn.Module):
    """Two convolutions beside which the input goes past."""

    def __init__(self, channels: int):
        super().__init__()
        self.c1, self.b1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels)
        self.c2, self.b2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        """x (B, C, H, W)."""
        y = torch.relu(self.b1(self.c1(x)))
        return torch.relu(x + self.b2(self.c2(y)))


def residual() -> nn.Module:
    """x (B, 3, H, W); three blocks."""
    blocks = [Block(8) for _ in range(3)]
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10)
    )


class Encoder(nn.Module):
    """Three layers of PyTorch's own encoder, and the mean over the steps."""

    def __init__(self) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(16, 4, 20, dropout=0.0, batch_first=True)
        self.encoder, self.out = nn.TransformerEncoder(layer, 3), nn.Linear(16, 2)

    def forward(self, x: Tensor) -> Tensor:
        """x (B, T, 16)."""
        return self.out(self.encoder(x).mean(1))


def encoder() -> nn.Module:
    """See `Encoder`."""
    return Encoder()


class Attending(nn.Module):
    """Attention of two heads."""

    def __init__(self) -> None:
        super().__init__()
        self.attention, self.out = nn.MultiheadAttention(10, 2, batch_first=True), nn.Linear(10, 6)

    def forward(self, x: Tensor) -> Tensor:
        """x (B, T, 10)."""
        return self.out(self.attention(x, x, x)[0])


def attending() -> nn.Module:
    """See `Attending`."""
    return Attending()
