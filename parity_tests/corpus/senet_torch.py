"""Squeeze and excitation, by dense layers and by 1x1 convolutions, with pools of several kinds."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class SEBlock(nn.Module):
    """Dense layers on the means of maps."""

    def __init__(self, channels: int, reduction: int) -> None:
        super().__init__()
        self.fc = nn.Sequential(
            nn.Linear(channels, channels // reduction, bias=False),
            nn.ReLU(inplace=True),
            nn.Linear(channels // reduction, channels, bias=False),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Each map times a number from 0 to 1."""
        b, c = x.shape[:2]
        y = self.fc(F.adaptive_avg_pool2d(x, 1).view(b, c))
        return x * y.view(b, c, 1, 1).expand_as(x)


class SqueezeExcite(nn.Module):
    """1x1 convolutions and hard sigmoid, as in MobileNetV3."""

    def __init__(self, channels: int, reduced: int) -> None:
        super().__init__()
        self.conv_reduce = nn.Conv2d(channels, reduced, 1)
        self.conv_expand = nn.Conv2d(reduced, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Each map times a number from 0 to 1."""
        y = x.mean((2, 3), keepdim=True)
        return x * F.hardsigmoid(self.conv_expand(F.relu(self.conv_reduce(y))))


class SENet(nn.Module):
    """Both kinds of blocks, grouped and dilated convolutions, average pools that count zeros and do not."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        self.se1 = SEBlock(8, 2)
        self.pool1 = nn.AvgPool2d(3, stride=2, padding=1, count_include_pad=False)
        self.conv2 = nn.Conv2d(8, 12, 3, padding=2, dilation=2, groups=4)
        self.bn2 = nn.BatchNorm2d(12)
        self.se2 = SqueezeExcite(12, 5)
        self.pool2 = nn.MaxPool2d(3, stride=1)
        self.conv3 = nn.Conv2d(12, 7, (1, 3), stride=(1, 2))
        self.pool3 = nn.MaxPool2d(2, ceil_mode=True)
        self.fc = nn.Linear(7, 6)

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        x = self.pool1(self.se1(torch.relu(self.bn1(self.conv1(x)))))
        x = self.pool2(self.se2(F.hardswish(self.bn2(self.conv2(x)))))
        x = self.pool3(F.mish(self.conv3(x)))
        return self.fc(x.flatten(2).mean(-1))


def build() -> nn.Module:
    """For images of 3 x 17 x 25."""
    return SENet()
