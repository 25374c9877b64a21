"""A small DenseNet-BC, as in torchvision."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class DenseLayer(nn.Module):
    """Norm, ReLU, 1x1, norm, ReLU, 3x3; what comes out is put behind what went in."""

    def __init__(self, channels: int, growth: int) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv1 = nn.Conv2d(channels, 2 * growth, kernel_size=1, bias=False)
        self.norm2 = nn.BatchNorm2d(2 * growth)
        self.conv2 = nn.Conv2d(2 * growth, growth, kernel_size=3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Old and new features."""
        y = self.conv1(F.relu(self.norm1(x)))
        y = self.conv2(F.relu(self.norm2(y)))
        return torch.cat([x, y], 1)


class DenseNet(nn.Module):
    """Two blocks with a transition between them."""

    def __init__(self) -> None:
        super().__init__()
        self.conv0 = nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False)
        self.pool0 = nn.AvgPool2d(3, stride=2, padding=1)
        self.block1 = nn.Sequential(*[DenseLayer(8 + 5 * i, 5) for i in range(3)])
        self.transition = nn.Sequential(
            nn.BatchNorm2d(23), nn.ReLU(inplace=True), nn.Conv2d(23, 11, 1, bias=False), nn.AvgPool2d(2, 2)
        )
        self.block2 = nn.Sequential(*[DenseLayer(11 + 6 * i, 6) for i in range(2)])
        self.norm5 = nn.BatchNorm2d(23)
        self.classifier = nn.Linear(23, 7)

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        x = self.block1(self.pool0(self.conv0(x)))
        x = F.relu(self.norm5(self.block2(self.transition(x))))
        return self.classifier(F.adaptive_avg_pool2d(x, 1).flatten(1))


def build() -> nn.Module:
    """For images of three channels."""
    return DenseNet()
