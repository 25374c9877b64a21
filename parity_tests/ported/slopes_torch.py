"""PReLU between convolutions over series and over volumes."""

from torch import nn


def series() -> nn.Module:
    """x (B, 5, T); a slope a channel."""
    return nn.Sequential(nn.Conv1d(5, 8, 1), nn.PReLU(8), nn.Conv1d(8, 4, 1))


def series_of_one() -> nn.Module:
    """x (B, 5, T); one slope."""
    return nn.Sequential(nn.Conv1d(5, 8, 1), nn.PReLU(), nn.Conv1d(8, 4, 1))


def volumes() -> nn.Module:
    """x (B, 2, D, H, W); a slope a channel."""
    return nn.Sequential(nn.Conv3d(2, 6, 2), nn.PReLU(6), nn.Conv3d(6, 3, 1))
