"""Mistakes in clipping gradients."""

from typing import Any

from parity_tests.faults import patch
from parity_tests.planted import fault

KERAS = "keras_impl.techniques.gradient_clipping"


def per_variable() -> None:
    """Keras' `clipnorm` taken for PyTorch's clip_grad_norm_: each variable is clipped by itself."""

    def change(clip: Any) -> Any:
        return lambda gradients, limit: [clip([gradient], limit)[0] for gradient in gradients]

    patch(KERAS, "clip_global_norm", change)


def without_epsilon() -> None:
    """Keras' `global_clipnorm`: the norm is divided by without PyTorch's 1e-6."""
    from keras import ops

    def clip(gradients: list[Any], limit: float) -> list[Any]:
        norm = ops.sqrt(sum(ops.sum(ops.square(gradient)) for gradient in gradients))
        return [gradient * ops.minimum(limit / norm, 1.0) for gradient in gradients]

    patch(KERAS, "clip_global_norm", lambda _: clip)


def after_l2() -> None:
    """L2 is clipped together with the gradient, as a regularizer in Keras' loss would be."""

    def change(attach: Any) -> Any:
        def attached(self: Any, optimizer: Any) -> None:
            def penalize(optimizer: Any, *_: object) -> None:
                for group in optimizer.param_groups:
                    for parameter in group["params"]:
                        parameter.grad = parameter.grad + group["weight_decay"] * parameter.detach()
                    group["weight_decay"] = 0.0

            optimizer.register_step_pre_hook(penalize)
            attach(self, optimizer)

        return attached

    patch("torch_impl.techniques.gradient_clipping", "Clipping.attach", change)


TORCH_STEPS, KERAS_STEPS = "steps/fc.kernel/torch-oracle", "steps/fc.kernel/keras-oracle"

FAULTS = (
    fault("per_variable", "keras", "global", {KERAS_STEPS, "trajectory/loss"}, {TORCH_STEPS}),
    fault("without_epsilon", "keras", "global", {KERAS_STEPS, "trajectory/loss"}, {TORCH_STEPS}),
    fault("after_l2", "torch", "global_l2", {TORCH_STEPS}, {KERAS_STEPS}),
)
