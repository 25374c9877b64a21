"""A ResNeXt with pre-activation whose two stages are judged by one head."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class PreActBlock(nn.Module):
    """A bottleneck with a grouped convolution; a projected shortcut begins behind the first activation."""

    def __init__(self, in_planes: int, width: int, out_planes: int, groups: int, stride: int = 1) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(in_planes)
        self.conv1 = nn.Conv2d(in_planes, width, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride=stride, padding=1, groups=groups, bias=False)
        self.bn3 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, out_planes, 1, bias=False)
        if stride != 1 or in_planes != out_planes:
            self.shortcut = nn.Conv2d(in_planes, out_planes, 1, stride=stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Not activated."""
        out = F.relu(self.bn1(x))
        shortcut = self.shortcut(out) if hasattr(self, "shortcut") else x
        out = self.conv1(out)
        out = self.conv2(F.relu(self.bn2(out)))
        out = self.conv3(F.relu(self.bn3(out)))
        return out + shortcut


class ResNeXt(nn.Module):
    """Two stages, and the mean of what the head says of each."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 12, 3, padding=1, bias=False)
        self.layer1 = nn.Sequential(PreActBlock(12, 8, 16, 4), PreActBlock(16, 8, 16, 4))
        self.layer2 = nn.Sequential(PreActBlock(16, 12, 24, 3, stride=2), PreActBlock(24, 12, 24, 3))
        self.norm = nn.BatchNorm2d(24)
        self.proj1, self.proj2 = nn.Linear(16, 10), nn.Linear(24, 10)
        self.head = nn.Sequential(nn.Linear(10, 9), nn.ReLU(), nn.Dropout(0.3), nn.Linear(9, 5))

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        c1 = self.layer1(self.stem(x))
        c2 = F.relu(self.norm(self.layer2(c1)))
        a = self.proj1(torch.flatten(F.adaptive_avg_pool2d(c1, 1), 1))
        b = self.proj2(torch.flatten(F.adaptive_avg_pool2d(c2, 1), 1))
        return (self.head(a) + self.head(b)) / 2


def build() -> nn.Module:
    """For images of 3 x 17 x 26."""
    return ResNeXt()
