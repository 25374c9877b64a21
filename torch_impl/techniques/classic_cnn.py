"""The pattern of the first large convolutional nets: few large filters first, then 5x5, then 3x3.

Source: article 002. Contract: crosscheck/specs/classic_cnn.py
"""

import torch.nn.functional as F
from torch import Tensor, nn

from torch_impl.layers import flatten_channels_first

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
    for length in x.shape[2:]:
        pooled_length(length)
    # PORT: both drop incomplete windows unless told otherwise (PyTorch by `ceil_mode`, Keras by "same").
    return F.max_pool2d(x, WINDOW, stride=STEP)


class Stage(nn.Module):
    """Convolution, ReLU and, if so wished, overlapping max pooling.

    Input shape: (B, in, H, W). Output shape: (B, filters, H', W'); before pooling, H' is H / stride,
    rounded up.

    Args:
        in_channels: of the input.
        kernel_size: height and width of the filters, odd.
        stride: of the filters.
        filters: how many.
        pooled: whether pooling follows.

    Raises:
        ValueError: the size is even, so that the filter has no centre.
    """

    def __init__(self, in_channels: int, kernel_size: int, stride: int, filters: int, pooled: bool):
        super().__init__()
        require_odd(kernel_size)
        self.pooled = pooled
        # PORT: padding=kernel_size // 2 of PyTorch pads evenly. "same" of Keras pads as little as will do,
        # and with a stride less at the top and left: outputs of the same shape, but of shifted windows.
        self.conv = nn.Conv2d(in_channels, filters, kernel_size, stride=stride, padding=kernel_size // 2)

    def convolve(self, x: Tensor) -> Tensor:
        """The feature map before pooling."""
        return F.relu(self.conv(x))

    def pool(self, x: Tensor) -> Tensor:
        """The feature map that the next stage is given."""
        return overlapping_max_pool(x) if self.pooled else x

    def forward(self, x: Tensor) -> Tensor:
        return self.pool(self.convolve(x))


class ClassicNet(nn.Module):
    """Stages one after the other, then a dense layer.

    Input shape: (B, in, H, W). Output shape: (B, classes), logits.

    Args:
        in_shape: (in, H, W) of one image.
        stages: of each one the filters' size, their stride, how many there are, and whether pooling
            follows.
        classes: of the output.

    Raises:
        ValueError: filters of even size, or the images are too small for so much pooling.
    """

    def __init__(
        self,
        in_shape: tuple[int, int, int],
        stages: tuple[tuple[int, int, int, bool], ...],
        classes: int,
    ):
        super().__init__()
        channels, height, width = in_shape
        self.stages = []
        for number, (kernel_size, stride, filters, pooled) in enumerate(stages, start=1):
            self.stages.append(Stage(channels, kernel_size, stride, filters, pooled))
            # Under a name of its own rather than in a ModuleList, so that it is called as in Keras.
            self.add_module(f"stage{number}", self.stages[-1])
            height, width, channels = -(-height // stride), -(-width // stride), filters
            if pooled:
                height, width = pooled_length(height), pooled_length(width)
        self.fc = nn.Linear(channels * height * width, classes)

    def forward(self, x: Tensor) -> Tensor:
        for stage in self.stages:
            x = stage(x)
        return self.fc(flatten_channels_first(x))


def stages(model: ClassicNet, x: Tensor) -> dict[str, list]:
    """What each stage makes of images, and at what cost: seen from the maps and kernels themselves.

    Args:
        model: the net.
        x: images (B, in, H, W).

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
        _, filters, height, width = convolved.shape
        _, inputs, kernel_size, _ = stage.conv.weight.shape
        found["convolved"].append([height, width, filters])
        found["passed_on"].append([*x.shape[2:], filters])
        found["multiply_accumulates"].append(
            multiply_accumulates(inputs, kernel_size, filters, height, width)
        )
    return found


def require_odd(kernel_size: int) -> None:
    """Refuse filters that cannot be padded evenly."""
    if kernel_size % 2 == 0:
        raise ValueError(f"filters have an odd size, not {kernel_size}: an even one has no centre")
