"""Mistakes in porting one-hot encoding."""

from typing import Any

from parity_tests.faults import patch
from parity_tests.planted import fault

TORCH, KERAS = "torch_impl.techniques.one_hot", "keras_impl.techniques.one_hot"
TORCH_RESULT, KERAS_RESULT = "result/encoded/torch-oracle", "result/encoded/keras-oracle"


def kerass_own() -> None:
    """`ops.one_hot` as it is: a label out of range becomes a row of zeros, and nobody says so."""
    from keras import ops

    def encode(labels: Any, classes: Any, dtype: str = "float32") -> Any:
        return ops.one_hot(labels, int(classes or 5), dtype=dtype)

    patch(KERAS, "one_hot", lambda _: encode)


def squeezed() -> None:
    """Labels (N, 1) become (N, classes), as by Keras' to_categorical."""

    def change(encode: Any) -> Any:
        from keras import ops

        return lambda labels, *rest: encode(
            ops.squeeze(labels, -1) if labels.shape[-1] == 1 else labels, *rest
        )

    patch(KERAS, "one_hot", change)


def inferred_classes() -> None:
    """The number of classes is taken from the batch, as F.one_hot does by default."""

    def change(encode: Any) -> Any:
        return lambda labels, classes, *rest: encode(labels, int(labels.max()) + 1, *rest)

    patch(TORCH, "one_hot", change)


FAULTS = (
    fault(
        "kerass_own",
        "keras",
        "flat",
        {"refuses/keras"},
        {KERAS_RESULT, TORCH_RESULT, "refuses/torch/labels=3"},
    ),
    fault("squeezed", "keras", "column", {KERAS_RESULT}, {TORCH_RESULT}),
    fault("inferred_classes", "torch", "flat", {TORCH_RESULT}, {KERAS_RESULT}),
)
