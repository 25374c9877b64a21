"""A small DeepLabV3+: dilated convolutions side by side, image pooling, a decoder with an early map."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def conv_bn_relu(c_in: int, c_out: int, kernel: int, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    """As everywhere in these nets."""
    padding = dilation * (kernel // 2)
    return nn.Sequential(
        nn.Conv2d(c_in, c_out, kernel, stride, padding, dilation, bias=False),
        nn.BatchNorm2d(c_out),
        nn.ReLU(),
    )


class ASPPPooling(nn.Sequential):
    """The mean of the map, everywhere."""

    def __init__(self, c_in: int, c_out: int) -> None:
        super().__init__(nn.AdaptiveAvgPool2d(1), *conv_bn_relu(c_in, c_out, 1))

    def forward(self, x: Tensor) -> Tensor:
        """As large as x."""
        size = x.shape[-2:]
        for mod in self:
            x = mod(x)
        return F.interpolate(x, size=size, mode="bilinear", align_corners=False)


class ASPP(nn.Module):
    """Atrous spatial pyramid pooling."""

    def __init__(self, c_in: int, rates: tuple[int, ...], c_out: int) -> None:
        super().__init__()
        modules = [conv_bn_relu(c_in, c_out, 1)]
        modules += [conv_bn_relu(c_in, c_out, 3, dilation=rate) for rate in rates]
        modules.append(ASPPPooling(c_in, c_out))
        self.convs = nn.ModuleList(modules)
        self.project = nn.Sequential(*conv_bn_relu(len(modules) * c_out, 11, 1), nn.Dropout(0.5))

    def forward(self, x: Tensor) -> Tensor:
        """The branches, joined."""
        return self.project(torch.cat([conv(x) for conv in self.convs], dim=1))


class DeepLab(nn.Module):
    """Two strided convolutions, ASPP, decoder."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.layer1 = conv_bn_relu(3, 8, 3, stride=2), conv_bn_relu(8, 13, 3, stride=2)
        self.aspp = ASPP(13, (2, 4), 7)
        self.low_level = conv_bn_relu(8, 6, 1)
        self.decoder = nn.Sequential(*conv_bn_relu(17, 10, 3), nn.Conv2d(10, 5, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Logits of every pixel; the last enlargement aligns the corners, as the first releases did."""
        size = x.shape[-2:]
        low = self.stem(x)
        high = self.aspp(self.layer1(low))
        high = F.interpolate(high, size=low.shape[-2:], mode="bilinear", align_corners=False)
        y = self.decoder(torch.cat([high, self.low_level(low)], dim=1))
        return F.interpolate(y, size=size, mode="bilinear", align_corners=True)


def build() -> nn.Module:
    """For images whose sides are multiples of four."""
    return DeepLab()
