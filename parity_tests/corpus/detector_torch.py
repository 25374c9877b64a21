"""A small detector: a backbone, a feature pyramid, and heads that all levels share."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def conv_bn(inputs: int, outputs: int) -> nn.Sequential:
    """Half the size."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class FPN(nn.Module):
    """From the coarsest map to the finest."""

    def __init__(self, in_channels: list[int], out_channels: int) -> None:
        super().__init__()
        self.lateral_convs = nn.ModuleList(nn.Conv2d(c, out_channels, 1) for c in in_channels)
        self.fpn_convs = nn.ModuleList(
            nn.Conv2d(out_channels, out_channels, 3, padding=1) for _ in in_channels
        )

    def forward(self, inputs: list[Tensor]) -> list[Tensor]:
        """As many maps, all of one width."""
        laterals = [conv(x) for conv, x in zip(self.lateral_convs, inputs, strict=True)]
        for i in range(len(laterals) - 1, 0, -1):
            size = laterals[i - 1].shape[2:]
            laterals[i - 1] = laterals[i - 1] + F.interpolate(laterals[i], size=size, mode="nearest")
        return [conv(x) for conv, x in zip(self.fpn_convs, laterals, strict=True)]


class Head(nn.Module):
    """A few numbers for each anchor at each place."""

    def __init__(self, channels: int, anchors: int, numbers: int) -> None:
        super().__init__()
        self.numbers = numbers
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)
        self.output = nn.Conv2d(channels, anchors * numbers, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, A*K, H, W) as (B, H*W*A, K)."""
        x = self.output(F.relu(self.conv(x)))
        b, _, h, w = x.shape
        x = x.view(b, -1, self.numbers, h, w).permute(0, 3, 4, 1, 2)
        return x.reshape(b, -1, self.numbers)


class Detector(nn.Module):
    """Classes and boxes of all anchors."""

    def __init__(self) -> None:
        super().__init__()
        self.stages = nn.ModuleList([conv_bn(3, 8), conv_bn(8, 12), conv_bn(12, 16)])
        self.fpn = FPN([8, 12, 16], 10)
        self.classification, self.regression = Head(10, 2, 3), Head(10, 2, 4)

    def forward(self, x: Tensor) -> list[Tensor]:
        """(B, anchors, 3) and (B, anchors, 4)."""
        maps = []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        maps = self.fpn(maps)
        return [torch.cat([head(m) for m in maps], dim=1) for head in (self.classification, self.regression)]


def build() -> nn.Module:
    """For images of 3 x 28 x 40."""
    return Detector()
