"""Mistakes in porting batch and instance normalisation."""

from typing import Any

from parity_tests.faults import patch
from parity_tests.planted import fault

KERAS = "keras_impl.techniques.normalization"
OUTPUT, BUFFER = "output/training/keras-oracle", "buffer/moving_variance/keras-oracle"


def _other_settings(layer: str, **settings: float) -> None:
    def change(build: Any) -> Any:
        def changed(self: Any, *arguments: Any, **named: Any) -> None:
            build(self, *arguments, **named)
            for name, value in settings.items():
                setattr(self, name, value)

        return changed

    patch(KERAS, f"{layer}.__init__", change)


def default_epsilon() -> None:
    """Keras' default epsilon, 1e-3."""
    _other_settings("BatchNorm", epsilon=1e-3)


def default_momentum() -> None:
    """PyTorch's momentum of 0.1 handed to Keras, where it is the weight of the old moments."""
    _other_settings("BatchNorm", momentum=0.1)


def biased_variance() -> None:
    """The variance that is kept is the biased one, as in Keras' own layer."""

    def change(moments: Any) -> Any:
        def changed(x: Any, axes: tuple[int, ...]) -> Any:
            mean, variance, count = moments(x, axes)
            return mean, variance, count * 1e30  # n / (n - 1) becomes 1

        return changed

    patch(KERAS, "moments", change)


def over_the_batch() -> None:
    """Instance norm that takes its moments over the batch, too."""
    patch(KERAS, "moments", lambda moments: lambda x, axes: moments(x, (0, 1, 2)))


FAULTS = (
    fault("default_epsilon", "keras", "batch_norm", {OUTPUT}, {BUFFER, "output/training/torch-oracle"}),
    fault("default_momentum", "keras", "batch_norm", {BUFFER}, {OUTPUT}),
    fault("biased_variance", "keras", "batch_norm", {BUFFER}, {OUTPUT}),
    fault("over_the_batch", "keras", "instance_norm", {OUTPUT}, {"output/training/torch-oracle"}),
)
