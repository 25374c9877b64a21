"""ShuffleNet: units of the first version (grouped 1x1 convolutions) and of the second (channel split)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def channel_shuffle(x: Tensor, groups: int) -> Tensor:
    """The channels of all groups in turn."""
    n, c, h, w = x.size()
    x = x.view(n, groups, c // groups, h, w)
    return torch.transpose(x, 1, 2).contiguous().view(n, c, h, w)


class ShuffleUnit(nn.Module):
    """Unit of the first version; concatenates a mean of the input if it strides, else adds the input."""

    def __init__(self, cin: int, cout: int, groups: int, stride: int) -> None:
        super().__init__()
        self.stride, self.groups = stride, groups
        hidden = 6
        outputs = cout - cin if stride == 2 else cout
        self.gconv1 = nn.Conv2d(cin, hidden, 1, groups=groups, bias=False)
        self.bn1 = nn.BatchNorm2d(hidden)
        self.dwconv = nn.Conv2d(hidden, hidden, 3, stride, 1, groups=hidden, bias=False)
        self.bn2 = nn.BatchNorm2d(hidden)
        self.gconv3 = nn.Conv2d(hidden, outputs, 1, groups=groups, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        """ReLU behind the joint."""
        y = channel_shuffle(F.relu(self.bn1(self.gconv1(x))), self.groups)
        y = self.bn3(self.gconv3(self.bn2(self.dwconv(y))))
        if self.stride == 2:
            return F.relu(torch.cat([F.avg_pool2d(x, 3, 2, 1), y], 1))
        return F.relu(x + y)


class InvertedResidual(nn.Module):
    """Unit of the second version: one half of the channels passes untouched."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        half = channels // 2
        self.branch2 = nn.Sequential(
            nn.Conv2d(half, half, 1, bias=False),
            nn.BatchNorm2d(half),
            nn.ReLU(inplace=True),
            nn.Conv2d(half, half, 3, padding=1, groups=half, bias=False),
            nn.BatchNorm2d(half),
            nn.Conv2d(half, half, 1, bias=False),
            nn.BatchNorm2d(half),
            nn.ReLU(inplace=True),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Shuffled behind the concatenation."""
        x1, x2 = x.chunk(2, dim=1)
        return channel_shuffle(torch.cat((x1, self.branch2(x2)), dim=1), 2)


class ShuffleNet(nn.Module):
    """Two units of each kind."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Sequential(
            nn.Conv2d(3, 9, 3, 2, 1, bias=False), nn.BatchNorm2d(9), nn.ReLU(inplace=True)
        )
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.stage2 = nn.Sequential(ShuffleUnit(9, 18, 3, 2), ShuffleUnit(18, 18, 3, 1))
        self.stage3 = nn.Sequential(InvertedResidual(18), InvertedResidual(18))
        self.conv5 = nn.Sequential(
            nn.Conv2d(18, 11, 1, bias=False), nn.BatchNorm2d(11), nn.ReLU(inplace=True)
        )
        self.fc = nn.Linear(11, 7)

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        x = self.stage3(self.stage2(self.maxpool(self.conv1(x))))
        return self.fc(self.conv5(x).mean([2, 3]))


def build() -> nn.Module:
    """For images of 3 x 44 x 30, or others."""
    return ShuffleNet()
