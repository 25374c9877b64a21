"""A residual net on electrocardiograms of several leads."""

import torch
from torch import Tensor, nn


class Block(nn.Module):
    """Dilated convolutions; the shortcut is a max pool and a convolution of width 1."""

    def __init__(self, cin: int, cout: int, dilation: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(cin, cout, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm1d(cout)
        self.act = nn.LeakyReLU()
        self.conv2 = nn.Conv1d(cout, cout, 5, padding=2 * dilation, dilation=dilation, bias=False)
        self.bn2 = nn.BatchNorm1d(cout)
        self.shortcut = nn.Sequential(nn.MaxPool1d(3, stride=2, padding=1), nn.Conv1d(cin, cout, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Activation behind the addition."""
        y = self.bn2(self.conv2(self.act(self.bn1(self.conv1(x)))))
        return self.act(y + self.shortcut(x))


class ECGNet(nn.Module):
    """Two blocks, a pool, dense layers on the flattened signal."""

    def __init__(self) -> None:
        super().__init__()
        self.block1 = Block(4, 6, 1)
        self.block2 = Block(6, 9, 2)
        self.pool = nn.MaxPool1d(2)
        self.classifier = nn.Sequential(
            nn.Flatten(), nn.Linear(9 * 7, 10), nn.ELU(), nn.Dropout(0.3), nn.Linear(10, 5)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Probability of each of five findings, which do not exclude each other."""
        return torch.sigmoid(self.classifier(self.pool(self.block2(self.block1(x)))))


def build() -> nn.Module:
    """For 4 leads of 58 or 60 samples."""
    return ECGNet()
