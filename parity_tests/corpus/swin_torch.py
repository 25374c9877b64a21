"""A stage of a Swin transformer: two blocks of window attention, the second shifted, and patch merging."""

import torch
from torch import Tensor, nn


def window_partition(x: Tensor, window_size: int) -> Tensor:
    """(B, H, W, C) to (windows * B, window_size, window_size, C)."""
    B, H, W, C = x.shape
    x = x.view(B, H // window_size, window_size, W // window_size, window_size, C)
    return x.permute(0, 1, 3, 2, 4, 5).contiguous().view(-1, window_size, window_size, C)


def window_reverse(windows: Tensor, window_size: int, height: int, width: int) -> Tensor:
    """The way back."""
    B = windows.shape[0] // (height * width // window_size // window_size)
    x = windows.view(B, height // window_size, width // window_size, window_size, window_size, -1)
    return x.permute(0, 1, 3, 2, 4, 5).contiguous().view(B, height, width, -1)


class WindowAttention(nn.Module):
    """Multi-head attention inside a window, with a bias for each relative position."""

    def __init__(self, dim: int, window_size: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.scale = (dim // num_heads) ** -0.5
        side = 2 * window_size - 1
        self.relative_position_bias_table = nn.Parameter(torch.zeros(side * side, num_heads))
        nn.init.trunc_normal_(self.relative_position_bias_table, std=0.02)
        steps = torch.arange(window_size)
        coords = torch.stack(torch.meshgrid(steps, steps, indexing="ij")).flatten(1)
        relative = (coords[:, :, None] - coords[:, None, :]).permute(1, 2, 0) + window_size - 1
        self.register_buffer("relative_position_index", relative[..., 0] * side + relative[..., 1])
        self.qkv = nn.Linear(dim, dim * 3)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """`mask`: (windows, tokens, tokens), 0 or -100."""
        B_, N, C = x.shape
        qkv = self.qkv(x).reshape(B_, N, 3, self.num_heads, C // self.num_heads).permute(2, 0, 3, 1, 4)
        q, k, v = qkv.unbind(0)
        attn = (q * self.scale) @ k.transpose(-2, -1)
        bias = self.relative_position_bias_table[self.relative_position_index.view(-1)].view(N, N, -1)
        attn = attn + bias.permute(2, 0, 1).contiguous().unsqueeze(0)
        if mask is not None:
            nW = mask.shape[0]
            attn = attn.view(B_ // nW, nW, self.num_heads, N, N) + mask.unsqueeze(1).unsqueeze(0)
            attn = attn.view(-1, self.num_heads, N, N)
        attn = attn.softmax(dim=-1)
        return self.proj((attn @ v).transpose(1, 2).reshape(B_, N, C))


class Mlp(nn.Module):
    """Two dense layers."""

    def __init__(self, dim: int, hidden: int, drop: float) -> None:
        super().__init__()
        self.fc1, self.act, self.fc2, self.drop = (
            nn.Linear(dim, hidden),
            nn.GELU(),
            nn.Linear(hidden, dim),
            nn.Dropout(drop),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Of every token."""
        return self.drop(self.fc2(self.drop(self.act(self.fc1(x)))))


class SwinBlock(nn.Module):
    """Attention in (shifted) windows, dense layers, each with a shortcut."""

    def __init__(self, dim: int, size: tuple[int, int], heads: int, window: int, shift: int) -> None:
        super().__init__()
        self.window_size, self.shift_size = window, shift
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.attn = WindowAttention(dim, window, heads)
        self.mlp = Mlp(dim, 22, 0.1)
        mask = None
        if shift > 0:
            H, W = size
            img_mask = torch.zeros(1, H, W, 1)
            parts = (slice(0, -window), slice(-window, -shift), slice(-shift, None))
            for i, h in enumerate(parts):
                for j, w in enumerate(parts):
                    img_mask[:, h, w, :] = 3 * i + j
            windows = window_partition(img_mask, window).view(-1, window * window)
            mask = windows.unsqueeze(1) - windows.unsqueeze(2)
            mask = mask.masked_fill(mask != 0, -100.0).masked_fill(mask == 0, 0.0)
        self.register_buffer("attn_mask", mask)

    def forward(self, x: Tensor) -> Tensor:
        """(B, H, W, C)."""
        _, H, W, C = x.shape
        shortcut, x = x, self.norm1(x)
        if self.shift_size > 0:
            x = torch.roll(x, shifts=(-self.shift_size, -self.shift_size), dims=(1, 2))
        windows = window_partition(x, self.window_size).view(-1, self.window_size * self.window_size, C)
        windows = self.attn(windows, mask=self.attn_mask)
        x = window_reverse(windows.view(-1, self.window_size, self.window_size, C), self.window_size, H, W)
        if self.shift_size > 0:
            x = torch.roll(x, shifts=(self.shift_size, self.shift_size), dims=(1, 2))
        x = shortcut + x
        return x + self.mlp(self.norm2(x))


class PatchMerging(nn.Module):
    """Four neighbours become one token."""

    def __init__(self, dim: int, out: int) -> None:
        super().__init__()
        self.norm, self.reduction = nn.LayerNorm(4 * dim), nn.Linear(4 * dim, out, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, H, W, C) to (B, H / 2, W / 2, out)."""
        x0, x1 = x[:, 0::2, 0::2, :], x[:, 1::2, 0::2, :]
        x2, x3 = x[:, 0::2, 1::2, :], x[:, 1::2, 1::2, :]
        return self.reduction(self.norm(torch.cat([x0, x1, x2, x3], -1)))


class Swin(nn.Module):
    """Patches, two blocks, merging, mean, classes."""

    def __init__(self) -> None:
        super().__init__()
        self.patch_embed, self.embed_norm = nn.Conv2d(3, 10, 2, stride=2), nn.LayerNorm(10)
        self.blocks = nn.ModuleList(SwinBlock(10, (8, 12), 2, 4, 0 if i % 2 == 0 else 2) for i in range(2))
        self.downsample = PatchMerging(10, 14)
        self.norm, self.head = nn.LayerNorm(14), nn.Linear(14, 6)

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        x = self.embed_norm(self.patch_embed(x).permute(0, 2, 3, 1))
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(self.downsample(x)).mean(dim=(1, 2)))


def build() -> nn.Module:
    """For images of 16 x 24."""
    return Swin()
