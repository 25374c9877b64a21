"""Transformer encoders: PyTorch's own layer, and blocks of `nn.MultiheadAttention` with padding masked."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class EncoderClassifier(nn.Module):
    """`nn.TransformerEncoder` (norms behind the sums) over tokens and a raw parameter of positions."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(30, 12)
        self.position = nn.Parameter(torch.randn(1, 9, 12) * 0.02)
        layer = nn.TransformerEncoderLayer(12, 3, 20, dropout=0.1, activation="gelu", batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, num_layers=2)
        self.fc = nn.Linear(12, 5)

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits of sequences of nine tokens."""
        x = self.embedding(tokens) + self.position
        return self.fc(self.encoder(x).mean(dim=1))


class Block(nn.Module):
    """Norms in front, padding masked."""

    def __init__(self, dim: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(dim, eps=1e-6), nn.LayerNorm(dim, eps=1e-6)
        self.attn = nn.MultiheadAttention(dim, heads, dropout=0.2, batch_first=True)
        self.fc1, self.fc2 = nn.Linear(dim, hidden), nn.Linear(hidden, dim)

    def forward(self, x: Tensor, padding: Tensor) -> Tensor:
        """Attention, then two dense layers, each added to its input."""
        y = self.norm1(x)
        y, _ = self.attn(y, y, y, key_padding_mask=padding, need_weights=False)
        x = x + y
        return x + self.fc2(F.relu(self.fc1(self.norm2(x))))


class MaskedEncoder(nn.Module):
    """The first token is a learned one; zeros are padding."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(26, 8)
        self.cls = nn.Parameter(torch.zeros(1, 1, 8))
        self.pos = nn.Embedding(11, 8)
        self.blocks = nn.ModuleList([Block(8, 2, 18), Block(8, 2, 18)])
        self.norm = nn.LayerNorm(8, eps=1e-6)
        self.head = nn.Linear(8, 3)

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits of sequences of ten tokens."""
        x = self.embed(tokens) * 8**0.5
        x = torch.cat([self.cls.expand(len(x), -1, -1), x], dim=1)
        x = x + self.pos(torch.arange(11, device=x.device))
        padding = F.pad(tokens == 0, (1, 0), value=False)
        for block in self.blocks:
            x = block(x, padding)
        return self.head(self.norm(x[:, 0]))


def build() -> nn.Module:
    """For nine tokens from 0 to 29."""
    return EncoderClassifier()


def masked() -> nn.Module:
    """For ten tokens from 0 to 25."""
    return MaskedEncoder()
