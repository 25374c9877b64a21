"""A variational autoencoder without its noise: the decoder sees the means."""

from typing import Any

import torch
from torch import Tensor, nn


class VAE(nn.Module):
    """Strided convolutions down, transposed ones up."""

    def __init__(self, as_dict: bool = False) -> None:
        super().__init__()
        self.as_dict = as_dict
        self.encoder = nn.Sequential(
            nn.Conv2d(3, 6, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(6),
            nn.LeakyReLU(0.2),
            nn.Conv2d(6, 10, 3, stride=2, padding=1),
            nn.LeakyReLU(0.2),
        )
        self.fc_mu, self.fc_var = nn.Linear(10 * 3 * 5, 4), nn.Linear(10 * 3 * 5, 4)
        self.decoder_input = nn.Linear(4, 10 * 3 * 5)
        self.decoder = nn.Sequential(
            nn.ConvTranspose2d(10, 7, 3, stride=2, padding=1, output_padding=1, bias=False),
            nn.BatchNorm2d(7),
            nn.LeakyReLU(0.2),
            nn.ConvTranspose2d(7, 5, 3, stride=2, padding=1, output_padding=(0, 1)),
            nn.LeakyReLU(0.2),
        )
        self.final_layer = nn.Sequential(nn.Conv2d(5, 3, 3, padding=1), nn.Sigmoid())

    def forward(self, x: Tensor) -> Any:
        """The image again, the mean, the logarithm of the variance."""
        h = torch.flatten(self.encoder(x), start_dim=1)
        mu, log_var = self.fc_mu(h), self.fc_var(h)
        z = self.decoder_input(mu).view(-1, 10, 3, 5)
        recons = self.final_layer(self.decoder(z))
        if self.as_dict:
            return {"recons": recons, "mu": mu, "log_var": log_var}
        return recons, mu, log_var


def build() -> nn.Module:
    """For images of 3 x 11 x 20."""
    return VAE()


def named() -> nn.Module:
    """The same with names for what it returns."""
    return VAE(as_dict=True)
