"""MLP-mixers: one of images, and one with as many tokens as channels."""

import torch.nn.functional as F
from torch import Tensor, nn


class MlpBlock(nn.Module):
    """Two dense layers."""

    def __init__(self, dim: int, hidden: int) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(dim, hidden), nn.Linear(hidden, dim)
        self.drop = nn.Dropout(0.1)

    def forward(self, x: Tensor) -> Tensor:
        """Along the last axis."""
        return self.drop(self.fc2(F.gelu(self.fc1(x))))


class MixerBlock(nn.Module):
    """Along the tokens, then along the channels."""

    def __init__(self, tokens: int, dim: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.mlp_tokens = MlpBlock(tokens, 10)
        self.mlp_channels = MlpBlock(dim, 18)

    def forward(self, x: Tensor) -> Tensor:
        """Both are added."""
        x = x + self.mlp_tokens(self.norm1(x).transpose(1, 2)).transpose(1, 2)
        return x + self.mlp_channels(self.norm2(x))


class MlpMixer(nn.Module):
    """Patches by a convolution."""

    def __init__(self, tokens: int, dim: int) -> None:
        super().__init__()
        self.patch = nn.Conv2d(3, dim, kernel_size=4, stride=4)
        self.blocks = nn.Sequential(MixerBlock(tokens, dim), MixerBlock(tokens, dim))
        self.norm = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, 5)

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        x = self.patch(x).flatten(2).transpose(1, 2)
        return self.head(self.norm(self.blocks(x)).mean(dim=1))


def build() -> nn.Module:
    """For images of 3 x 12 x 20: 15 tokens of 8 numbers."""
    return MlpMixer(15, 8)


def square() -> nn.Module:
    """For images of 3 x 12 x 16: 12 tokens of 12 numbers."""
    return MlpMixer(12, 12)
