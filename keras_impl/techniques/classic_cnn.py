"""The pattern of the first large convolutional nets: few large filters first, then 5x5, then 3x3.

Source: article 002. Contract: crosscheck/specs/classic_cnn.py
"""

import math

import keras
from keras import KerasTensor as Tensor
from keras import layers, ops

from keras_impl.layers import flatten_channels_first

WINDOW, STEP = 3, 2


def multiply_accumulates(inputs: int, kernel_size: int, filters: int, height: int, width: int) -> int:
    """Of a convolution, for one image: n_(l-1) s_l^2 n_l m_l^2, the map being height x width."""
    return inputs * kernel_size**2 * filters * height * width


def pooled_length(length: int) -> int:
    """How many windows of 3 fit into a length, each 2 further on; what is left over is dropped.

    Raises:
        ValueError: not even one does.
    """
    if length < WINDOW:
        raise ValueError(f"no window of {WINDOW} fits into a map of {length}")
    return (length - WINDOW) // STEP + 1


def overlapping_max_pool(x: Tensor) -> Tensor:
    """The largest value of each 3 x 3 window, two pixels apart, so that they share a row or column.

    Raises:
        ValueError: the map is smaller than a window.
    """
    for length in x.shape[1:3]:
        pooled_length(length)
    # PORT: both drop incomplete windows unless told otherwise (PyTorch by `ceil_mode`, Keras by "same").
    return ops.max_pool(x, WINDOW, strides=STEP)


class Stage(layers.Layer):
    """Convolution, ReLU and, if so wished, overlapping max pooling.

    Input shape: (B, H, W, in). Output shape: (B, H', W', filters); before pooling, H' is H / stride,
    rounded up.

    Args:
        kernel_size: height and width of the filters, odd.
        stride: of the filters.
        filters: how many.
        pooled: whether pooling follows.

    Raises:
        ValueError: the size is even, so that the filter has no centre.
    """

    def __init__(self, kernel_size: int, stride: int, filters: int, pooled: bool, **kwargs):
        super().__init__(**kwargs)
        require_odd(kernel_size)
        self.pooled = pooled
        # PORT: padding=kernel_size // 2 of PyTorch pads evenly. "same" of Keras pads as little as will do,
        # and with a stride less at the top and left: outputs of the same shape, but of shifted windows.
        self.pad = layers.ZeroPadding2D(kernel_size // 2, name="pad")
        self.conv = layers.Conv2D(filters, kernel_size, strides=stride, padding="valid", name="conv")

    def build(self, input_shape):
        self.conv.build(self.pad.compute_output_shape(input_shape))

    def compute_output_shape(self, input_shape):
        shape = self.conv.compute_output_shape(self.pad.compute_output_shape(input_shape))
        if not self.pooled:
            return shape
        return (shape[0], *(pooled_length(length) for length in shape[1:3]), shape[3])

    def convolve(self, x: Tensor) -> Tensor:
        """The feature map before pooling."""
        return ops.relu(self.conv(self.pad(x)))

    def pool(self, x: Tensor) -> Tensor:
        """The feature map that the next stage is given."""
        return overlapping_max_pool(x) if self.pooled else x

    def call(self, x: Tensor) -> Tensor:
        return self.pool(self.convolve(x))


class ClassicNet(keras.Model):
    """Stages one after the other, then a dense layer.

    Input shape: (B, H, W, in). Output shape: (B, classes), logits.

    Args:
        stages: of each one the filters' size, their stride, how many there are, and whether pooling
            follows.
        classes: of the output.

    Raises:
        ValueError: filters of even size, or the images are too small for so much pooling.
    """

    def __init__(self, stages: tuple[tuple[int, int, int, bool], ...], classes: int, **kwargs):
        super().__init__(**kwargs)
        self.stages = []
        for number, (kernel_size, stride, filters, pooled) in enumerate(stages, start=1):
            self.stages.append(Stage(kernel_size, stride, filters, pooled, name=f"stage{number}"))
        self.fc = layers.Dense(classes, name="fc")

    def build(self, input_shape):
        for stage in self.stages:
            stage.build(input_shape)
            input_shape = stage.compute_output_shape(input_shape)
        self.fc.build((input_shape[0], math.prod(input_shape[1:])))

    def call(self, x: Tensor) -> Tensor:
        for stage in self.stages:
            x = stage(x)
        return self.fc(flatten_channels_first(x))


def stages(model: ClassicNet, x: Tensor) -> dict[str, list]:
    """What each stage makes of images, and at what cost: seen from the maps and kernels themselves.

    Args:
        model: the net.
        x: images (B, H, W, in).

    Returns:
        "convolved": (H, W, filters) before pooling, "passed_on": after it, for each stage;
        "multiply_accumulates": of its convolution for one image.
    """
    found = {"convolved": [], "passed_on": [], "multiply_accumulates": []}
    for stage in model.stages:
        convolved = stage.convolve(x)
        x = stage.pool(convolved)
        # PORT: a map is (B, C, H, W) in PyTorch, (B, H, W, C) in Keras; a kernel (out, in, h, w) in
        # PyTorch, (h, w, in, out) in Keras.
        _, height, width, filters = convolved.shape
        kernel_size, _, inputs, _ = stage.conv.kernel.shape
        found["convolved"].append([height, width, filters])
        found["passed_on"].append([*x.shape[1:3], filters])
        found["multiply_accumulates"].append(
            multiply_accumulates(inputs, kernel_size, filters, height, width)
        )
    return found


def require_odd(kernel_size: int) -> None:
    """Refuse filters that cannot be padded evenly."""
    if kernel_size % 2 == 0:
        raise ValueError(f"filters have an odd size, not {kernel_size}: an even one has no centre")
