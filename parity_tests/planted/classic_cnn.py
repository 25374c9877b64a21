"""Mistakes in porting nets that begin with large, strided filters."""

from typing import Any

from parity_tests.faults import patch
from parity_tests.planted import fault

KERAS = "keras_impl.techniques.classic_cnn"
TORCH = "torch_impl.techniques.classic_cnn"


def same_padding() -> None:
    """Keras' "same" taken for PyTorch's padding: all shapes are right, all windows are shifted."""
    from keras import ops

    def convolve(self: Any, x: Any) -> Any:
        x = ops.conv(x, self.conv.kernel, self.conv.strides, padding="same")
        return ops.relu(x + self.conv.bias)

    patch(KERAS, "Stage.convolve", lambda _: convolve)


def ceiling() -> None:
    """Pooling that keeps incomplete windows: the maps are larger, and so is the dense layer."""
    import torch.nn.functional as F

    patch(TORCH, "pooled_length", lambda _: lambda length: -(-(length - 3) // 2) + 1)
    patch(TORCH, "overlapping_max_pool", lambda _: lambda x: F.max_pool2d(x, 3, 2, ceil_mode=True))


def window_of_two() -> None:
    """Pooling without overlap, 2x2: on these maps it gives the same shapes."""
    from keras import ops

    patch(KERAS, "overlapping_max_pool", lambda _: lambda x: ops.max_pool(x[:, 1:, 1:], 2, strides=2))


def cost_of_the_input() -> None:
    """Multiply-accumulates counted over the map that goes in instead of the one that comes out."""

    def change(count: Any) -> Any:
        return lambda inputs, size, filters, height, width: count(
            inputs, size, filters, 2 * height, 2 * width
        )

    patch(TORCH, "multiply_accumulates", change)


KERAS_OUTPUT, TORCH_OUTPUT = "output/keras-oracle", "output/torch-oracle"

FAULTS = (
    fault("same_padding", "keras", "small_seven", {KERAS_OUTPUT}, {TORCH_OUTPUT, "parameter_count/keras"}),
    fault("ceiling", "torch", "small_seven", {"parameter_count/torch"}, {"parameter_count/keras"}),
    fault("window_of_two", "keras", "small_eleven", {KERAS_OUTPUT}, {TORCH_OUTPUT, "parameter_count/keras"}),
    fault(
        "cost_of_the_input",
        "torch",
        "stages_small_seven",
        {"result/multiply_accumulates/torch-oracle"},
        {"result/multiply_accumulates/keras-oracle", "result/convolved/torch-oracle"},
    ),
)
