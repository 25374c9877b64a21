"""Mistakes in measuring how sharp a minimum is."""

from typing import Any

from parity_tests.faults import patch
from parity_tests.planted import fault

NEUTRAL = "crosscheck.sharpness"
TORCH, KERAS = "torch_impl.techniques.sharpness", "keras_impl.techniques.sharpness"


def vector_in_own_layout() -> None:
    """The flat vector is made of PyTorch's tensors as they are, as `parameters_to_vector` makes it."""
    from types import SimpleNamespace

    from crosscheck.layouts import side_name, side_shape

    def pack(weights: Any, parameters: Any, side: str) -> Any:
        shapes = {side_name(n, p.kind, side): side_shape(p, side) for n, p in parameters.items()}
        return {
            name: w.reshape(shape) for (name, shape), w in zip(shapes.items(), weights.values(), strict=True)
        }

    def unpack(state: Any, parameters: Any, side: str) -> Any:
        return {n: state[side_name(n, p.kind, side)].reshape(p.shape) for n, p in parameters.items()}

    patch(TORCH, "layouts", lambda _: SimpleNamespace(pack=pack, unpack=unpack))


def forgotten_one() -> None:
    """The box is epsilon |x|: a weight of 0 may not move at all."""
    patch(NEUTRAL, "box", lambda _: lambda coordinates, epsilon: epsilon * abs(coordinates))


def plain_rise() -> None:
    """The rise of the loss is not divided by 1 + loss."""
    patch(NEUTRAL, "percent", lambda _: lambda loss, highest: 100 * (highest - loss))


def training_mode() -> None:
    """Batch norm normalises by the batch, as Keras' training step has it."""
    patch(KERAS, "Recorder.call", lambda _: lambda self, x: self.model(x, training=True))


def summed_loss() -> None:
    """The loss is the sum over the images and not their mean."""
    from functools import partial

    patch(
        "torch_impl.losses", "loss_function", lambda right: lambda *net: partial(right(*net), reduction="sum")
    )


def uneven_chunks() -> None:
    """No fault: the images go through the model in chunks, the last of which is smaller."""
    import sys

    patch(TORCH if "torch_impl" in sys.modules else KERAS, "CHUNK", lambda _: 3)


def found(result: str, side: str) -> str:
    """The check of a result of one side."""
    return f"result/{result}/{side}-oracle"


FAULTS = (
    fault(
        "vector_in_own_layout",
        "torch",
        "subspace",
        {found("sharpness", "torch")},
        {found("sharpness", "keras"), found("loss", "torch")},
    ),
    fault(
        "vector_in_own_layout",
        "torch",
        "gradient",
        {"result/gradient/torch-keras"},
        {found("loss", "torch")},
    ),
    fault(
        "forgotten_one",
        "keras",
        "full_space",
        {found("sharpness", "keras"), found("highest", "keras")},
        {found("sharpness", "torch"), found("loss", "keras")},
    ),
    fault(
        "plain_rise",
        "torch",
        "full_space",
        {found("sharpness", "torch")},
        {found("sharpness", "keras"), found("highest", "torch")},
    ),
    fault("training_mode", "keras", "gradient", {found("loss", "keras")}, {found("loss", "torch")}),
    fault("summed_loss", "torch", "gradient", {found("loss", "torch")}, {found("loss", "keras")}),
)
