"""A generator as in DCGAN: a dense layer, transposed convolutions, Tanh."""

import torch
from torch import Tensor, nn


class Generator(nn.Module):
    """Images from a vector of noise."""

    def __init__(self) -> None:
        super().__init__()
        self.project = nn.Linear(11, 12 * 3 * 5)
        self.bn0 = nn.BatchNorm1d(12 * 3 * 5)
        self.main = nn.Sequential(
            nn.ConvTranspose2d(12, 8, 4, 2, 1, bias=False),
            nn.BatchNorm2d(8),
            nn.ReLU(True),
            nn.ConvTranspose2d(8, 6, (3, 5), (2, 2), (1, 2), output_padding=1),
            nn.BatchNorm2d(6),
            nn.LeakyReLU(0.2, inplace=True),
            nn.ConvTranspose2d(6, 3, 3, 1, 1),
        )

    def forward(self, noise: Tensor) -> Tensor:
        """Pixels from -1 to 1."""
        x = torch.relu(self.bn0(self.project(noise))).view(-1, 12, 3, 5)
        return torch.tanh(self.main(x))


def build() -> nn.Module:
    """For noise of eleven numbers."""
    return Generator()
