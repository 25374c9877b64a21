"""Ports of the GRUs; `style__mistake` is the port with that mistake."""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
from keras import layers, ops


class Reversal(layers.Layer):
    """The steps from the last to the first."""

    def call(self, x: Any) -> Any:
        return ops.flip(x, axis=1)


def sequential(*wrong: str) -> keras.Model:
    """One list of layers."""
    options: dict[str, Any] = {
        "reset_after": "reset_before" not in wrong,
        "go_backwards": "backwards" in wrong,
    }
    if "hard_sigmoid" in wrong:
        options["recurrent_activation"] = "hard_sigmoid"
    if "relu" in wrong:
        options["activation"] = "relu"
    stack: list[Any] = [
        keras.Input((None,), dtype="int64"),
        layers.Embedding(28, 6),
        layers.GRU(9, return_sequences=True),
        layers.Dropout(0.2),
        layers.GRU(9, **options),
        layers.Dense(4),
    ]
    if "reversed" in wrong:
        stack.insert(2, Reversal())
    return keras.Sequential(stack)


class GRUClassifier(keras.Model):
    """Subclassed: whole sequences, of which the last step is taken."""

    def __init__(self, *wrong: str) -> None:
        super().__init__()
        self.wrong = wrong
        self.embedding = layers.Embedding(28, 6)
        self.rnns = [layers.GRU(9, return_sequences=True, name=f"rnn_{i}") for i in range(2)]
        self.drop = layers.Dropout(0.2)
        self.fc = layers.Dense(4)

    def call(self, tokens: Any, training: bool | None = None) -> Any:
        x = self.embedding(tokens)
        if "steps_first" in self.wrong:
            x = ops.transpose(x, (1, 0, 2))
        x = self.rnns[1](self.drop(self.rnns[0](x), training=training))
        if "steps_first" in self.wrong:
            x = ops.transpose(x, (1, 0, 2))
        if "mean" in self.wrong:
            return self.fc(ops.mean(x, axis=1))
        return self.fc(x[:, 0] if "first" in self.wrong else x[:, -1])


def subclassed(*wrong: str) -> keras.Model:
    """See `GRUClassifier`."""
    return GRUClassifier(*wrong)


class WrittenGRU(layers.Layer):
    """A GRU written out, the reset gate behind the product; all steps or the last one."""

    def __init__(self, units: int, sequences: bool, *wrong: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units, self.sequences, self.wrong = units, sequences, wrong

    def build(self, shape: Any) -> None:
        columns = 3 * self.units
        self.kernel = self.add_weight(shape=(shape[-1], columns), name="kernel")
        self.recurrent_kernel = self.add_weight(shape=(self.units, columns), name="recurrent_kernel")
        self.bias = self.add_weight(shape=(2, columns), initializer="zeros", name="bias")

    def call(self, x: Any) -> Any:
        h = ops.zeros_like(x[:, 0, :1]) * ops.zeros((1, self.units), dtype=x.dtype)
        outputs = []
        for step in range(x.shape[1]):
            a = ops.split(ops.matmul(x[:, step], self.kernel) + self.bias[0], 3, axis=-1)
            b = ops.split(ops.matmul(h, self.recurrent_kernel) + self.bias[1], 3, axis=-1)
            update, reset = (1, 0) if "gates_rzn" in self.wrong else (0, 1)
            z, r = ops.sigmoid(a[update] + b[update]), ops.sigmoid(a[reset] + b[reset])
            h = z * h + (1 - z) * ops.tanh(a[2] + r * b[2])
            outputs.append(h)
        return ops.stack(outputs, axis=1) if self.sequences else h


def written(*wrong: str) -> keras.Model:
    """Functional, with the loop over steps in the layer."""
    tokens = keras.Input((10,), dtype="int64")
    x = layers.Embedding(28, 6)(tokens)
    x = WrittenGRU(9, True, name="gru_1")(x)
    x = layers.Dropout(0.2)(x)
    x = WrittenGRU(9, False, *wrong, name="gru_2")(x)
    return keras.Model(tokens, layers.Dense(4)(x))


def sensor(*wrong: str) -> keras.Model:
    """Functional; states and outputs of one layer."""
    readings = keras.Input((13, 5))
    x = layers.Dense(7, name="project")(readings)
    x = layers.LayerNormalization(epsilon=1e-3 if "epsilon" in wrong else 1e-5, name="norm")(x)
    x = layers.Activation("tanh")(x)
    outputs, final = layers.GRU(8, return_sequences=True, return_state=True, name="gru")(x)
    final = outputs[:, 0] if "first" in wrong else final
    mean = ops.max(outputs, axis=1) if "max" in wrong else layers.GlobalAveragePooling1D()(outputs)
    both = [mean, final] if "mean_first" in wrong else [final, mean]
    return keras.Model(readings, layers.Dense(3, name="head")(layers.Concatenate()(both)))


def sensor_cells(*wrong: str) -> keras.Model:
    """A cell in an RNN layer; the last step is cut out; dense layers are distributed over time."""
    readings = keras.Input((13, 5))
    x = layers.TimeDistributed(layers.Dense(7))(readings)
    x = ops.tanh(layers.LayerNormalization(epsilon=1e-5)(x))
    x = layers.RNN(
        layers.GRUCell(8, activation="relu" if "relu" in wrong else "tanh"), return_sequences=True
    )(x)
    last = ops.squeeze(layers.Cropping1D((12, 0))(x), axis=1)
    both = ops.concatenate([last, ops.mean(x, axis=1)], axis=-1)
    return keras.Model(readings, layers.Dense(3)(both))


STYLES = {
    "sequential": sequential,
    "subclassed": subclassed,
    "written": written,
    "sensor": sensor,
    "sensor_cells": sensor_cells,
}


def __getattr__(name: str) -> Callable[[], keras.Model]:
    style, *wrong = name.split("__")
    if style not in STYLES:
        raise AttributeError(name)
    return partial(STYLES[style], *wrong)
