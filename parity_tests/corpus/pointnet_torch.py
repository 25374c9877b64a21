"""A small PointNet that gives each point of a cloud a class."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class TNet(nn.Module):
    """A matrix by which the points are turned."""

    def __init__(self, k: int) -> None:
        super().__init__()
        self.k = k
        self.conv1, self.bn1 = nn.Conv1d(k, 6, 1), nn.BatchNorm1d(6)
        self.fc1, self.bn2 = nn.Linear(6, 7), nn.BatchNorm1d(7)
        self.fc2 = nn.Linear(7, k * k)

    def forward(self, x: Tensor) -> Tensor:
        """One of k x k for each cloud."""
        x = F.relu(self.bn1(self.conv1(x)))
        x = torch.max(x, 2)[0]
        x = self.fc2(F.relu(self.bn2(self.fc1(x))))
        return x.view(-1, self.k, self.k) + torch.eye(self.k, dtype=x.dtype, device=x.device)


class PointNetSeg(nn.Module):
    """Features of points, their maximum beside them, dense layers."""

    def __init__(self) -> None:
        super().__init__()
        self.stn = TNet(3)
        self.conv1, self.bn1 = nn.Conv1d(3, 8, 1), nn.BatchNorm1d(8)
        self.conv2, self.bn2 = nn.Conv1d(8, 14, 1), nn.BatchNorm1d(14)
        self.conv3, self.bn3 = nn.Conv1d(14, 20, 1), nn.BatchNorm1d(20)
        self.conv4, self.bn4 = nn.Conv1d(28, 11, 1), nn.BatchNorm1d(11)
        self.conv5 = nn.Conv1d(11, 5, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Logarithms of probabilities, (batch, points, classes), and the matrices."""
        n_pts = x.size(2)
        trans = self.stn(x)
        x = torch.bmm(x.transpose(2, 1), trans).transpose(2, 1)
        pointfeat = F.relu(self.bn1(self.conv1(x)))
        x = F.relu(self.bn2(self.conv2(pointfeat)))
        x = self.bn3(self.conv3(x))
        x = torch.max(x, 2, keepdim=True)[0].repeat(1, 1, n_pts)
        x = torch.cat([x, pointfeat], 1)
        x = self.conv5(F.relu(self.bn4(self.conv4(x)))).transpose(2, 1).contiguous()
        return F.log_softmax(x, dim=-1), trans


def build() -> nn.Module:
    """For clouds of any number of points."""
    return PointNetSeg()
