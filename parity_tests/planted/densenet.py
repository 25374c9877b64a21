"""Mistakes in porting DenseNet."""

from typing import Any

from parity_tests.faults import patch
from parity_tests.planted import fault

KERAS = "keras_impl.techniques.densenet"
TORCH = "torch_impl.techniques.densenet"


def new_maps_first() -> None:
    """Concatenated the other way round: every shape fits, and batch norms and kernels meet others' maps."""
    patch(KERAS, "join", lambda join: lambda x, new: join(new, x))


def maximum_pooled() -> None:
    """Transitions with a maximum instead of a mean."""
    from keras import ops

    patch(KERAS, "average_pool", lambda _: lambda x: ops.max_pool(x, 2, strides=2))


def ceiling() -> None:
    """Incomplete windows are pooled too; global pooling hides that the maps are larger."""
    import torch.nn.functional as F

    patch(TORCH, "average_pool", lambda _: lambda x: F.avg_pool2d(x, 2, ceil_mode=True))


def keras_epsilon() -> None:
    """Batch norm with Keras' default epsilon, 1e-3."""

    def change(build: Any) -> Any:
        def changed(self: Any, *arguments: Any, **named: Any) -> None:
            build(self, *arguments, **named)
            self.epsilon = 1e-3

        return changed

    patch("keras_impl.techniques.normalization", "BatchNorm.__init__", change)


def biased_variance() -> None:
    """Batch norm keeps the biased variance, as Keras' own does: outputs are right, buffers are not."""
    from keras import layers

    def change(call: Any) -> Any:
        def changed(self: Any, x: Any, training: bool | None = None) -> Any:
            return layers.BatchNormalization.call(self, x, training=training)

        return changed

    patch("keras_impl.techniques.normalization", "BatchNorm.call", change)


KERAS_OUTPUT, TORCH_OUTPUT = "output/keras-oracle", "output/torch-oracle"
VARIANCE = "buffer/block1.layer1.grow.bn.moving_variance"

FAULTS = (
    fault("new_maps_first", "keras", "small", {KERAS_OUTPUT, "gradient"}, {TORCH_OUTPUT}),
    fault("maximum_pooled", "keras", "small_bc", {KERAS_OUTPUT, "input_gradient"}, {TORCH_OUTPUT}),
    fault("ceiling", "torch", "small_bc", {TORCH_OUTPUT}, {KERAS_OUTPUT}),
    fault("keras_epsilon", "keras", "small", {KERAS_OUTPUT}, {TORCH_OUTPUT}),
    fault(
        "biased_variance",
        "keras",
        "small",
        {f"{VARIANCE}/keras-oracle"},
        {f"{VARIANCE}/torch-oracle", KERAS_OUTPUT, "loss/keras-oracle"},
    ),
)
