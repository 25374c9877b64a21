"""Vision transformer: patches by a convolution, class token, learned positions, pre-norm blocks."""

import torch
from torch import Tensor, nn

DIM, HEADS, MLP, DEPTH, CLASSES = 20, 4, 28, 2, 7


class FeedForward(nn.Sequential):
    """Two dense layers with GELU."""

    def __init__(self, dim: int, hidden: int, dropout: float) -> None:
        super().__init__(
            nn.Linear(dim, hidden),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, dim),
            nn.Dropout(dropout),
        )


class SelfAttention(nn.Module):
    """A qkv layer of its own, as in timm."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.num_heads, self.scale = heads, (dim // heads) ** -0.5
        self.qkv = nn.Linear(dim, dim * 3)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        """Self-attention."""
        b, n, c = x.shape
        q, k, v = self.qkv(x).reshape(b, n, 3, self.num_heads, c // self.num_heads).permute(2, 0, 3, 1, 4)
        attn = ((q @ k.transpose(-2, -1)) * self.scale).softmax(dim=-1)
        return self.proj((attn @ v).transpose(1, 2).reshape(b, n, c))


class TorchAttention(nn.Module):
    """PyTorch's attention, as in torchvision."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.self_attention = nn.MultiheadAttention(dim, heads, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        """Self-attention."""
        return self.self_attention(x, x, x, need_weights=False)[0]


class Block(nn.Module):
    """Norm, attention, norm, dense layers."""

    def __init__(self, attention: type[nn.Module]) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(DIM, eps=1e-6)
        self.attn = attention(DIM, HEADS)
        self.norm2 = nn.LayerNorm(DIM, eps=1e-6)
        self.mlp = FeedForward(DIM, MLP, 0.1)

    def forward(self, x: Tensor) -> Tensor:
        """Two residual branches."""
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class VisionTransformer(nn.Module):
    """For images of 3 x 12 x 20 in patches of 4 x 4."""

    def __init__(self, attention: type[nn.Module]) -> None:
        super().__init__()
        self.patch_embed = nn.Conv2d(3, DIM, kernel_size=4, stride=4)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, DIM))
        self.pos_embed = nn.Parameter(torch.randn(1, 16, DIM) * 0.02)
        self.pos_drop = nn.Dropout(0.1)
        self.blocks = nn.ModuleList(Block(attention) for _ in range(DEPTH))
        self.norm = nn.LayerNorm(DIM, eps=1e-6)
        self.head = nn.Linear(DIM, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        x = self.patch_embed(x).flatten(2).transpose(1, 2)
        x = torch.cat((self.cls_token.expand(x.shape[0], -1, -1), x), dim=1)
        x = self.pos_drop(x + self.pos_embed)
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x)[:, 0])


def build() -> nn.Module:
    """With nn.MultiheadAttention."""
    return VisionTransformer(TorchAttention)


def timm() -> nn.Module:
    """With a qkv layer."""
    return VisionTransformer(SelfAttention)
