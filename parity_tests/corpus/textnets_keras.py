"""Ports of the text classifiers; `style__mistake` is the port with that mistake."""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
from keras import layers, ops


def bilstm(*wrong: str) -> keras.Model:
    """Sequential."""
    second = "hard_sigmoid" if "hard_sigmoid" in wrong else "sigmoid"
    pool = layers.GlobalAveragePooling1D if "average" in wrong else layers.GlobalMaxPooling1D
    last = "final_state" in wrong
    return keras.Sequential(
        [
            keras.Input((12,), dtype="int64"),
            layers.Embedding(23, 10),
            layers.Bidirectional(layers.LSTM(8, return_sequences=True)),
            layers.Dropout(0.3),
            layers.Bidirectional(layers.LSTM(8, return_sequences=not last, recurrent_activation=second)),
            *(() if last else (pool(),)),
            layers.Dense(6, activation=None if "no_relu" in wrong else "relu"),
            layers.Dropout(0.2),
            layers.Dense(4, activation="softmax" if "softmax" in wrong else None),
        ]
    )


def bilstm_functional(*wrong: str) -> keras.Model:
    """Functional, a layer for each direction."""
    tokens = keras.Input((12,), dtype="int64")
    x = layers.Embedding(23, 10, name="word_vectors")(tokens)
    for i in (1, 2):
        ahead = layers.LSTM(8, return_sequences=True, name=f"forward_{i}")(x)
        back = layers.LSTM(8, return_sequences=True, go_backwards=True, name=f"backward_{i}")(x)
        if not ("not_turned" in wrong and i == 2):
            back = layers.Lambda(lambda y: ops.flip(y, axis=1), output_shape=(12, 8))(back)
        x = layers.Concatenate()([back, ahead] if "backward_first" in wrong and i == 1 else [ahead, back])
        x = layers.Dropout(0.3)(x) if i == 1 else x
    x = layers.Dense(6, activation="relu", name="hidden")(layers.GlobalMaxPooling1D()(x))
    return keras.Model(tokens, layers.Dense(4, name="classes")(layers.Dropout(0.2)(x)))


def charcnn(*wrong: str) -> keras.Model:
    """Functional; the maximum before the ReLU, which is the same."""
    characters = keras.Input((15,), dtype="int64")
    x = layers.Embedding(29, 6)(characters)
    maps = []
    for filters, size in ((7, 2), (5, 3), (9, 4)):
        padding = "same" if "same" in wrong and size == 4 else "valid"
        rate = 2 if "dilated" in wrong and size == 3 else 1
        y = layers.Conv1D(filters, size, padding=padding, dilation_rate=rate)(x)
        average = "average" in wrong and size == 3
        y = layers.GlobalAveragePooling1D()(y) if average else layers.GlobalMaxPooling1D()(y)
        maps.append(y if "no_relu" in wrong and size == 2 else layers.ReLU()(y))
    x = layers.Concatenate()(maps[::-1] if "reversed" in wrong else maps)
    gate = layers.Dense(21, activation="sigmoid", name="carry")(x)
    y = layers.Dense(21, activation="relu", name="transform")(x)
    kept = layers.Lambda(lambda g: 1.0 - g)(gate)
    sides = (kept, gate) if "gate_exchanged" in wrong else (gate, kept)
    y = layers.Add()([layers.Multiply()([sides[0], y]), layers.Multiply()([sides[1], x])])
    return keras.Model(characters, layers.Dense(8)(layers.Dropout(0.5)(y)))


class CharCNN(keras.Model):
    """Subclassed; a highway layer of its own."""

    def __init__(self, named: bool, *wrong: str) -> None:
        super().__init__()
        self.wrong = wrong
        self.embedding = layers.Embedding(29, 6)
        sizes = ((7, 2), (5, 3), (9, 4))
        activation = "tanh" if "tanh" in wrong else "relu"
        self.convolutions = [layers.Conv1D(n, k, activation=activation) for n, k in sizes]
        names = ("gate", "transform") if named else (None, None)
        self.gate = layers.Dense(21, name=names[0])
        self.transform = layers.Dense(21, use_bias="no_bias" not in wrong, name=names[1])
        self.dropout, self.head = layers.Dropout(0.5), layers.Dense(8)

    def call(self, characters: Any, training: bool | None = None) -> Any:
        x = self.embedding(characters)
        x = ops.concatenate([ops.max(conv(x), axis=1) for conv in self.convolutions], axis=-1)
        gate = ops.sigmoid(self.gate(x))
        y = ops.relu(self.transform(x)) * gate
        if "no_carry" not in self.wrong:
            y = y + x * (1 - gate)
        return self.head(self.dropout(y, training=training))


def charcnn_subclassed(*wrong: str) -> keras.Model:
    """See `CharCNN`; the highway's layers have Keras' names."""
    return CharCNN(False, *wrong)


def charcnn_named(*wrong: str) -> keras.Model:
    """See `CharCNN`; the highway's layers have PyTorch's names."""
    return CharCNN(True, *wrong)


STYLES = {
    "bilstm": bilstm,
    "bilstm_functional": bilstm_functional,
    "charcnn": charcnn,
    "charcnn_subclassed": charcnn_subclassed,
    "charcnn_named": charcnn_named,
}


def __getattr__(name: str) -> Callable[[], keras.Model]:
    style, *wrong = name.split("__")
    if style not in STYLES:
        raise AttributeError(name)
    return partial(STYLES[style], *wrong)
