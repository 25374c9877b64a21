"""Enlarging feature maps: a transposed convolution, or resizing and then a convolution.

Source: article 002, distill.pub/2016/deconv-checkerboard. Contract: crosscheck/specs/resize_conv.py
"""

from keras import KerasTensor as Tensor
from keras import layers, ops

MODES = ("nearest", "bilinear")


def upsample_nearest(x: Tensor, scale: int) -> Tensor:
    """Every pixel becomes scale x scale pixels."""
    # PORT: PyTorch's "nearest" takes the pixel at floor(i / scale), which for a whole factor is what
    # repeating does; "nearest-exact" differs from it for other factors only.
    return ops.repeat(ops.repeat(x, scale, axis=1), scale, axis=2)


def upsample_bilinear(x: Tensor, scale: int) -> Tensor:
    """Each pixel from the two nearest of either axis, by the distances of the centres."""
    # PORT: Keras always resizes by the centres of the pixels, PyTorch so with align_corners=False only.
    # On TensorFlow Keras computes in float32 whatever comes in, so that it is put together by hand there.
    x = ops.transpose(_stretch(x, scale), (0, 2, 1, 3))
    return ops.transpose(_stretch(x, scale), (0, 2, 1, 3))


def _stretch(x: Tensor, scale: int) -> Tensor:
    """(B, H, W, C) -> (B, scale H, W, C): each row becomes `scale` rows, mixed with the next ones."""
    above = ops.concatenate([x[:, :1], x[:, :-1]], axis=1)
    below = ops.concatenate([x[:, 1:], x[:, -1:]], axis=1)
    rows = []
    for number in range(scale):
        shift = (number + 0.5) / scale - 0.5  # of the new row's centre against the old one's
        beside = above if shift < 0 else below
        rows.append((1 - abs(shift)) * x + abs(shift) * beside)
    _, H, W, C = x.shape
    return ops.reshape(ops.stack(rows, axis=2), (-1, H * scale, W, C))


def resized(x: Tensor, scale: int) -> dict[str, Tensor]:
    """An image enlarged in both modes, and nothing else."""
    require_resizing(1, scale, MODES[0])
    return {"nearest": upsample_nearest(x, scale), "bilinear": upsample_bilinear(x, scale)}


def overlap_counts(height: int, width: int, kernel_size: int, stride: int) -> dict[str, Tensor]:
    """How many input pixels reach each output pixel of a transposed convolution, nothing cropped."""
    require_kernel(kernel_size, stride)
    ones, kernel = ops.ones((1, height, width, 1)), ops.ones((kernel_size, kernel_size, 1, 1))
    counts = ops.conv_transpose(ones, kernel, stride, padding="valid")
    return {"counts": ops.cast(counts[0, :, :, 0], "int32")}


class TransposedConv(layers.Layer):
    """A transposed convolution that enlarges by its stride.

    Input shape: (B, H, W, in). Output shape: (B, stride H, stride W, channels).

    Args:
        channels: of the output.
        kernel_size: height and width; a multiple of the stride overlaps evenly.
        stride: the factor.

    Raises:
        ValueError: a size is not whole, the kernel is smaller than the stride, or the input has another
            shape.
    """

    # PORT: the kernel is (in, out, kh, kw) in PyTorch, (kh, kw, out, in) in Keras, and flipped in
    # neither.
    def __init__(self, channels: int, kernel_size: int, stride: int, **kwargs):
        super().__init__(**kwargs)
        require_kernel(kernel_size, stride)
        # PORT: of the k - s pixels too many, Keras' "same" crops floor((k - s) / 2) before and the rest
        # behind. PyTorch's `padding` crops as many at both ends, so that an odd one is left to be cut
        # off. `output_padding=1` would crop at the start instead, which shifts all by a pixel.
        self.conv = layers.Conv2DTranspose(channels, kernel_size, stride, padding="same", name="conv")

    def call(self, x: Tensor) -> Tensor:
        return self.conv(x)


class ResizeConv(layers.Layer):
    """The image enlarged, then a convolution with stride 1.

    Input shape: (B, H, W, in). Output shape: (B, scale H, scale W, channels).

    Args:
        channels: of the output.
        kernel_size: height and width, odd.
        scale: the factor.
        mode: "nearest" or "bilinear".

    Raises:
        ValueError: there is no such mode, a size is not whole, the kernel is even, or the input has
            another shape.
    """

    def __init__(self, channels: int, kernel_size: int, scale: int, mode: str, **kwargs):
        super().__init__(**kwargs)
        require_resizing(kernel_size, scale, mode)
        self.input_spec = layers.InputSpec(ndim=4)
        self.scale = scale
        self.upsample = {"nearest": upsample_nearest, "bilinear": upsample_bilinear}[mode]
        self.conv = layers.Conv2D(channels, kernel_size, padding="same", name="conv")

    def call(self, x: Tensor) -> Tensor:
        return self.conv(self.upsample(x, self.scale))


class StridedConv(layers.Layer):
    """A convolution with a stride, nothing padded: its gradient is a transposed convolution.

    Input shape: (B, H, W, in). Output shape: (B, (H - k) // stride + 1, ..., channels).

    Args:
        channels: of the output.
        kernel_size: height and width.
        stride: distance between the places it looks at.

    Raises:
        ValueError: a size is not whole, the kernel is smaller than the stride, or the input has another
            shape.
    """

    def __init__(self, channels: int, kernel_size: int, stride: int, **kwargs):
        super().__init__(**kwargs)
        require_kernel(kernel_size, stride)
        self.conv = layers.Conv2D(channels, kernel_size, stride, name="conv")

    def call(self, x: Tensor) -> Tensor:
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
