"""torchvision's models, with weights that are drawn."""

from torch import nn
from torchvision import models


def vgg16() -> nn.Module:
    """Simonyan and Zisserman 2014, configuration D."""
    return models.vgg16(weights=None)


def densenet121() -> nn.Module:
    """Huang et al. 2016."""
    return models.densenet121(weights=None)


def mobilenet_v2() -> nn.Module:
    """Sandler et al. 2018."""
    return models.mobilenet_v2(weights=None)


def resnet50() -> nn.Module:
    """He et al. 2015, with the stride in the 3 x 3 convolution."""
    return models.resnet50(weights=None)
