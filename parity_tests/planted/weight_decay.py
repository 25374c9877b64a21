"""Mistakes in porting weight decay and Adam."""

from dataclasses import replace
from typing import Any

from parity_tests.faults import patch
from parity_tests.planted import fault

TORCH, KERAS = "torch_impl.techniques.weight_decay", "keras_impl.techniques.weight_decay"
TORCH_STEPS, KERAS_STEPS = "steps/fc.kernel/torch-oracle", "steps/fc.kernel/keras-oracle"


def coupled_for_decoupled() -> None:
    """PyTorch's Adam(weight_decay=...) where Keras' Adam(weight_decay=...) was meant: L2, not decay."""

    def change(make: Any) -> Any:
        return lambda settings, *rest: make(
            replace(settings, l2=settings.weight_decay, weight_decay=0.0), *rest
        )

    patch(TORCH, "make_optimizer", change)


def decayed_slopes() -> None:
    """Biases, gains and slopes decay like kernels."""
    patch(TORCH, "make_optimizer", lambda make: lambda settings, some, rest: make(settings, some + rest, []))


def epsilon_hat() -> None:
    """Keras' own Adam: epsilon beside the root of the uncorrected v."""
    import keras

    patch(KERAS, "Adam.update_step", lambda _: keras.optimizers.Adam.update_step)


def twice_the_penalty() -> None:
    """Keras' L2(l2) for PyTorch's weight_decay=l2: it has no 1/2, so that its gradient is twice as large."""

    def change(build: Any) -> Any:
        def changed(self: Any, settings: Any, decayed: Any) -> None:
            build(self, replace(settings, l2=2 * settings.l2), decayed)

        return changed

    patch(KERAS, "SGD.__init__", change)


FAULTS = (
    fault("coupled_for_decoupled", "torch", "adamw", {TORCH_STEPS, "trajectory/loss"}, {KERAS_STEPS}),
    fault("decayed_slopes", "torch", "momentum_l2", {"steps/act.alpha/torch-oracle"}, {TORCH_STEPS}),
    fault("epsilon_hat", "keras", "adam_epsilon", {KERAS_STEPS}, {TORCH_STEPS}),
    fault("twice_the_penalty", "keras", "momentum_l2", {KERAS_STEPS}, {"steps/act.alpha/keras-oracle"}),
)
