"""Mistakes in porting PReLU."""

from typing import Any

from parity_tests.faults import patch
from parity_tests.planted import fault

KERAS = "keras_impl.techniques.prelu"


def kerass_gradient_at_zero() -> None:
    """The formula of Keras' own layer: the same values, another gradient at exactly 0."""
    from keras import ops

    patch(KERAS, "prelu", lambda _: lambda x, alpha: ops.relu(x) - alpha * ops.relu(-x))


def a_slope_an_element() -> None:
    """`shared_axes` forgotten: Keras' default is a slope for every element."""

    def change(build: Any) -> Any:
        def changed(self: Any, sharing: str, **named: Any) -> None:
            build(self, "element", **named)

        return changed

    patch(KERAS, "PReLU.__init__", change)


def along_the_width() -> None:
    """PyTorch's slopes are spread over the last axis, which is the width and not the channels."""

    def change(right: Any) -> Any:
        def changed(x: Any, alpha: Any) -> Any:
            import torch

            flat = alpha.flatten().repeat(x.shape[-1])[: x.shape[-1]]
            return torch.where(x > 0, x, flat * x)

        return changed

    patch("torch_impl.techniques.prelu", "prelu", change)


FAULTS = (
    fault(
        "kerass_gradient_at_zero",
        "keras",
        "channel",
        {"input_gradient/torch-keras"},
        {"output/torch-keras", "gradient/alpha/torch-keras"},
    ),
    fault("a_slope_an_element", "keras", "channel", {"parameter_count/keras"}, {"parameter_count/torch"}),
    fault("along_the_width", "torch", "channel", {"output/torch-oracle"}, {"output/keras-oracle"}),
)
