"""Layers whose weights PyTorch computes from others before every call."""

import warnings

from torch import nn
from torch.nn.utils import parametrizations, parametrize, prune


def _net(conv: nn.Module) -> nn.Sequential:
    return nn.Sequential(conv, nn.ReLU(), nn.Flatten(), nn.Linear(8 * 5 * 7, 4))


def weight_norm() -> nn.Module:
    """x (B, 3, 5, 7); a window as wide as there are channels, so that sizes do not tell the axes."""
    return _net(parametrizations.weight_norm(nn.Conv2d(3, 8, 3, padding=1)))


def old_weight_norm() -> nn.Module:
    """The same by the older function, which models still call."""
    with warnings.catch_warnings(action="ignore", category=FutureWarning):
        return _net(nn.utils.weight_norm(nn.Conv2d(3, 8, 3, padding=1)))


def spectral_norm() -> nn.Module:
    """Divided by the largest singular value."""
    return _net(parametrizations.spectral_norm(nn.Conv2d(3, 8, 3, padding=1)))


def old_spectral_norm() -> nn.Module:
    """The same by the older function."""
    return _net(nn.utils.spectral_norm(nn.Conv2d(3, 8, 3, padding=1)))


def pruned() -> nn.Module:
    """Half of the weights are masked."""
    net = _net(nn.Conv2d(3, 8, 3, padding=1))
    prune.l1_unstructured(net[0], "weight", 0.5)
    return net


def pruned_for_good() -> nn.Module:
    """What the complaint advises of a pruned layer."""
    net = pruned()
    prune.remove(net[0], "weight")
    return net


def undone() -> nn.Module:
    """What the complaint advises."""
    net = weight_norm()
    parametrize.remove_parametrizations(net[0], "weight")
    return net


def old_undone() -> nn.Module:
    """What the complaint advises of the older function."""
    net = old_weight_norm()
    nn.utils.remove_weight_norm(net[0], "weight")
    return net
