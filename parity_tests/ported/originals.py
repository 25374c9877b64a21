"""The originals, in PyTorch."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Block(nn.Module):
    """A residual block that halves the map."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride=2, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.down = nn.Conv2d(inputs, outputs, 1, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(y)) + self.down(x))


class Residual(nn.Module):
    """A small residual net, with a feature map flattened before the dense layer."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 5, padding=2), nn.ReLU(inplace=True), nn.MaxPool2d(2))
        self.block1, self.block2 = Block(8, 16), Block(16, 16)
        self.fc = nn.Linear(16 * 2 * 3, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.block2(self.block1(self.stem(x))).flatten(1))


class Decoder(nn.Module):
    """An encoder and decoder of signals in two dimensions, with a skip connection."""

    def __init__(self) -> None:
        super().__init__()
        self.enc1 = nn.Conv2d(3, 6, 3, padding=1)
        self.slope = nn.PReLU(6)
        self.enc2 = nn.Conv2d(6, 9, 3, stride=2, padding=1)
        self.norm = nn.GroupNorm(3, 9)
        self.up = nn.ConvTranspose2d(9, 6, 4, stride=2, padding=1)
        self.out = nn.Conv2d(12, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        skip = self.slope(self.enc1(x))
        y = F.gelu(self.norm(self.enc2(skip)))
        return torch.sigmoid(self.out(torch.cat([self.up(y), skip], dim=1)))


class Mixer(nn.Module):
    """Tokens mixed along the sequence and along the features, with an embedding and a mean over tokens."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(30, 12)
        self.norm1, self.norm2 = nn.LayerNorm(12), nn.LayerNorm(12)
        self.tokens = nn.Linear(11, 11)
        self.wide, self.narrow = nn.Linear(12, 24), nn.Linear(24, 12)
        self.head = nn.Linear(12, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.embed(x)
        x = x + self.tokens(self.norm1(x).transpose(1, 2)).transpose(1, 2)
        x = x + self.narrow(F.gelu(self.wide(self.norm2(x))))
        return self.head(x.mean(dim=1))


class Signal(nn.Module):
    """A net of one-dimensional convolutions."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv1d(2, 7, 5, padding=2),
            nn.LeakyReLU(0.1),
            nn.AvgPool1d(2),
            nn.Conv1d(7, 9, 3, dilation=2),
            nn.ELU(),
        )
        self.fc = nn.Linear(9, 4)

    def forward(self, x: Tensor) -> Tensor:
        return torch.log_softmax(self.fc(self.layers(x).amax(dim=2)), dim=1)


class Mobile(nn.Module):
    """A depthwise separable net with dropout and an average over the map."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(8)
        self.depthwise = nn.Conv2d(8, 8, 3, padding=1, groups=8, bias=False)
        self.bn2 = nn.BatchNorm2d(8)
        self.pointwise = nn.Conv2d(8, 12, 1)
        self.drop = nn.Dropout(0.3)
        self.fc = nn.Linear(12, 6)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu6(self.bn(self.conv(x)))
        x = F.hardswish(self.bn2(self.depthwise(x)))
        x = F.silu(self.pointwise(x)).mean((2, 3))
        return self.fc(self.drop(x))


class Shared(nn.Module):
    """One layer used twice, and two outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.again, self.last = nn.Linear(6, 7), nn.Linear(7, 7), nn.Linear(7, 3)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = torch.tanh(self.again(torch.tanh(self.first(x))))
        x = torch.tanh(self.again(x))
        return x, self.last(x)


shared = Shared
residual, decoder, mixer, signal, mobile = Residual, Decoder, Mixer, Signal, Mobile


def raising() -> nn.Module:
    """A factory that fails."""
    raise RuntimeError("no such weights")


def without_weights() -> nn.Module:
    """Nothing to pair by."""
    return nn.Sequential(nn.ReLU(), nn.Flatten())


def projected() -> nn.Module:
    """A layer whose tensors have no layout yet."""
    return nn.LSTM(4, 5, proj_size=3, batch_first=True)


def twins() -> nn.Module:
    """Two layers that nothing tells apart but how they are used."""

    class Twins(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Linear(6, 6), nn.Linear(6, 6)

        def forward(self, x: Tensor) -> Tensor:
            return self.a(x) - self.b(x)

    return Twins()
