"""Depthwise separable convolution, and the plain convolution that it stands for.

Source: article 003, arXiv 1704.04861. Contract: crosscheck/specs/depthwise_separable.py
"""

import numpy as np
import torch
from torch import Tensor, nn

from crosscheck import timing
from torch_impl import adapter
from torch_impl.layers import require_maps


def margins(kernel_size: tuple[int, int]) -> tuple[int, int]:
    """Zeros to add above and below, and left and right: with stride 1 the size stays.

    Raises:
        ValueError: a side of the kernel is even or not positive.
    """
    if min(kernel_size) < 1 or not all(size % 2 for size in kernel_size):
        raise ValueError(f"the sides of the kernel must be odd, got {kernel_size}")
    return kernel_size[0] // 2, kernel_size[1] // 2


class DepthwiseSeparableConv2D(nn.Module):
    """Kernels for each channel alone, then a 1x1 convolution that mixes the channels.

    Input shape: (B, in_channels, H, W). Output shape: (B, channels, ceil(H/stride), ceil(W/stride)).

    Args:
        in_channels: of the input.
        channels: of the output.
        kernel_size: height and width, odd.
        stride: of the depthwise convolution.
        multiplier: kernels for each input channel.
        bias: whether there is one, behind the pointwise convolution.

    Raises:
        ValueError: the kernel is even, or the input has another shape.
    """

    # PORT: PyTorch has no depthwise layer but `groups`, and the kernel (in mult, 1, kh, kw); Keras' is
    # (kh, kw, in, mult). In both the output channel is c mult + m.
    # PORT: Keras' SeparableConv2D has a single bias, behind the pointwise convolution; two of PyTorch's
    # Conv2d have two, the first of which adds nothing that the second could not.
    # PORT: by default PyTorch draws kernels by their fan-in, kh kw for a depthwise one; Keras'
    # glorot_uniform by fan-in plus fan-out, kh kw (in + mult): for mult 1 its values are
    # sqrt((in + 1) / 6) times smaller.
    def __init__(
        self,
        in_channels: int,
        channels: int,
        kernel_size: tuple[int, int],
        stride: int = 1,
        multiplier: int = 1,
        bias: bool = False,
    ):
        super().__init__()
        # PORT: with stride 2 and an even size, Keras' "same" pads less at the start than at the end and so
        # looks at other places than PyTorch's padding, which is the same at both. Here both pad both ends.
        padding = margins(kernel_size)
        between = in_channels * multiplier
        self.depthwise = nn.Conv2d(
            in_channels, between, kernel_size, stride, padding, groups=in_channels, bias=False
        )
        self.pointwise = nn.Conv2d(between, channels, 1, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        require_maps(x, self.depthwise.in_channels)
        return self.pointwise(self.depthwise(x))


class PlainConv2D(nn.Module):
    """A convolution over places and channels at once, padded like the separable one.

    Input shape: (B, in_channels, H, W). Output shape: (B, channels, ceil(H/stride), ceil(W/stride)).

    Args:
        in_channels: of the input.
        channels: of the output.
        kernel_size: height and width, odd.
        stride: of the convolution.
        bias: whether there is one.

    Raises:
        ValueError: the kernel is even, or the input has another shape.
    """

    def __init__(
        self,
        in_channels: int,
        channels: int,
        kernel_size: tuple[int, int],
        stride: int = 1,
        bias: bool = False,
    ):
        super().__init__()
        padding = margins(kernel_size)
        self.conv = nn.Conv2d(in_channels, channels, kernel_size, stride, padding, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        require_maps(x, self.conv.in_channels)
        return self.conv(x)


def forward_seconds(
    x: np.ndarray, channels: int, kernel_size: tuple[int, int], rounds: int
) -> dict[str, dict[str, list[float]]]:
    """Seconds of a forward pass of either layer, in turns, see `crosscheck.timing`.

    Args:
        x: the input, channels last, float32.
        channels: of the output.
        kernel_size: height and width.
        rounds: how often each is timed.

    Returns:
        by the way it is run, those of "conv" and of "separable".
    """
    held = adapter.tensor(x)
    models = {
        "conv": PlainConv2D(x.shape[-1], channels, kernel_size).to(held.device),
        "separable": DepthwiseSeparableConv2D(x.shape[-1], channels, kernel_size).to(held.device),
    }
    # PORT: PyTorch runs operation by operation. A compiled model of Keras' runs as one graph, on TensorFlow
    # with XLA too if told so, or left to itself on an accelerator: `jit_compile` changes its speed.
    with torch.inference_mode():
        # `cpu` waits for a device that computes by itself.
        calls = [lambda model=model: model(held).cpu() for model in models.values()]
        seconds = timing.alternating(calls, rounds)
    return {"eager": dict(zip(models, seconds, strict=True))}
