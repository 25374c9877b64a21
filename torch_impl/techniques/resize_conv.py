"""Enlarging feature maps: a transposed convolution, or resizing and then a convolution.

Source: article 002, distill.pub/2016/deconv-checkerboard. Contract: crosscheck/specs/resize_conv.py
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from torch_impl.layers import require_maps

MODES = ("nearest", "bilinear")


def upsample_nearest(x: Tensor, scale: int) -> Tensor:
    """Every pixel becomes scale x scale pixels."""
    # PORT: PyTorch's "nearest" takes the pixel at floor(i / scale), which for a whole factor is what
    # repeating does; "nearest-exact" differs from it for other factors only.
    return F.interpolate(x, scale_factor=scale, mode="nearest")


def upsample_bilinear(x: Tensor, scale: int) -> Tensor:
    """Each pixel from the two nearest of either axis, by the distances of the centres."""
    # PORT: Keras always resizes by the centres of the pixels, PyTorch so with align_corners=False only.
    # On TensorFlow Keras computes in float32 whatever comes in, so that it is put together by hand there.
    return F.interpolate(x, scale_factor=scale, mode="bilinear", align_corners=False)


def resized(x: Tensor, scale: int) -> dict[str, Tensor]:
    """An image enlarged in both modes, and nothing else."""
    require_resizing(1, scale, MODES[0])
    return {"nearest": upsample_nearest(x, scale), "bilinear": upsample_bilinear(x, scale)}


def overlap_counts(height: int, width: int, kernel_size: int, stride: int) -> dict[str, Tensor]:
    """How many input pixels reach each output pixel of a transposed convolution, nothing cropped."""
    require_kernel(kernel_size, stride)
    ones, kernel = torch.ones(1, 1, height, width), torch.ones(1, 1, kernel_size, kernel_size)
    return {"counts": F.conv_transpose2d(ones, kernel, stride=stride)[0, 0].long()}


class TransposedConv(nn.Module):
    """A transposed convolution that enlarges by its stride.

    Input shape: (B, in_channels, H, W). Output shape: (B, channels, stride H, stride W).

    Args:
        in_channels: of the input.
        channels: of the output.
        kernel_size: height and width; a multiple of the stride overlaps evenly.
        stride: the factor.

    Raises:
        ValueError: a size is not whole, the kernel is smaller than the stride, or the input has another
            shape.
    """

    # PORT: the kernel is (in, out, kh, kw) in PyTorch, (kh, kw, out, in) in Keras, and flipped in
    # neither.
    def __init__(self, in_channels: int, channels: int, kernel_size: int, stride: int):
        super().__init__()
        require_kernel(kernel_size, stride)
        self.stride = stride
        # PORT: of the k - s pixels too many, Keras' "same" crops floor((k - s) / 2) before and the rest
        # behind. PyTorch's `padding` crops as many at both ends, so that an odd one is left to be cut
        # off. `output_padding=1` would crop at the start instead, which shifts all by a pixel.
        padding = (kernel_size - stride) // 2
        self.conv = nn.ConvTranspose2d(in_channels, channels, kernel_size, stride, padding)

    def forward(self, x: Tensor) -> Tensor:
        require_maps(x, self.conv.in_channels)
        H, W = (size * self.stride for size in x.shape[2:])
        return self.conv(x)[:, :, :H, :W]


class ResizeConv(nn.Module):
    """The image enlarged, then a convolution with stride 1.

    Input shape: (B, in_channels, H, W). Output shape: (B, channels, scale H, scale W).

    Args:
        in_channels: of the input.
        channels: of the output.
        kernel_size: height and width, odd.
        scale: the factor.
        mode: "nearest" or "bilinear".

    Raises:
        ValueError: there is no such mode, a size is not whole, the kernel is even, or the input has
            another shape.
    """

    def __init__(self, in_channels: int, channels: int, kernel_size: int, scale: int, mode: str):
        super().__init__()
        require_resizing(kernel_size, scale, mode)
        self.scale = scale
        self.upsample = {"nearest": upsample_nearest, "bilinear": upsample_bilinear}[mode]
        self.conv = nn.Conv2d(in_channels, channels, kernel_size, padding=kernel_size // 2)

    def forward(self, x: Tensor) -> Tensor:
        require_maps(x, self.conv.in_channels)
        return self.conv(self.upsample(x, self.scale))


class StridedConv(nn.Module):
    """A convolution with a stride, nothing padded: its gradient is a transposed convolution.

    Input shape: (B, in_channels, H, W). Output shape: (B, channels, (H - k) // stride + 1, ...).

    Args:
        in_channels: of the input.
        channels: of the output.
        kernel_size: height and width.
        stride: distance between the places it looks at.

    Raises:
        ValueError: a size is not whole, the kernel is smaller than the stride, or the input has another
            shape.
    """

    def __init__(self, in_channels: int, channels: int, kernel_size: int, stride: int):
        super().__init__()
        require_kernel(kernel_size, stride)
        self.conv = nn.Conv2d(in_channels, channels, kernel_size, stride)

    def forward(self, x: Tensor) -> Tensor:
        require_maps(x, self.conv.in_channels)
        return self.conv(x)


def require_kernel(kernel_size: int, stride: int) -> None:
    """Refuse strides that are none, and kernels that leave gaps between their stamps."""
    whole = isinstance(stride, int) and isinstance(kernel_size, int)
    if not whole or not 1 <= stride <= kernel_size:
        raise ValueError(
            f"need whole numbers, 1 <= stride <= kernel_size, got stride {stride!r}, "
            f"kernel_size {kernel_size!r}"
        )


def require_resizing(kernel_size: int, scale: int, mode: str) -> None:
    """Refuse what is no way to resize, and kernels without a centre."""
    if mode not in MODES:
        raise ValueError(f"mode is one of {', '.join(MODES)}, not {mode!r}")
    whole = isinstance(scale, int) and isinstance(kernel_size, int)
    if not whole or scale < 1 or kernel_size < 1 or kernel_size % 2 == 0:
        raise ValueError(
            f"need whole numbers, scale >= 1 and an odd kernel_size, got {scale!r} and {kernel_size!r}"
        )
