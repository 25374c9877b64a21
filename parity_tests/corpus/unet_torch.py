"""Encoder-decoders: a U-Net with transposed convolutions, and one that resizes."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class DoubleConv(nn.Module):
    """Two 3x3 convolutions with batch norm and ReLU."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.double_conv = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, padding=1),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
            nn.Conv2d(outputs, outputs, 3, padding=1),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        )

    def forward(self, x: Tensor) -> Tensor:
        """The map keeps its size."""
        return self.double_conv(x)


class UNet(nn.Module):
    """Two steps down and up; the upward ones are transposed convolutions with kernels 3 and 2."""

    def __init__(self) -> None:
        super().__init__()
        self.inc = DoubleConv(3, 6)
        self.down1, self.down2 = DoubleConv(6, 8), DoubleConv(8, 10)
        self.up1 = nn.ConvTranspose2d(10, 7, 3, stride=2, padding=1, output_padding=1)
        self.conv1 = DoubleConv(15, 9)
        self.up2 = nn.ConvTranspose2d(9, 5, kernel_size=2, stride=2)
        self.conv2 = DoubleConv(11, 6)
        self.outc = nn.Conv2d(6, 4, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Logits of four classes for each pixel."""
        x1 = self.inc(x)
        x2 = self.down1(F.max_pool2d(x1, 2))
        x3 = self.down2(F.max_pool2d(x2, 2))
        x = self.conv1(torch.cat([x2, self.up1(x3)], dim=1))
        return self.outc(self.conv2(torch.cat([x1, self.up2(x)], dim=1)))


class ResizingNet(nn.Module):
    """Convolutions with stride 2 go down; nearest, bilinear and corner-aligned resizing go up."""

    def __init__(self) -> None:
        super().__init__()
        self.enc1 = nn.Conv2d(2, 5, 3, padding=1, padding_mode="replicate")
        self.enc2 = nn.Conv2d(5, 7, 4, stride=2, padding=1)
        self.enc3 = nn.Conv2d(7, 9, 3, stride=2, padding=1)
        self.dec3 = nn.Conv2d(9, 7, 3, padding=1)
        self.dec2 = nn.Conv2d(14, 5, 3, padding=1, bias=False)
        self.head = nn.Conv2d(10, 3, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Three maps, twice as large as the input."""
        x1 = F.leaky_relu(self.enc1(x))
        x2 = F.leaky_relu(self.enc2(x1), 0.1)
        x3 = F.elu(self.enc3(x2))
        y = F.interpolate(F.elu(self.dec3(x3)), scale_factor=2, mode="nearest")
        y = F.softplus(self.dec2(torch.cat([y, x2], dim=1)))
        y = F.interpolate(y, scale_factor=2, mode="bilinear", align_corners=False)
        y = self.head(torch.cat([y, x1], dim=1))
        return torch.tanh(F.interpolate(y, scale_factor=2, mode="bilinear", align_corners=True))


def build() -> nn.Module:
    """For images of 3 x 16 x 24."""
    return UNet()


def resizing() -> nn.Module:
    """For maps of 2 x 12 x 20."""
    return ResizingNet()
