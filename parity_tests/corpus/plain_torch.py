"""A plain convolutional net whose map is flattened before the dense layers."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class PlainCNN(nn.Module):
    """Three convolutions, two pools, two dense layers; the map is not square."""

    def __init__(self, num_classes: int = 5) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 7, kernel_size=5, padding=2)
        self.conv2 = nn.Conv2d(7, 11, kernel_size=(3, 5), padding=(1, 2))
        self.pool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        self.conv3 = nn.Conv2d(11, 6, kernel_size=3, padding=1, padding_mode="reflect")
        self.fc1 = nn.Linear(6 * 5 * 7, 13)
        self.dropout = nn.Dropout(0.4)
        self.fc2 = nn.Linear(13, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Log probabilities of images of 20 x 28."""
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = self.pool(F.relu(self.conv2(x)))
        x = F.relu(self.conv3(x))
        x = torch.flatten(x, 1)
        x = self.dropout(F.relu(self.fc1(x)))
        return F.log_softmax(self.fc2(x), dim=1)


def build() -> nn.Module:
    """For images of 3 x 20 x 28."""
    return PlainCNN()
