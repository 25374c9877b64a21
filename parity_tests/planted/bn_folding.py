"""Mistakes in folding batch norm."""

from typing import Any

from parity_tests.faults import patch
from parity_tests.planted import fault

TORCH, KERAS = "torch_impl.techniques.bn_folding", "keras_impl.techniques.bn_folding"


def epsilon_forgotten() -> None:
    """gamma / sqrt(variance), as in the article's source."""

    def change(right: Any) -> Any:
        return lambda gamma, beta, mean, variance, epsilon: right(gamma, beta, mean, variance, 0.0)

    patch(KERAS, "scale_and_shift", change)


def bias_forgotten() -> None:
    """The layer's bias is left as it was, and only the shift is added."""
    patch(TORCH, "fold_bias", lambda _: lambda bias, scale, shift: shift if bias is None else bias + shift)
    _without_self_check(TORCH)


def scale_slightly_off() -> None:
    """A mistake ten times as large as rounding, such as of an epsilon that is near the layer's."""
    patch(TORCH, "fold_conv", lambda right: lambda kernel, scale: right(kernel, scale * (1 + 5e-13)))


def axis_of_transposed_kernel() -> None:
    """The kernel of a transposed convolution is scaled on its last axis, like any other in Keras."""

    def change(_: Any) -> Any:
        def folded(kernel: Any, scale: Any, groups: int) -> Any:
            from keras import ops

            # Where there are other numbers of inputs and outputs it would not even fit.
            fitting = ops.take(scale, ops.arange(kernel.shape[-1]) % scale.shape[0])
            return kernel * fitting

        return folded

    patch(KERAS, "fold_transposed", change)
    _without_self_check(KERAS)


def order_of_depthwise_outputs() -> None:
    """All first outputs of the inputs, then all second ones, instead of input by input."""

    def change(_: Any) -> Any:
        def folded(kernel: Any, scale: Any) -> Any:
            from keras import ops

            inputs, multiplier = kernel.shape[-2:]
            return kernel * ops.transpose(ops.reshape(scale, (multiplier, inputs)))

        return folded

    patch(KERAS, "fold_depthwise", change)
    _without_self_check(KERAS)


def _without_self_check(module: str) -> None:
    """A port may have none; the comparison with the oracle must see the mistake all the same."""
    patch(module, "require_same", lambda _: lambda *models: None)


TORCH_AFTER, KERAS_AFTER = "result/after/torch-oracle", "result/after/keras-oracle"
TORCH_AGREEMENT, KERAS_AGREEMENT = "result/agreement/torch-oracle", "result/agreement/keras-oracle"

FAULTS = (
    fault(
        "epsilon_forgotten",
        "keras",
        "channels",
        {"result/scale/keras-oracle", "result/shift/keras-oracle"},
        {"result/scale/torch-oracle", "result/shift/torch-oracle"},
    ),
    fault(
        "bias_forgotten",
        "torch",
        "fold_foldable",
        {TORCH_AFTER, TORCH_AGREEMENT},
        {KERAS_AFTER, KERAS_AGREEMENT, "result/before/torch-oracle"},
    ),
    fault("scale_slightly_off", "torch", "fold_foldable", {TORCH_AGREEMENT}, {KERAS_AGREEMENT}),
    fault(
        "axis_of_transposed_kernel",
        "keras",
        "fold_foldable",
        {KERAS_AFTER},
        {TORCH_AFTER, "result/before/keras-oracle"},
    ),
    fault("order_of_depthwise_outputs", "keras", "fold_foldable", {KERAS_AFTER}, {TORCH_AFTER}),
)
