"""2-D convolutions (cross-correlations, as in deep learning: the kernel is not flipped)."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

Pair = tuple[int, int]
Padding = tuple[Pair, Pair]  # ((top, bottom), (left, right))

VALID: Padding = ((0, 0), (0, 0))


def same_padding(size: Pair, kernel: Pair, stride: Pair = (1, 1)) -> Padding:
    """The padding TensorFlow calls "SAME": outputs ceil(size / stride), odd pixel at the end.

    PyTorch's integer padding is symmetric, so that the two agree only where the total is even.
    """
    pairs = []
    for length, width, step in zip(size, kernel, stride, strict=True):
        total = max((-(-length // step) - 1) * step + width - length, 0)
        pairs.append((total // 2, total - total // 2))
    return pairs[0], pairs[1]


def windows(x: np.ndarray, kernel: Pair, stride: Pair, padding: Padding, fill: float = 0.0) -> np.ndarray:
    """Every window of x (B, H, W, C) that a kernel sees: (B, H', W', C, kh, kw)."""
    x = np.pad(x, ((0, 0), *padding, (0, 0)), constant_values=fill)
    view = sliding_window_view(x, kernel, axis=(1, 2))
    return view[:, :: stride[0], :: stride[1]]


def conv2d(
    x: np.ndarray,
    kernel: np.ndarray,
    bias: np.ndarray | None = None,
    stride: Pair = (1, 1),
    padding: Padding = VALID,
    groups: int = 1,
) -> np.ndarray:
    """y[b,i,j,o] = bias[o] + sum over u,v,c of x[b, i s + u, j s + v, c] kernel[u,v,c,o].

    Args:
        x: (B, H, W, C).
        kernel: (kh, kw, C / groups, O); output o sees the channels of group o // (O / groups).
        bias: (O,) or none.
        stride: rows, columns.
        padding: zeros added at ((top, bottom), (left, right)).
        groups: how many separate convolutions run side by side.

    Returns:
        (B, H', W', O).

    Raises:
        ValueError: the channels or outputs do not divide into the groups, or do not match.
    """
    channels, outputs = x.shape[-1], kernel.shape[-1]
    if channels != kernel.shape[2] * groups or outputs % groups:
        raise ValueError(f"kernel {kernel.shape} with {groups} groups does not fit input {x.shape}")
    seen = windows(x, (kernel.shape[0], kernel.shape[1]), stride, padding)
    pieces = [
        np.tensordot(part, weights, axes=((4, 5, 3), (0, 1, 2)))
        for part, weights in zip(
            np.split(seen, groups, axis=3), np.split(kernel, groups, axis=3), strict=True
        )
    ]
    y = np.concatenate(pieces, axis=-1)
    return y if bias is None else y + bias


def depthwise_conv2d(
    x: np.ndarray,
    kernel: np.ndarray,
    bias: np.ndarray | None = None,
    stride: Pair = (1, 1),
    padding: Padding = VALID,
) -> np.ndarray:
    """One or more kernels for each channel alone; kernel (kh, kw, C, M) gives C M channels.

    Output channel c M + m comes from input channel c and its m-th kernel.
    """
    seen = windows(x, (kernel.shape[0], kernel.shape[1]), stride, padding)
    y = np.einsum("bijcuv,uvcm->bijcm", seen, kernel)
    y = y.reshape(*y.shape[:3], -1)
    return y if bias is None else y + bias


def conv2d_transpose(
    x: np.ndarray, kernel: np.ndarray, bias: np.ndarray | None = None, stride: Pair = (1, 1)
) -> np.ndarray:
    """Each input pixel stamps the kernel, scaled, onto the output; overlaps add up. No cropping.

    Args:
        x: (B, H, W, C).
        kernel: (kh, kw, O, C), Keras' order of axes.
        bias: (O,) or none.
        stride: distance between stamps.

    Returns:
        (B, (H - 1) stride + kh, (W - 1) stride + kw, O).
    """
    b, h, w, _ = x.shape
    kh, kw, outputs, _ = kernel.shape
    y = np.zeros((b, (h - 1) * stride[0] + kh, (w - 1) * stride[1] + kw, outputs), x.dtype)
    for u in range(kh):
        for v in range(kw):
            rows = slice(u, u + (h - 1) * stride[0] + 1, stride[0])
            columns = slice(v, v + (w - 1) * stride[1] + 1, stride[1])
            y[:, rows, columns] += x @ kernel[u, v].T
    return y if bias is None else y + bias
