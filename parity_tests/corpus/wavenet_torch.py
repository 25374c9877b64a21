"""A net of dilated causal convolutions over signals, with gates and skips as in WaveNet."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class GatedBlock(nn.Module):
    """tanh times sigmoid, a residual and a skip."""

    def __init__(self, channels: int, skips: int, dilation: int) -> None:
        super().__init__()
        self.padding = 2 * dilation
        self.filter = nn.Conv1d(channels, channels, 3, dilation=dilation)
        self.gate = nn.Conv1d(channels, channels, 3, dilation=dilation)
        self.residual = nn.Conv1d(channels, channels, 1)
        self.skip = nn.Conv1d(channels, skips, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The next signal and what is added at the end."""
        y = F.pad(x, (self.padding, 0))
        y = torch.tanh(self.filter(y)) * torch.sigmoid(self.gate(y))
        return (x + self.residual(y)) * math.sqrt(0.5), self.skip(y)


class WaveNet(nn.Module):
    """Three blocks and a head that pools over time."""

    def __init__(self) -> None:
        super().__init__()
        self.causal = nn.Conv1d(2, 8, 1)
        self.blocks = nn.ModuleList([GatedBlock(8, 6, 2**i) for i in range(3)])
        self.last = nn.Conv1d(8, 6, 1)
        self.post1 = nn.Conv1d(6, 9, 3, groups=3, bias=False)
        self.norm = nn.BatchNorm1d(9)
        self.pool = nn.MaxPool1d(3, stride=2)
        self.post2 = nn.Conv1d(9, 4, 5, stride=2, padding=2)

    def forward(self, x: Tensor) -> Tensor:
        """Means over time."""
        skips = 0
        x = self.causal(x)
        for block in self.blocks:
            x, skip = block(x)
            skips = skips + skip
        x = self.pool(self.norm(self.post1(F.relu(skips + self.last(x)))))
        return self.post2(F.leaky_relu(x)).mean(dim=2)


def build() -> nn.Module:
    """For two signals of 26 steps."""
    return WaveNet()
