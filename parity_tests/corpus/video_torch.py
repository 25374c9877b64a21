"""C3D for short videos, with batch norm and one convolution factorised into space and time."""

import torch.nn.functional as F
from torch import Tensor, nn


class C3D(nn.Module):
    """Convolutions and max pools in three dimensions, two dense layers."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv3d(3, 5, kernel_size=(3, 3, 3), padding=(1, 1, 1))
        self.pool1 = nn.MaxPool3d(kernel_size=(1, 2, 2), stride=(1, 2, 2))
        self.conv2 = nn.Conv3d(5, 8, kernel_size=3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm3d(8)
        self.pool2 = nn.MaxPool3d(kernel_size=2, stride=2)
        self.spatial = nn.Conv3d(8, 9, (1, 3, 3), padding=(0, 1, 1), bias=False)
        self.bn3 = nn.BatchNorm3d(9)
        self.temporal = nn.Conv3d(9, 7, (3, 1, 1), stride=(2, 1, 1), padding=(1, 0, 0))
        self.bn4 = nn.BatchNorm3d(7)
        self.pool5 = nn.MaxPool3d(kernel_size=(2, 2, 2), stride=(2, 2, 2), padding=(0, 1, 1))
        self.fc6 = nn.Linear(7 * 1 * 3 * 2, 11)
        self.dropout = nn.Dropout(0.5)
        self.fc7 = nn.Linear(11, 6)

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        x = self.pool1(F.relu(self.conv1(x)))
        x = self.pool2(F.relu(self.bn2(self.conv2(x))))
        x = F.relu(self.bn3(self.spatial(x)))
        x = self.pool5(F.relu(self.bn4(self.temporal(x))))
        x = x.view(x.size(0), -1)
        return self.fc7(self.dropout(F.relu(self.fc6(x))))


def build() -> nn.Module:
    """For videos of 3 x 8 x 20 x 14."""
    return C3D()
