"""A small MobileNetV3 as torchvision has it: hard-swish, squeeze and excitation with a hard sigmoid."""

from functools import partial

from torch import Tensor, nn

NORM = partial(nn.BatchNorm2d, eps=0.001, momentum=0.01)


class ConvBNActivation(nn.Sequential):
    """Convolution, batch norm, perhaps an activation."""

    def __init__(
        self,
        c_in: int,
        c_out: int,
        kernel: int = 3,
        stride: int = 1,
        groups: int = 1,
        act: type[nn.Module] | None = None,
    ) -> None:
        conv = nn.Conv2d(c_in, c_out, kernel, stride, (kernel - 1) // 2, groups=groups, bias=False)
        super().__init__(conv, NORM(c_out), *([act(inplace=True)] if act else []))


class SqueezeExcitation(nn.Module):
    """A factor between 0 and 1 for each channel."""

    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__()
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc1, self.fc2 = nn.Conv2d(channels, squeezed, 1), nn.Conv2d(squeezed, channels, 1)
        self.activation, self.scale_activation = nn.ReLU(), nn.Hardsigmoid()

    def forward(self, x: Tensor) -> Tensor:
        """Times the factors."""
        scale = self.activation(self.fc1(self.avgpool(x)))
        return self.scale_activation(self.fc2(scale)) * x


class InvertedResidual(nn.Module):
    """Expand, depthwise, squeeze and excite, project."""

    def __init__(
        self, c_in: int, expanded: int, c_out: int, kernel: int, stride: int, squeezed: int, hs: bool
    ) -> None:
        super().__init__()
        self.use_res_connect = stride == 1 and c_in == c_out
        act = nn.Hardswish if hs else nn.ReLU
        block: list[nn.Module] = [
            ConvBNActivation(c_in, expanded, 1, act=act),
            ConvBNActivation(expanded, expanded, kernel, stride, expanded, act=act),
        ]
        if squeezed:
            block.append(SqueezeExcitation(expanded, squeezed))
        block.append(ConvBNActivation(expanded, c_out, 1))
        self.block = nn.Sequential(*block)

    def forward(self, x: Tensor) -> Tensor:
        """With a shortcut if the shape allows it."""
        result = self.block(x)
        return result + x if self.use_res_connect else result


class MobileNetV3(nn.Module):
    """Features, mean, classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            ConvBNActivation(3, 8, stride=2, act=nn.Hardswish),
            InvertedResidual(8, 12, 8, 3, 1, 4, False),
            InvertedResidual(8, 20, 11, 5, 2, 5, True),
            InvertedResidual(11, 26, 11, 5, 1, 0, True),
            ConvBNActivation(11, 30, 1, act=nn.Hardswish),
        )
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(
            nn.Linear(30, 17), nn.Hardswish(inplace=True), nn.Dropout(0.2, inplace=True), nn.Linear(17, 7)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        return self.classifier(self.avgpool(self.features(x)).flatten(1))


def build() -> nn.Module:
    """For images of any size."""
    return MobileNetV3()
