"""Mistakes in porting transposed convolutions and resizing."""

from typing import Any

from parity_tests.faults import patch
from parity_tests.planted import fault

TORCH = "torch_impl.techniques.resize_conv"
KERAS_OUTPUT, TORCH_OUTPUT = "output/keras-oracle", "output/torch-oracle"


def shifted_by_a_pixel() -> None:
    """PyTorch's padding=1, output_padding=1: the size is right, the row that is cropped is not."""

    def change(build: Any) -> Any:
        def changed(self: Any, *arguments: Any, **named: Any) -> None:
            build(self, *arguments, **named)
            self.conv.padding, self.conv.output_padding = (1, 1), (1, 1)

        return changed

    patch(TORCH, "TransposedConv.__init__", change)


def flipped_kernel() -> None:
    """The kernel is flipped, as one would for a convolution in the sense of mathematics."""
    from keras import ops

    def change(build: Any) -> Any:
        def changed(self: Any, *arguments: Any, **named: Any) -> None:
            build(self, *arguments, **named)
            self.conv.call = lambda x: (
                ops.conv_transpose(x, ops.flip(self.conv.kernel, (0, 1)), self.conv.strides, "same")
                + self.conv.bias
            )

        return changed

    patch("keras_impl.techniques.resize_conv", "TransposedConv.__init__", change)


def aligned_corners() -> None:
    """PyTorch's align_corners=True: the outermost centres stay where they are, the others do not."""
    import torch.nn.functional as F

    def upsample(x: Any, scale: int) -> Any:
        return F.interpolate(x, scale_factor=scale, mode="bilinear", align_corners=True)

    patch(TORCH, "upsample_bilinear", lambda _: upsample)


def kerass_own_resize() -> None:
    """Keras' own resizing, which on TensorFlow is float32 inside whatever comes in."""
    from keras import ops

    def upsample(x: Any, scale: int) -> Any:
        _, height, width, _ = x.shape
        resized = ops.image.resize(x, (height * scale, width * scale), interpolation="bilinear")
        return ops.cast(resized, x.dtype)

    patch("keras_impl.techniques.resize_conv", "upsample_bilinear", lambda _: upsample)


FAULTS = (
    fault("shifted_by_a_pixel", "torch", "transposed_k3s2", {TORCH_OUTPUT}, {KERAS_OUTPUT}),
    fault("flipped_kernel", "keras", "transposed_k4s2", {KERAS_OUTPUT}, {TORCH_OUTPUT}),
    fault(
        "aligned_corners",
        "torch",
        "resized",
        {"result/bilinear/torch-oracle"},
        {"result/bilinear/keras-oracle", "result/nearest/torch-oracle"},
    ),
    fault("kerass_own_resize", "keras", "bilinear", {KERAS_OUTPUT}, {TORCH_OUTPUT}),
)
