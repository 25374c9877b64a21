"""A small recogniser of speech: strided convolution, causal gated convolutions, LSTM."""

import torch.nn.functional as F
from torch import Tensor, nn


class Chomp1d(nn.Module):
    """Removes the end that padding on both sides has made."""

    def __init__(self, chomp_size: int) -> None:
        super().__init__()
        self.chomp_size = chomp_size

    def forward(self, x: Tensor) -> Tensor:
        """Shorter."""
        return x[:, :, : -self.chomp_size].contiguous()


class ChannelNorm(nn.LayerNorm):
    """Layer norm over the channels of (batch, channels, time)."""

    def forward(self, x: Tensor) -> Tensor:
        """As long as before."""
        return super().forward(x.transpose(1, 2)).transpose(1, 2)


class GatedBlock(nn.Module):
    """A dilated causal convolution, a gated linear unit, a norm, and x."""

    def __init__(self, channels: int, kernel_size: int, dilation: int) -> None:
        super().__init__()
        padding = (kernel_size - 1) * dilation
        self.conv = nn.Conv1d(channels, 2 * channels, kernel_size, padding=padding, dilation=dilation)
        self.chomp = Chomp1d(padding)
        self.glu = nn.GLU(dim=1)
        self.norm = ChannelNorm(channels)
        self.drop = nn.Dropout(0.1)

    def forward(self, x: Tensor) -> Tensor:
        """As long as before."""
        return x + self.drop(self.norm(self.glu(self.chomp(self.conv(x)))))


class SpeechNet(nn.Module):
    """Logarithms of probabilities for each second frame."""

    def __init__(self) -> None:
        super().__init__()
        self.subsample = nn.Conv1d(7, 10, 5, stride=2, padding=2)
        self.blocks = nn.ModuleList(GatedBlock(10, 3, d) for d in (1, 2, 4))
        self.lstm = nn.LSTM(10, 9, num_layers=2, batch_first=True)
        self.fc = nn.Linear(9, 6)

    def forward(self, x: Tensor) -> Tensor:
        """Frames by classes."""
        x = F.gelu(self.subsample(x))
        for block in self.blocks:
            x = block(x)
        x, _ = self.lstm(x.transpose(1, 2))
        return F.log_softmax(self.fc(x), dim=-1)


def build() -> nn.Module:
    """For 7 bands and 26 frames."""
    return SpeechNet()
