"""A small Conv-TasNet: learned encoder, dilated depthwise blocks, a mask for each speaker, decoder."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

EPS = 1e-8


class ChannelwiseLayerNorm(nn.Module):
    """cLN: each frame over its channels."""

    def __init__(self, channel_size: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(1, channel_size, 1))
        self.beta = nn.Parameter(torch.zeros(1, channel_size, 1))

    def forward(self, y: Tensor) -> Tensor:
        """(M, N, K)."""
        mean = torch.mean(y, dim=1, keepdim=True)
        var = torch.var(y, dim=1, keepdim=True, unbiased=False)
        return self.gamma * (y - mean) / torch.pow(var + EPS, 0.5) + self.beta


class GlobalLayerNorm(nn.Module):
    """gLN: over channels and time."""

    def __init__(self, channel_size: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(1, channel_size, 1))
        self.beta = nn.Parameter(torch.zeros(1, channel_size, 1))

    def forward(self, y: Tensor) -> Tensor:
        """(M, N, K)."""
        mean = y.mean(dim=1, keepdim=True).mean(dim=2, keepdim=True)
        var = (torch.pow(y - mean, 2)).mean(dim=1, keepdim=True).mean(dim=2, keepdim=True)
        return self.gamma * (y - mean) / torch.pow(var + EPS, 0.5) + self.beta


class TemporalBlock(nn.Module):
    """1x1, PReLU, norm, depthwise, PReLU, norm, 1x1, and x."""

    def __init__(self, channels: int, hidden: int, dilation: int) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv1d(channels, hidden, 1, bias=False),
            nn.PReLU(),
            GlobalLayerNorm(hidden),
            nn.Conv1d(hidden, hidden, 3, padding=dilation, dilation=dilation, groups=hidden, bias=False),
            nn.PReLU(),
            GlobalLayerNorm(hidden),
            nn.Conv1d(hidden, channels, 1, bias=False),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(M, B, K)."""
        return self.net(x) + x


class ConvTasNet(nn.Module):
    """Two speakers out of one signal."""

    def __init__(self, filters: int = 12, length: int = 8, narrow: int = 10, hidden: int = 14) -> None:
        super().__init__()
        self.speakers = 2
        self.encoder = nn.Conv1d(1, filters, kernel_size=length, stride=length // 2, bias=False)
        self.layer_norm = ChannelwiseLayerNorm(filters)
        self.bottleneck = nn.Conv1d(filters, narrow, 1, bias=False)
        self.blocks = nn.Sequential(*(TemporalBlock(narrow, hidden, 2**i) for i in range(3)))
        self.mask_conv = nn.Conv1d(narrow, self.speakers * filters, 1, bias=False)
        self.decoder = nn.ConvTranspose1d(filters, 1, kernel_size=length, stride=length // 2, bias=False)

    def forward(self, mixture: Tensor) -> Tensor:
        """(M, T) to (M, C, T)."""
        w = F.relu(self.encoder(mixture.unsqueeze(1)))
        M, N, K = w.size()
        score = self.mask_conv(self.blocks(self.bottleneck(self.layer_norm(w))))
        mask = F.relu(score.view(M, self.speakers, N, K))
        source = (w.unsqueeze(1) * mask).view(M * self.speakers, N, K)
        return self.decoder(source).view(M, self.speakers, -1)


def build() -> nn.Module:
    """For signals whose length is a multiple of four."""
    return ConvTasNet()
