"""A small MobileNetV2, and a net of depthwise convolutions with a channel multiplier."""

import torch.nn.functional as F
from torch import Tensor, nn


def conv_bn(inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> nn.Sequential:
    """Convolution, batch norm, ReLU6."""
    conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs), nn.ReLU6(inplace=True))


class InvertedResidual(nn.Module):
    """Expansion, depthwise convolution, linear bottleneck."""

    def __init__(self, inputs: int, outputs: int, stride: int, expand: int) -> None:
        super().__init__()
        hidden = inputs * expand
        self.use_res_connect = stride == 1 and inputs == outputs
        self.conv = nn.Sequential(
            conv_bn(inputs, hidden, 1),
            conv_bn(hidden, hidden, 3, stride, groups=hidden),
            nn.Conv2d(hidden, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )

    def forward(self, x: Tensor) -> Tensor:
        """With a skip where the shapes allow it."""
        return x + self.conv(x) if self.use_res_connect else self.conv(x)


class MobileNetV2(nn.Module):
    """Takes pixels from 0 to 1."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            conv_bn(3, 8, 3, stride=2),
            InvertedResidual(8, 10, 2, expand=3),
            InvertedResidual(10, 10, 1, expand=2),
            conv_bn(10, 26, 1),
        )
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(26, 12))

    def forward(self, x: Tensor) -> Tensor:
        """Probabilities."""
        x = self.features((x - 0.5) / 0.5).mean([2, 3])
        return F.softmax(self.classifier(x), dim=1)


class SeparableNet(nn.Module):
    """Depthwise convolutions with multipliers 2 and 3, each followed by a pointwise one."""

    def __init__(self) -> None:
        super().__init__()
        self.dw1 = nn.Conv2d(4, 8, 3, padding=1, groups=4, bias=False)
        self.pw1 = nn.Conv2d(8, 5, 1)
        self.dw2 = nn.Conv2d(5, 15, (3, 5), stride=2, padding=(1, 2), groups=5)
        self.norm = nn.BatchNorm2d(15, eps=1e-3, momentum=0.01)
        self.pw2 = nn.Conv2d(15, 6, 1, groups=3)
        self.pool = nn.AvgPool2d(2, ceil_mode=True)
        self.fc = nn.Linear(6, 11)

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        x = F.hardswish(self.pw1(self.dw1(x)))
        x = F.silu(self.pw2(F.leaky_relu(self.norm(self.dw2(x)), 0.2)))
        return self.fc(self.pool(x).amax((2, 3)))


def build() -> nn.Module:
    """MobileNetV2 for images of 3 x 24 x 36."""
    return MobileNetV2()


def separable() -> nn.Module:
    """For maps of 4 x 14 x 18."""
    return SeparableNet()
