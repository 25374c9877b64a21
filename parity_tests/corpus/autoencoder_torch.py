"""An autoencoder with PReLU, group norm and instance norm."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Autoencoder(nn.Module):
    """Convolutions down, transposed convolutions up."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(3, 6, 4, stride=2, padding=1),
            nn.GroupNorm(3, 6),
            nn.PReLU(6),
            nn.Conv2d(6, 10, 4, stride=2, padding=1, bias=False),
            nn.InstanceNorm2d(10, affine=True),
            nn.PReLU(),
        )
        self.bottleneck = nn.Conv2d(10, 5, 1)
        self.decoder = nn.Sequential(
            nn.ConvTranspose2d(5, 8, 4, stride=2, padding=1, bias=False),
            nn.GroupNorm(4, 8, eps=1e-4),
            nn.PReLU(8),
            nn.ConvTranspose2d(8, 4, 5, stride=2, padding=2, output_padding=1),
            nn.InstanceNorm2d(4),
            nn.LeakyReLU(0.2),
            nn.Conv2d(4, 3, 3, padding=1),
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The reconstruction and the code."""
        code = F.hardtanh(self.bottleneck(self.encoder(x)), -2.0, 2.0)
        return torch.sigmoid(self.decoder(code)), code


def build() -> nn.Module:
    """For images of 3 x 16 x 28."""
    return Autoencoder()
