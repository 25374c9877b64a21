"""A small noise predictor of a diffusion model: residual blocks that see the time, attention over the map."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class SinusoidalPosEmb(nn.Module):
    """Sines and cosines of the time."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, t: Tensor) -> Tensor:
        """One row for each time."""
        half = self.dim // 2
        emb = math.log(10000) / (half - 1)
        emb = torch.exp(torch.arange(half, device=t.device) * -emb)
        emb = t[:, None] * emb[None, :]
        return torch.cat((emb.sin(), emb.cos()), dim=-1)


class Timesteps(SinusoidalPosEmb):
    """The same, in float32 and then of the model's dtype, as in diffusers."""

    def __init__(self, dim: int) -> None:
        super().__init__(dim)
        self.register_buffer("dummy", torch.zeros(1))

    def forward(self, t: Tensor) -> Tensor:
        """One row for each time."""
        return super().forward(t).to(self.dummy.dtype)


class TimeEncoding(nn.Module):
    """The same, with the frequencies in a buffer."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        half = dim // 2
        self.register_buffer("freqs", torch.exp(torch.arange(half) * -(math.log(10000) / (half - 1))))

    def forward(self, t: Tensor) -> Tensor:
        """One row for each time."""
        emb = t[:, None] * self.freqs
        return torch.cat((emb.sin(), emb.cos()), dim=-1)


class ResnetBlock(nn.Module):
    """Norm, SiLU, convolution, twice; the time scales and shifts what the second norm returns."""

    def __init__(self, dim: int, dim_out: int, time_dim: int, groups: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(nn.SiLU(), nn.Linear(time_dim, dim_out * 2))
        self.norm1 = nn.GroupNorm(groups, dim)
        self.conv1 = nn.Conv2d(dim, dim_out, 3, padding=1)
        self.norm2 = nn.GroupNorm(groups, dim_out)
        self.dropout = nn.Dropout(0.1)
        self.conv2 = nn.Conv2d(dim_out, dim_out, 3, padding=1)
        self.res_conv = nn.Conv2d(dim, dim_out, 1) if dim != dim_out else nn.Identity()

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        """Maps of the same size."""
        scale, shift = self.mlp(t)[:, :, None, None].chunk(2, dim=1)
        h = self.conv1(F.silu(self.norm1(x)))
        h = self.norm2(h) * (scale + 1) + shift
        h = self.conv2(self.dropout(F.silu(h)))
        return h + self.res_conv(x)


class Attention(nn.Module):
    """Each place of the map looks at all places."""

    def __init__(self, dim: int, heads: int, dim_head: int) -> None:
        super().__init__()
        self.scale, self.heads = dim_head**-0.5, heads
        self.norm = nn.GroupNorm(1, dim)
        self.to_qkv = nn.Conv2d(dim, heads * dim_head * 3, 1, bias=False)
        self.to_out = nn.Conv2d(heads * dim_head, dim, 1)

    def forward(self, x: Tensor) -> Tensor:
        """What was found, besides x."""
        b, _, h, w = x.shape
        q, k, v = (z.reshape(b, self.heads, -1, h * w) for z in self.to_qkv(self.norm(x)).chunk(3, dim=1))
        sim = torch.einsum("bhdi,bhdj->bhij", q * self.scale, k)
        out = torch.einsum("bhij,bhdj->bhdi", sim.softmax(dim=-1), v)
        return self.to_out(out.reshape(b, -1, h, w)) + x


class Unet(nn.Module):
    """One level down and up."""

    def __init__(self, embedding: nn.Module) -> None:
        super().__init__()
        self.init_conv = nn.Conv2d(3, 8, 3, padding=1)
        self.time_mlp = nn.Sequential(embedding, nn.Linear(10, 18), nn.GELU(), nn.Linear(18, 18))
        self.down_block = ResnetBlock(8, 8, 18, 4)
        self.downsample = nn.Conv2d(8, 12, 3, stride=2, padding=1)
        self.mid_block1 = ResnetBlock(12, 12, 18, 4)
        self.mid_attn = Attention(12, 2, 5)
        self.mid_block2 = ResnetBlock(12, 16, 18, 4)
        self.upsample = nn.Sequential(nn.Upsample(scale_factor=2, mode="nearest"), nn.Conv2d(16, 8, 3, 1, 1))
        self.up_block = ResnetBlock(16, 8, 18, 4)
        self.final_norm = nn.GroupNorm(4, 8)
        self.final_conv = nn.Conv2d(8, 3, 3, padding=1)

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        """The noise in x."""
        x, t = self.init_conv(x), self.time_mlp(time)
        skip = self.down_block(x, t)
        x = self.mid_block1(self.downsample(skip), t)
        x = self.mid_block2(self.mid_attn(x), t)
        x = self.up_block(torch.cat((self.upsample(x), skip), dim=1), t)
        return self.final_conv(F.silu(self.final_norm(x)))


def build() -> nn.Module:
    """For images of 3 x 12 x 18 and times."""
    return Unet(TimeEncoding(10))


def lucidrains() -> nn.Module:
    """With the embedding of that repository: always float32."""
    return Unet(SinusoidalPosEmb(10))


def diffusers() -> nn.Module:
    """With float32 inside the embedding only."""
    return Unet(Timesteps(10))
