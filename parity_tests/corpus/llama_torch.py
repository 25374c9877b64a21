"""A small LLaMA: RMS norm, rotary positions, grouped queries, SwiGLU, output tied to the embedding."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

VOCAB, DIM, HEADS, GROUPS, WIDTH, HIDDEN = 31, 24, 4, 2, 6, 40


class RMSNorm(nn.Module):
    """Divides by the root of the mean square."""

    def __init__(self, dim: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, x: Tensor) -> Tensor:
        """Of the last axis."""
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps) * self.weight


def rotate(x: Tensor, theta: float = 10000.0) -> Tensor:
    """Turns pairs of features by an angle that grows with time; x is (batch, time, heads, width)."""
    rates = theta ** -(torch.arange(0, x.shape[-1], 2, dtype=torch.float64) / x.shape[-1])
    angles = torch.outer(torch.arange(x.shape[1], dtype=torch.float64), rates).to(x.dtype)
    cos, sin = angles.cos()[None, :, None], angles.sin()[None, :, None]
    even, odd = x[..., ::2], x[..., 1::2]
    return torch.stack((even * cos - odd * sin, even * sin + odd * cos), dim=-1).flatten(3)


class Attention(nn.Module):
    """Causal; two heads of queries share a head of keys and values."""

    def __init__(self) -> None:
        super().__init__()
        self.wq = nn.Linear(DIM, HEADS * WIDTH, bias=False)
        self.wk = nn.Linear(DIM, GROUPS * WIDTH, bias=False)
        self.wv = nn.Linear(DIM, GROUPS * WIDTH, bias=False)
        self.wo = nn.Linear(HEADS * WIDTH, DIM, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Of (batch, time, DIM)."""
        b, t, _ = x.shape
        q = rotate(self.wq(x).view(b, t, HEADS, WIDTH)).transpose(1, 2)
        k = rotate(self.wk(x).view(b, t, GROUPS, WIDTH)).transpose(1, 2)
        v = self.wv(x).view(b, t, GROUPS, WIDTH).transpose(1, 2)
        k, v = (z.repeat_interleave(HEADS // GROUPS, dim=1) for z in (k, v))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.wo(y.transpose(1, 2).reshape(b, t, -1))


class FeedForward(nn.Module):
    """SwiGLU."""

    def __init__(self) -> None:
        super().__init__()
        self.w1 = nn.Linear(DIM, HIDDEN, bias=False)
        self.w2 = nn.Linear(HIDDEN, DIM, bias=False)
        self.w3 = nn.Linear(DIM, HIDDEN, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Of (batch, time, DIM)."""
        return self.w2(F.silu(self.w1(x)) * self.w3(x))


class TransformerBlock(nn.Module):
    """Pre-norm."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = Attention()
        self.feed_forward = FeedForward()
        self.attention_norm = RMSNorm(DIM)
        self.ffn_norm = RMSNorm(DIM)

    def forward(self, x: Tensor) -> Tensor:
        """Two residual branches."""
        h = x + self.attention(self.attention_norm(x))
        return h + self.feed_forward(self.ffn_norm(h))


class Llama(nn.Module):
    """Two blocks."""

    def __init__(self) -> None:
        super().__init__()
        self.tok_embeddings = nn.Embedding(VOCAB, DIM)
        self.layers = nn.ModuleList(TransformerBlock() for _ in range(2))
        self.norm = RMSNorm(DIM)
        self.output = nn.Linear(DIM, VOCAB, bias=False)
        self.output.weight = self.tok_embeddings.weight

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits of the next tokens."""
        h = self.tok_embeddings(tokens)
        for layer in self.layers:
            h = layer(h)
        return self.output(self.norm(h))


def build() -> nn.Module:
    """For 31 tokens."""
    return Llama()
