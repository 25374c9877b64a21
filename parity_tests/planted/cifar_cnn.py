"""Mistakes in porting the nets of article 004."""

from typing import Any

from parity_tests.faults import patch
from parity_tests.planted import fault

KERAS = "keras_impl.techniques.cifar_cnn"
TORCH_OUTPUT, KERAS_OUTPUT = "output/torch-oracle", "output/keras-oracle"


def flattened_channels_last() -> None:
    """H, W, C order into the dense layer, as Keras flattens by itself: every shape fits."""
    from keras import ops

    flatten = lambda x: ops.reshape(x, (-1, x.shape[1] * x.shape[2] * x.shape[3]))  # noqa: E731
    patch(KERAS, "flatten_channels_first", lambda _: flatten)


def norm_on_the_other_side() -> None:
    """Batch norm after the activation instead of before it: the count is the same."""

    def change(build: Any) -> Any:
        def changed(self: Any, channels: int, norm: str, activation: str, **named: Any) -> None:
            build(self, channels, norm, activation, **named)
            self.norm = {"bn_before": "bn_after"}.get(norm, norm)

        return changed

    patch(KERAS, "ConvBlock.__init__", change)


def shortcut_after_the_activation() -> None:
    """The shortcut is added after the last ReLU instead of before it."""

    def change(_: Any) -> Any:
        import torch.nn.functional as F

        def forward(self: Any, x: Any) -> Any:
            y = F.relu(self.bn1(self.conv1(x)))
            y = F.relu(self.bn2(self.conv2(y))) + self.shortcut(x)
            return F.max_pool2d(y, 2)

        return forward

    patch("torch_impl.techniques.cifar_cnn", "ResidualBlock.forward", change)


def always_training() -> None:
    """Batch norm is told `training=True` in evaluation, too."""
    module = "keras_impl.techniques.normalization"
    patch(module, "BatchNorm.call", lambda right: lambda self, x, training: right(self, x, True))


FAULTS = (
    fault(
        "flattened_channels_last", "keras", "small", {KERAS_OUTPUT}, {TORCH_OUTPUT, "parameter_count/keras"}
    ),
    fault(
        "norm_on_the_other_side",
        "keras",
        "small_bn_before",
        {KERAS_OUTPUT, "finite_difference/keras"},
        {TORCH_OUTPUT, "parameter_count/keras"},
    ),
    fault("shortcut_after_the_activation", "torch", "small_residual", {TORCH_OUTPUT}, {KERAS_OUTPUT}),
    fault("always_training", "keras", "small_bn_after", {KERAS_OUTPUT}, {"output/training/keras-oracle"}),
)
