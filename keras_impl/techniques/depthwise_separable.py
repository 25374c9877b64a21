"""Depthwise separable convolution, and the plain convolution that it stands for.

Source: article 003, arXiv 1704.04861. Contract: crosscheck/specs/depthwise_separable.py
"""

import keras
import numpy as np
from keras import KerasTensor as Tensor
from keras import layers, ops

from crosscheck import timing
from keras_impl import adapter


def margins(kernel_size: tuple[int, int]) -> tuple[int, int]:
    """Zeros to add above and below, and left and right: with stride 1 the size stays.

    Raises:
        ValueError: a side of the kernel is even or not positive.
    """
    if min(kernel_size) < 1 or not all(size % 2 for size in kernel_size):
        raise ValueError(f"the sides of the kernel must be odd, got {kernel_size}")
    return kernel_size[0] // 2, kernel_size[1] // 2


class DepthwiseSeparableConv2D(layers.Layer):
    """Kernels for each channel alone, then a 1x1 convolution that mixes the channels.

    Input shape: (B, H, W, in). Output shape: (B, ceil(H/stride), ceil(W/stride), channels).

    Args:
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
        channels: int,
        kernel_size: tuple[int, int],
        stride: int = 1,
        multiplier: int = 1,
        bias: bool = False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        # PORT: with stride 2 and an even size, Keras' "same" pads less at the start than at the end and so
        # looks at other places than PyTorch's padding, which is the same at both. Here both pad both ends.
        self.pad = layers.ZeroPadding2D(margins(kernel_size))
        self.depthwise = layers.DepthwiseConv2D(
            kernel_size, stride, depth_multiplier=multiplier, use_bias=False, name="depthwise"
        )
        self.pointwise = layers.Conv2D(channels, 1, use_bias=bias, name="pointwise")

    def call(self, x: Tensor) -> Tensor:
        return self.pointwise(self.depthwise(self.pad(x)))


class PlainConv2D(layers.Layer):
    """A convolution over places and channels at once, padded like the separable one.

    Input shape: (B, H, W, in). Output shape: (B, ceil(H/stride), ceil(W/stride), channels).

    Args:
        channels: of the output.
        kernel_size: height and width, odd.
        stride: of the convolution.
        bias: whether there is one.

    Raises:
        ValueError: the kernel is even, or the input has another shape.
    """

    def __init__(
        self,
        channels: int,
        kernel_size: tuple[int, int],
        stride: int = 1,
        bias: bool = False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.pad = layers.ZeroPadding2D(margins(kernel_size))
        self.conv = layers.Conv2D(channels, kernel_size, stride, use_bias=bias, name="conv")

    def call(self, x: Tensor) -> Tensor:
        return self.conv(self.pad(x))


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
    adapter.use_precision("float32")  # something of another precision may have been built before
    held = ops.convert_to_tensor(x)
    ways: dict[str, dict[str, list[float]]] = {}
    # PORT: PyTorch runs operation by operation. A compiled model of Keras' runs as one graph, on TensorFlow
    # with XLA too if told so, or left to itself on an accelerator: `jit_compile` changes its speed.
    for jit_compile in (False, True):
        layer = {
            "conv": PlainConv2D(channels, kernel_size),
            "separable": DepthwiseSeparableConv2D(channels, kernel_size),
        }
        models = {name: keras.Sequential([made]) for name, made in layer.items()}
        for model in models.values():
            model.compile(jit_compile=jit_compile)
        calls = [lambda model=model: model.predict_on_batch(held) for model in models.values()]
        found = dict(zip(models, timing.alternating(calls, rounds), strict=True))
        ways["with jit_compile" if jit_compile else "without jit_compile"] = found
    return ways
