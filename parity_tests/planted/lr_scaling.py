"""Mistakes in porting a changing learning rate."""

from typing import Any

from parity_tests.faults import patch
from parity_tests.planted import fault

TORCH_STEPS, KERAS_STEPS = "steps/fc.kernel/torch-oracle", "steps/fc.kernel/keras-oracle"


def rate_in_the_momentum() -> None:
    """Keras' own SGD, whose momentum contains the learning rate of the step it comes from."""
    import keras

    patch("keras_impl.techniques.weight_decay", "SGD.update_step", lambda _: keras.optimizers.SGD.update_step)


def off_by_one() -> None:
    """The schedule is stepped before the optimizer."""
    module = "torch_impl.techniques.lr_scaling"
    patch(module, "learning_rate", lambda rate: lambda step, *shape: rate(step + 1, *shape))


def float32_rates() -> None:
    """Learning rates in float32, as Keras' own schedules compute them."""
    from keras import ops

    def change(rate: Any) -> Any:
        return lambda step, *shape: ops.cast(ops.cast(rate(step, *shape), "float32"), "float64")

    patch("keras_impl.techniques.lr_scaling", "learning_rate", change)


FAULTS = (
    fault("rate_in_the_momentum", "keras", "warmup", {KERAS_STEPS, "trajectory/loss"}, {TORCH_STEPS}),
    fault("off_by_one", "torch", "warmup", {TORCH_STEPS, "trajectory/loss"}, {KERAS_STEPS}),
    fault("float32_rates", "keras", "warmup", {KERAS_STEPS, "trajectory/loss"}, {TORCH_STEPS}),
)
