"""Super-resolution by four: EDSR's scaled residual blocks, SRResNet's PReLU behind pixel shuffles."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class ResBlock(nn.Module):
    """Convolution, ReLU, convolution, times a small number."""

    def __init__(self, n_feats: int, res_scale: float) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(n_feats, n_feats, 3, padding=1),
            nn.ReLU(True),
            nn.Conv2d(n_feats, n_feats, 3, padding=1),
        )
        self.res_scale = res_scale

    def forward(self, x: Tensor) -> Tensor:
        """No activation behind the addition."""
        return self.body(x).mul(self.res_scale) + x


class UpsampleBlock(nn.Module):
    """Convolution, pixel shuffle, PReLU."""

    def __init__(self, n_feats: int, out_feats: int, factor: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(n_feats, out_feats * factor**2, 3, padding=1)
        self.pixel_shuffle = nn.PixelShuffle(factor)
        self.prelu = nn.PReLU(out_feats)

    def forward(self, x: Tensor) -> Tensor:
        """Larger images."""
        return self.prelu(self.pixel_shuffle(self.conv(x)))


class SuperResolution(nn.Module):
    """Residual of the bilinear enlargement."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor([0.4488, 0.4371, 0.4040]).view(1, 3, 1, 1))
        self.head = nn.Conv2d(3, 7, 3, padding=1)
        self.body = nn.Sequential(ResBlock(7, 0.1), ResBlock(7, 0.1), nn.Conv2d(7, 7, 3, padding=1))
        self.upsample = nn.Sequential(UpsampleBlock(7, 5, 2), UpsampleBlock(5, 4, 2))
        self.tail = nn.Conv2d(4, 3, 5, padding=2)

    def forward(self, x: Tensor) -> Tensor:
        """Four times as high and wide."""
        base = F.interpolate(x, scale_factor=4, mode="bilinear", align_corners=False)
        x = self.head(x - self.mean)
        x = self.body(x) + x
        return self.tail(self.upsample(x)) + base


def build() -> nn.Module:
    """For images of 3 x 9 x 13, or others."""
    return SuperResolution()
