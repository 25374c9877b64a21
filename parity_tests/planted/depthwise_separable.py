"""Mistakes in porting depthwise separable convolutions."""

from dataclasses import replace
from typing import Any

from parity_tests.faults import patch
from parity_tests.planted import fault

KERAS_OUTPUT, TORCH_OUTPUT = "output/keras-oracle", "output/torch-oracle"


def _other_layout(kind: str, torch: str) -> None:
    def change(layouts: Any) -> Any:
        return layouts | {kind: replace(layouts[kind], torch=torch)}

    patch("crosscheck.layouts", "LAYOUTS", change)


def multiplier_first() -> None:
    """The first kernels of all channels, then the second ones: every shape fits, weights come back."""
    _other_layout("depthwise_conv2d.kernel", "(mult cin) 1 kh kw")


def transposed_pointwise() -> None:
    """The 1x1 kernel is not transposed, which a square one does not show."""
    _other_layout("conv2d.kernel", "cin cout kh kw")


def padded_at_the_end() -> None:
    """Keras' "same" for PyTorch's padding: with stride 2 and an even size it looks at other places."""

    def change(build: Any) -> Any:
        def changed(self: Any, *arguments: Any, **named: Any) -> None:
            build(self, *arguments, **named)
            self.pad.padding = ((0, 0), (0, 0))
            self.depthwise.padding = "same"

        return changed

    patch("keras_impl.techniques.depthwise_separable", "DepthwiseSeparableConv2D.__init__", change)


def two_biases() -> None:
    """Both of PyTorch's convolutions have a bias, as they have by default."""

    def change(build: Any) -> Any:
        def changed(self: Any, *arguments: Any, **named: Any) -> None:
            import torch

            build(self, *arguments, **named)
            self.depthwise.bias = torch.nn.Parameter(torch.zeros(self.depthwise.out_channels))

        return changed

    patch("torch_impl.techniques.depthwise_separable", "DepthwiseSeparableConv2D.__init__", change)


COUNT = "parameter_count"

FAULTS = (
    fault(
        "multiplier_first",
        "torch",
        "multiplier",
        {TORCH_OUTPUT},
        {KERAS_OUTPUT, f"{COUNT}/torch", "round_trip/torch-keras/memory"},
    ),
    fault("transposed_pointwise", "torch", "multiplier", {TORCH_OUTPUT}, {KERAS_OUTPUT, f"{COUNT}/torch"}),
    fault("padded_at_the_end", "keras", "strided", {KERAS_OUTPUT}, {TORCH_OUTPUT, f"{COUNT}/keras"}),
    fault("two_biases", "torch", "published_3x3", {f"{COUNT}/torch"}, {f"{COUNT}/keras"}),
)
