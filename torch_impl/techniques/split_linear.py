"""Split linear layer: one small dense layer shared by S equal parts of the features.

Source: article 000, "Best Machine Learning Hack of 2021". Contract: crosscheck/specs/split_linear.py
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from torch_impl.layers import flatten_channels_first, max_pool


def split_linear(x: Tensor, kernel: Tensor, bias: Tensor, splits: int) -> Tensor:
    """y[b, s] = x[b, s] @ W + c for each part s; x (B, D) -> y (B, U)."""
    B, D = x.shape
    x = x.reshape(B, splits, D // splits)  # (B, S, D/S)
    # PORT: nn.Linear stores its weight as (out, in); Dense stores its kernel as (in, out). By default both
    # are drawn otherwise, too: U(-b, b) with b = 1 / sqrt(in), biases as well, against glorot_uniform and 0.
    y = F.linear(x, kernel, bias)  # (B, S, U/S)
    return y.flatten(1)  # (B, U); unlike a reshape it takes a batch of none, too


def untied_split_linear(x: Tensor, kernel: Tensor, bias: Tensor, splits: int) -> Tensor:
    """y[b, s] = x[b, s] @ W[s] + c[s] for each part s; x (B, D) -> y (B, U)."""
    B, D = x.shape
    x = x.reshape(B, splits, D // splits)  # (B, S, D/S)
    # PORT: the kernel of each part is laid out as nn.Linear's (S, out, in); in Keras as Dense's (S, in, out).
    y = torch.einsum("bsi,soi->bso", x, kernel) + bias  # (B, S, U/S)
    return y.flatten(1)  # (B, U); unlike a reshape it takes a batch of none, too


class SplitLinear(nn.Module):
    """One dense layer from D/S to U/S features, applied to each of S equal parts.

    Input shape: (B, D). Output shape: (B, U).

    Args:
        in_features: D, a multiple of `splits`.
        units: U, a multiple of `splits`.
        splits: S, the number of parts; 1 is a plain dense layer.

    Raises:
        ValueError: the sizes do not divide into the parts, or the input has another shape.
    """

    def __init__(self, in_features: int, units: int, splits: int):
        super().__init__()
        require_divisible(in_features, units, splits)
        self.in_features = in_features
        self.splits = splits
        bound = (splits / in_features) ** 0.5
        shape = (units // splits, in_features // splits)
        self.weight = nn.Parameter(torch.empty(shape).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(shape[0]).uniform_(-bound, bound))

    def forward(self, x: Tensor) -> Tensor:
        # PORT: Keras checks shapes by `input_spec`; PyTorch checks by hand, since a reshape would take
        # any multiple of the parts.
        require_shape(x, self.in_features)
        return split_linear(x, self.weight, self.bias, self.splits)


class UntiedSplitLinear(nn.Module):
    """The ablation: a dense layer of its own for each part, so that the kernel is block-diagonal.

    Input shape: (B, D). Output shape: (B, U). Arguments and errors as for `SplitLinear`.
    """

    def __init__(self, in_features: int, units: int, splits: int):
        super().__init__()
        require_divisible(in_features, units, splits)
        self.in_features = in_features
        self.splits = splits
        bound = (splits / in_features) ** 0.5
        shape = (splits, units // splits, in_features // splits)
        self.weight = nn.Parameter(torch.empty(shape).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(shape[:2]).uniform_(-bound, bound))

    def forward(self, x: Tensor) -> Tensor:
        require_shape(x, self.in_features)
        return untied_split_linear(x, self.weight, self.bias, self.splits)


class SplitNet(nn.Module):
    """The article's net: two convolutions with pooling, fc1 (split), fc3.

    Input shape: (B, 3, H, W). Output shape: (B, 10), logits.

    Args:
        in_size: height and width of the images; the article's are 32, 32.
        hidden: units of fc1; 120 in the control and split nets, 3720 in the adjusted one.
        splits: parts that fc1 is split into; 1 in the control net, 10 in the others.
        tied: whether the parts share one layer.

    Raises:
        ValueError: the sizes do not divide into the parts, or the input has another shape.
    """

    def __init__(self, in_size: tuple[int, int], hidden: int, splits: int, tied: bool):
        super().__init__()
        height, width = (((length - 4) // 2 - 4) // 2 for length in in_size)
        layer = SplitLinear if tied else UntiedSplitLinear
        self.conv1 = nn.Conv2d(3, 13, 5)
        self.conv2 = nn.Conv2d(13, 18, 5)
        self.fc1 = layer(18 * height * width, hidden, splits)
        self.fc3 = nn.Linear(hidden, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = max_pool(F.relu(self.conv1(x)), 2)  # (B, 13, (H-4)/2, (W-4)/2)
        x = max_pool(F.relu(self.conv2(x)), 2)  # (B, 18, h, w)
        x = flatten_channels_first(x)  # (B, 18 h w)
        x = F.relu(self.fc1(x))  # (B, hidden)
        return self.fc3(x)  # (B, 10)


def require_divisible(features: int, units: int, splits: int) -> None:
    """Refuse sizes that do not divide into equal parts."""
    if splits < 1 or features % splits or units % splits:
        raise ValueError(f"{features} features and {units} units do not divide into {splits} equal parts")


def require_shape(x: Tensor, features: int) -> None:
    """Refuse an input that is not (B, features)."""
    if x.ndim != 2 or x.shape[1] != features:
        raise ValueError(f"expected an input of shape (batch, {features}), got {tuple(x.shape)}")
