"""GoogLeNet as in torchvision, with local response normalisation and one auxiliary classifier."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class BasicConv2d(nn.Module):
    """Convolution, batch norm, ReLU."""

    def __init__(self, in_channels: int, out_channels: int, **kwargs: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, bias=False, **kwargs)
        self.bn = nn.BatchNorm2d(out_channels, eps=0.001)

    def forward(self, x: Tensor) -> Tensor:
        """All three."""
        return F.relu(self.bn(self.conv(x)), inplace=True)


class Inception(nn.Module):
    """Four branches, concatenated."""

    def __init__(self, cin: int, c1: int, r3: int, c3: int, r5: int, c5: int, pool_proj: int) -> None:
        super().__init__()
        self.branch1 = BasicConv2d(cin, c1, kernel_size=1)
        self.branch2 = nn.Sequential(
            BasicConv2d(cin, r3, kernel_size=1), BasicConv2d(r3, c3, kernel_size=3, padding=1)
        )
        self.branch3 = nn.Sequential(
            BasicConv2d(cin, r5, kernel_size=1), BasicConv2d(r5, c5, kernel_size=5, padding=2)
        )
        self.branch4 = nn.Sequential(
            nn.MaxPool2d(kernel_size=3, stride=1, padding=1, ceil_mode=True),
            BasicConv2d(cin, pool_proj, kernel_size=1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """The branches side by side."""
        return torch.cat([self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)], 1)


class InceptionAux(nn.Module):
    """A classifier on maps in the middle."""

    def __init__(self, in_channels: int, num_classes: int) -> None:
        super().__init__()
        self.conv = BasicConv2d(in_channels, 4, kernel_size=1)
        self.fc1 = nn.Linear(4 * 2 * 3, 10)
        self.fc2 = nn.Linear(10, num_classes)
        self.dropout = nn.Dropout(p=0.7)

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        x = torch.flatten(self.conv(F.adaptive_avg_pool2d(x, (2, 3))), 1)
        return self.fc2(self.dropout(F.relu(self.fc1(x), inplace=True)))


class GoogLeNet(nn.Module):
    """A stem and three blocks of branches."""

    def __init__(self, num_classes: int = 6) -> None:
        super().__init__()
        self.conv1 = BasicConv2d(3, 7, kernel_size=5, stride=2, padding=2)
        self.lrn = nn.LocalResponseNorm(3)
        self.conv2 = BasicConv2d(7, 8, kernel_size=3, padding=1)
        self.inception3a = Inception(8, 3, 4, 5, 2, 4, 2)
        self.inception3b = Inception(14, 4, 5, 6, 3, 2, 3)
        self.maxpool3 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.inception4a = Inception(15, 5, 4, 6, 2, 3, 2)
        self.aux1 = InceptionAux(15, num_classes)
        self.dropout = nn.Dropout(0.2)
        self.fc = nn.Linear(16, num_classes)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Logits, and those of the auxiliary classifier."""
        x = self.conv2(self.lrn(self.conv1(x)))
        x = self.inception3b(self.inception3a(x))
        aux = self.aux1(x)
        x = self.inception4a(self.maxpool3(x))
        x = torch.flatten(F.adaptive_avg_pool2d(x, 1), 1)
        return self.fc(self.dropout(x)), aux


def build() -> nn.Module:
    """For images of 3 x 28 x 36."""
    return GoogLeNet()
