"""A small ConvNeXt: depthwise 7x7, layer norm over channels, layer scale as a raw parameter."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class LayerNorm2d(nn.LayerNorm):
    """Layer norm over the channels of (N, C, H, W)."""

    def forward(self, x: Tensor) -> Tensor:
        """The shape stays."""
        x = F.layer_norm(x.permute(0, 2, 3, 1), self.normalized_shape, self.weight, self.bias, self.eps)
        return x.permute(0, 3, 1, 2)


class Block(nn.Module):
    """As in the paper; dense layers with the channels last."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.dwconv = nn.Conv2d(dim, dim, kernel_size=7, padding=3, groups=dim)
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        self.pwconv1 = nn.Linear(dim, 4 * dim)
        self.pwconv2 = nn.Linear(4 * dim, dim)
        self.gamma = nn.Parameter(1e-6 * torch.ones(dim))

    def forward(self, x: Tensor) -> Tensor:
        """The sum."""
        y = self.dwconv(x).permute(0, 2, 3, 1)
        y = self.pwconv2(F.gelu(self.pwconv1(self.norm(y))))
        return x + (self.gamma * y).permute(0, 3, 1, 2)


class ConvNeXt(nn.Module):
    """A patchifying stem and two stages; pixels are normed by ImageNet's statistics."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1))
        self.stem = nn.Sequential(nn.Conv2d(3, 6, kernel_size=4, stride=4), LayerNorm2d(6, eps=1e-6))
        self.stage1 = nn.Sequential(Block(6), Block(6))
        self.downsample = nn.Sequential(LayerNorm2d(6, eps=1e-6), nn.Conv2d(6, 10, kernel_size=2, stride=2))
        self.stage2 = Block(10)
        self.norm = nn.LayerNorm(10, eps=1e-6)
        self.head = nn.Linear(10, 5)

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        x = self.stem((x - self.mean) / self.std)
        x = self.stage2(self.downsample(self.stage1(x)))
        return self.head(self.norm(x.mean([-2, -1])))


def build() -> nn.Module:
    """For images of 3 x 32 x 40."""
    return ConvNeXt()
