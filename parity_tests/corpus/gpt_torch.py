"""A causal decoder written by hand, as in nanoGPT; the head shares the embedding's weights."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class CausalSelfAttention(nn.Module):
    """One dense layer for queries, keys and values."""

    def __init__(self, n_embd: int, n_head: int, block_size: int) -> None:
        super().__init__()
        self.n_head = n_head
        self.c_attn = nn.Linear(n_embd, 3 * n_embd)
        self.c_proj = nn.Linear(n_embd, n_embd)
        self.attn_dropout, self.resid_dropout = nn.Dropout(0.1), nn.Dropout(0.1)
        self.register_buffer("bias", torch.tril(torch.ones(block_size, block_size)))

    def forward(self, x: Tensor) -> Tensor:
        """Each token sees itself and those before it."""
        B, T, C = x.shape
        q, k, v = self.c_attn(x).split(C, dim=2)
        q, k, v = (part.view(B, T, self.n_head, C // self.n_head).transpose(1, 2) for part in (q, k, v))
        att = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(k.size(-1)))
        att = att.masked_fill(self.bias[:T, :T] == 0, float("-inf"))
        y = self.attn_dropout(F.softmax(att, dim=-1)) @ v
        return self.resid_dropout(self.c_proj(y.transpose(1, 2).contiguous().view(B, T, C)))


class FlashAttention(CausalSelfAttention):
    """The same by PyTorch's function."""

    def forward(self, x: Tensor) -> Tensor:
        """Each token sees itself and those before it."""
        B, T, C = x.shape
        q, k, v = self.c_attn(x).view(B, T, 3, self.n_head, C // self.n_head).permute(2, 0, 3, 1, 4)
        rate = self.attn_dropout.p if self.training else 0.0
        y = F.scaled_dot_product_attention(q, k, v, dropout_p=rate, is_causal=True)
        return self.resid_dropout(self.c_proj(y.transpose(1, 2).reshape(B, T, C)))


class Block(nn.Module):
    """Attention and two dense layers, norms in front."""

    def __init__(self, attention: type[CausalSelfAttention]) -> None:
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(12), nn.LayerNorm(12)
        self.attn = attention(12, 3, 9)
        self.mlp = nn.ModuleDict({"c_fc": nn.Linear(12, 32), "c_proj": nn.Linear(32, 12)})

    def forward(self, x: Tensor) -> Tensor:
        """Both are added."""
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp["c_proj"](F.gelu(self.mlp["c_fc"](self.ln_2(x)), approximate="tanh"))


class GPT(nn.Module):
    """Two blocks."""

    def __init__(self, attention: type[CausalSelfAttention]) -> None:
        super().__init__()
        self.wte, self.wpe = nn.Embedding(31, 12), nn.Embedding(9, 12)
        self.drop = nn.Dropout(0.1)
        self.h = nn.ModuleList([Block(attention) for _ in range(2)])
        self.ln_f = nn.LayerNorm(12)
        self.lm_head = nn.Linear(12, 31, bias=False)
        self.lm_head.weight = self.wte.weight

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits of the next token behind each."""
        x = self.wte(tokens) + self.wpe(torch.arange(tokens.shape[1], device=tokens.device))
        x = self.drop(x)
        for block in self.h:
            x = block(x)
        return self.lm_head(self.ln_f(x))


def build() -> nn.Module:
    """Attention by products and softmax."""
    return GPT(CausalSelfAttention)


def flash() -> nn.Module:
    """Attention by `F.scaled_dot_product_attention`."""
    return GPT(FlashAttention)
