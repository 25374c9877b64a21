"""A VQ-VAE: strided convolutions, the nearest of eleven codes, transposed convolutions."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class VectorQuantizer(nn.Module):
    """Each position's nearest code; the gradient goes straight through."""

    def __init__(self, num_embeddings: int, embedding_dim: int, commitment_cost: float) -> None:
        super().__init__()
        self.embedding_dim, self.num_embeddings = embedding_dim, num_embeddings
        self.commitment_cost = commitment_cost
        self.embedding = nn.Embedding(num_embeddings, embedding_dim)
        self.embedding.weight.data.uniform_(-1 / num_embeddings, 1 / num_embeddings)

    def forward(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """(B, C, H, W); the loss, too."""
        inputs = inputs.permute(0, 2, 3, 1).contiguous()
        flat_input = inputs.view(-1, self.embedding_dim)
        distances = (
            torch.sum(flat_input**2, dim=1, keepdim=True)
            + torch.sum(self.embedding.weight**2, dim=1)
            - 2 * torch.matmul(flat_input, self.embedding.weight.t())
        )
        quantized = self.embedding(torch.argmin(distances, dim=1)).view(inputs.shape)
        e_latent_loss = F.mse_loss(quantized.detach(), inputs)
        q_latent_loss = F.mse_loss(quantized, inputs.detach())
        loss = q_latent_loss + self.commitment_cost * e_latent_loss
        quantized = inputs + (quantized - inputs).detach()
        return quantized.permute(0, 3, 1, 2).contiguous(), loss


class Residual(nn.Module):
    """ReLU, 3x3, ReLU, 1x1, and x."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, hidden, 3, padding=1, bias=False)
        self.conv2 = nn.Conv2d(hidden, channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """x is not changed."""
        return x + self.conv2(F.relu(self.conv1(F.relu(x))))


class VQVAE(nn.Module):
    """Encoder, codes, decoder."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(3, 6, 4, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(6, 9, 4, stride=2, padding=1),
            Residual(9, 7),
            nn.ReLU(),
        )
        self.pre_vq_conv = nn.Conv2d(9, 4, 1)
        self.vq = VectorQuantizer(11, 4, 0.25)
        self.decoder = nn.Sequential(
            nn.Conv2d(4, 10, 3, padding=1),
            Residual(10, 8),
            nn.ReLU(),
            nn.ConvTranspose2d(10, 6, 4, stride=2, padding=1),
            nn.ReLU(),
            nn.ConvTranspose2d(6, 3, 4, stride=2, padding=1),
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The image again, and the loss of the codes."""
        quantized, loss = self.vq(self.pre_vq_conv(self.encoder(x)))
        return self.decoder(quantized), loss


def build() -> nn.Module:
    """For images whose sides are multiples of four."""
    return VQVAE()
