"""Dropout of a user's Keras model: switched off, and noted; `torch_impl/dropping.py` is its mirror."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras
from keras import layers

from crosscheck.dataflow import Record
from crosscheck.ports.program import Drop

# Layers that do nothing else, and what they drop.
LAYERS = {
    layers.SpatialDropout1D: "maps",
    layers.SpatialDropout2D: "maps",
    layers.SpatialDropout3D: "maps",
    layers.AlphaDropout: "elements as in SELU nets",
    layers.GaussianDropout: "nothing and multiplies by noise",
    layers.GaussianNoise: "nothing and adds noise",
    layers.Dropout: "elements",
}
DROPOUTS = tuple(LAYERS)
# Attributes of layers and of the cells inside them.
RATES = ("rate", "dropout", "recurrent_dropout", "stddev")


@contextmanager
def dropping_nothing(model: keras.Layer) -> Iterator[None]:
    """Within the block the model's layers drop nothing, cells of recurrent layers included."""
    rates = {}
    for layer in model._flatten_layers():
        for name in RATES:
            rate = getattr(layer, name, None)
            own = not isinstance(getattr(type(layer), name, None), property)
            if own and rate and isinstance(rate, float | int) and _is_dropout(layer, name):
                rates[layer, name] = rate
    for layer, name in rates:
        setattr(layer, name, 0.0)
    try:
        yield
    finally:
        for (layer, name), rate in rates.items():
            setattr(layer, name, rate)


def _is_dropout(layer: keras.Layer, name: str) -> bool:
    return name != "rate" or "drop" in type(layer).__name__.lower()


def dropped(model: keras.Layer, done: Record) -> tuple[Drop, ...]:
    """What the model drops where it was recorded in training mode.

    PORT: recurrent layers of Keras drop their inputs and states, by one mask for all steps; PyTorch's drop
    the sequence between two of them.
    """
    found = []
    for step in done.steps:
        if isinstance(step.called, DROPOUTS) and step.arguments[1].get("training") is not False:
            noise = isinstance(step.called, layers.GaussianNoise)
            rate = step.called.stddev if noise else step.called.rate
            what = next(said for kind, said in LAYERS.items() if isinstance(step.called, kind))
            if getattr(step.called, "noise_shape", None) is not None:
                what = ""  # maps or whole examples, by the shape
            found += [Drop(what, rate)] if rate > 0 else []
    for layer in model._flatten_layers():
        rates = [getattr(layer, name, 0) for name in ("dropout", "recurrent_dropout")]
        if hasattr(layer, "recurrent_dropout") and not isinstance(layer, layers.RNN):
            found += [Drop("inputs", rates[0])] * (rates[0] > 0) + [Drop("states", rates[1])] * (rates[1] > 0)
    return tuple(found)
