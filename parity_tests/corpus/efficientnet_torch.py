"""EfficientNet, tiny: inverted bottlenecks with squeeze and excitation and stochastic depth."""

import torch
from torch import Tensor, nn


class ConvNormActivation(nn.Sequential):
    """Convolution, batch norm, and SiLU if wanted."""

    def __init__(
        self, cin: int, cout: int, kernel: int, stride: int = 1, groups: int = 1, activation: bool = True
    ) -> None:
        super().__init__(
            nn.Conv2d(cin, cout, kernel, stride, (kernel - 1) // 2, groups=groups, bias=False),
            nn.BatchNorm2d(cout),
            *([nn.SiLU(inplace=True)] if activation else []),
        )


class SqueezeExcitation(nn.Module):
    """A gate for each map."""

    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__()
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc1 = nn.Conv2d(channels, squeezed, 1)
        self.fc2 = nn.Conv2d(squeezed, channels, 1)
        self.activation = nn.SiLU(inplace=True)
        self.scale_activation = nn.Sigmoid()

    def forward(self, x: Tensor) -> Tensor:
        """The maps times their gates."""
        scale = self.fc2(self.activation(self.fc1(self.avgpool(x))))
        return self.scale_activation(scale) * x


class StochasticDepth(nn.Module):
    """Drops the branch of whole samples in training."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        """A random mask over the batch."""
        if not self.training or self.p == 0.0:
            return x
        noise = torch.empty((x.shape[0], 1, 1, 1), dtype=x.dtype, device=x.device).bernoulli_(1 - self.p)
        return x * noise / (1 - self.p)


class MBConv(nn.Module):
    """Expansion, depthwise convolution, squeeze and excitation, projection."""

    def __init__(self, cin: int, cout: int, kernel: int, stride: int, expand: int, p: float) -> None:
        super().__init__()
        self.use_res_connect = stride == 1 and cin == cout
        hidden = cin * expand
        layers: list[nn.Module] = []
        if expand != 1:
            layers.append(ConvNormActivation(cin, hidden, 1))
        layers += [
            ConvNormActivation(hidden, hidden, kernel, stride, groups=hidden),
            SqueezeExcitation(hidden, max(1, cin // 3)),
            ConvNormActivation(hidden, cout, 1, activation=False),
        ]
        self.block = nn.Sequential(*layers)
        self.stochastic_depth = StochasticDepth(p)

    def forward(self, x: Tensor) -> Tensor:
        """With a shortcut where the shape is kept."""
        result = self.block(x)
        return self.stochastic_depth(result) + x if self.use_res_connect else result


class EfficientNet(nn.Module):
    """Stem, four blocks, head."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            ConvNormActivation(3, 8, 3, 2),
            MBConv(8, 6, 3, 1, 1, 0.0),
            nn.Sequential(MBConv(6, 9, 3, 2, 3, 0.05), MBConv(9, 9, 3, 1, 2, 0.1)),
            MBConv(9, 7, 5, 2, 2, 0.15),
            ConvNormActivation(7, 13, 1),
        )
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(nn.Dropout(p=0.2, inplace=True), nn.Linear(13, 10))

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        return self.classifier(torch.flatten(self.avgpool(self.features(x)), 1))


def build() -> nn.Module:
    """For images of 3 x 38 x 30."""
    return EfficientNet()
