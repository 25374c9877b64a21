"""A generator conditioned on a class: embedded labels, conditional batch norm, pixel shuffles."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class ConditionalBatchNorm2d(nn.Module):
    """Batch norm whose scale and shift belong to the class."""

    def __init__(self, num_features: int, num_classes: int) -> None:
        super().__init__()
        self.num_features = num_features
        self.bn = nn.BatchNorm2d(num_features, affine=False)
        self.embed = nn.Embedding(num_classes, num_features * 2)
        self.embed.weight.data[:, :num_features].normal_(1, 0.02)
        self.embed.weight.data[:, num_features:].zero_()

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """`y`: the classes."""
        gamma, beta = self.embed(y).chunk(2, 1)
        return gamma.view(-1, self.num_features, 1, 1) * self.bn(x) + beta.view(-1, self.num_features, 1, 1)


class UpBlock(nn.Module):
    """Conditional norm, activation, convolution, pixel shuffle."""

    def __init__(self, c_in: int, c_out: int, num_classes: int) -> None:
        super().__init__()
        self.cbn = ConditionalBatchNorm2d(c_in, num_classes)
        self.conv = nn.Conv2d(c_in, c_out * 4, 3, padding=1)
        self.shuffle = nn.PixelShuffle(2)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Twice as high and wide."""
        return self.shuffle(self.conv(F.leaky_relu(self.cbn(x, y), 0.2)))


class Generator(nn.Module):
    """A dense layer, two blocks, a convolution, tanh."""

    def __init__(self, latent_dim: int = 9, num_classes: int = 7) -> None:
        super().__init__()
        self.label_emb = nn.Embedding(num_classes, 5)
        self.fc = nn.Linear(latent_dim + 5, 12 * 3 * 4)
        self.up1, self.up2 = UpBlock(12, 8, num_classes), UpBlock(8, 6, num_classes)
        self.bn = nn.BatchNorm2d(6)
        self.out = nn.Conv2d(6, 3, 3, padding=1)

    def forward(self, z: Tensor, labels: Tensor) -> Tensor:
        """Images of 12 x 16."""
        x = self.fc(torch.cat([z, self.label_emb(labels)], dim=1)).view(-1, 12, 3, 4)
        x = self.up2(self.up1(x, labels), labels)
        return torch.tanh(self.out(F.relu(self.bn(x))))


def build() -> nn.Module:
    """Seven classes, nine random numbers."""
    return Generator()
