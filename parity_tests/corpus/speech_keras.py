"""Ports of the recogniser; `style__mistake` is the port with that mistake."""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
from keras import layers, ops


def gated_block(x: Any, dilation: int, name: str, *wrong: str) -> Any:
    """A dilated causal convolution, a gate, a norm, and x."""
    padding = "same" if "not_causal" in wrong else "causal"
    y = layers.Conv1D(20, 3, padding=padding, dilation_rate=dilation, name=f"{name}_conv")(x)
    value, gate = y[..., :10], y[..., 10:]
    if "gate_first" in wrong:
        value, gate = gate, value
    y = layers.Multiply()([value, layers.Activation("sigmoid")(gate)])
    axis = 1 if "over_time" in wrong else -1
    y = layers.LayerNormalization(axis=axis, epsilon=1e-5, name=f"{name}_norm")(y)
    return layers.Add()([x, layers.Dropout(0.1)(y)])


def functional(*wrong: str) -> keras.Model:
    """Functional."""
    frames = keras.Input((26, 7))
    x = layers.Conv1D(10, 5, 2, activation="gelu", name="subsample")(layers.ZeroPadding1D(2)(frames))
    x = gated_block(x, 1, "block1", *(w for w in wrong if w == "gate_first"))
    x = gated_block(x, 2, "block2", *(w for w in wrong if w == "not_causal"))
    x = gated_block(x, 4, "block3", *(w for w in wrong if w == "over_time"))
    inner = "hard_sigmoid" if "hard_gates" in wrong else "sigmoid"
    x = layers.LSTM(9, return_sequences=True, recurrent_activation=inner, name="lstm1")(x)
    x = layers.LSTM(9, return_sequences=True, name="lstm2")(x)
    last = "softmax" if "softmax" in wrong else "log_softmax"
    return keras.Model(frames, layers.Dense(6, activation=last, name="classes")(x))


class GatedBlock(layers.Layer):
    """A dilated convolution of the past, a gate, a norm, and x."""

    def __init__(self, dilation: int, *wrong: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.past, self.wrong = 2 * dilation, wrong
        self.norm, self.drop = layers.LayerNormalization(epsilon=1e-5), layers.Dropout(0.1)
        self.conv = layers.Conv1D(20, 3, dilation_rate=dilation)

    def call(self, x: Any, training: bool | None = None) -> Any:
        ends = [0, self.past] if "future" in self.wrong else [self.past, 0]
        y = self.conv(ops.pad(x, [[0, 0], ends, [0, 0]]))
        if "tanh" in self.wrong:
            value, gate = ops.split(y, 2, axis=-1)
            y = ops.tanh(value) * ops.sigmoid(gate)
        else:
            y = ops.glu(y, axis=-1)
        y = self.drop(self.norm(y), training=training)
        return y if "no_skip" in self.wrong else x + y


class SpeechNet(keras.Model):
    """Subclassed."""

    def __init__(self, *wrong: str) -> None:
        super().__init__()
        self.fc = layers.Dense(6)
        self.rnn = [layers.LSTM(9, return_sequences=True) for _ in range(2)]
        self.gated = [
            GatedBlock(1, *(w for w in wrong if w == "future")),
            GatedBlock(2, *(w for w in wrong if w == "no_skip")),
            GatedBlock(3 if "third" in wrong else 4, *(w for w in wrong if w == "tanh")),
        ]
        self.front = layers.Conv1D(10, 5, strides=2)

    def call(self, x: Any, training: bool | None = None) -> Any:
        x = ops.gelu(self.front(ops.pad(x, [[0, 0], [2, 2], [0, 0]])), approximate=False)
        for layer in self.gated:
            x = layer(x, training=training)
        for layer in self.rnn:
            x = layer(x, training=training)
        return ops.log_softmax(self.fc(x), axis=-1)


def subclassed(*wrong: str) -> keras.Model:
    """See `SpeechNet`."""
    return SpeechNet(*wrong)


STYLES = {"functional": functional, "subclassed": subclassed}


def __getattr__(name: str) -> Callable[[], keras.Model]:
    style, *wrong = name.split("__")
    if style not in STYLES:
        raise AttributeError(name)
    return partial(STYLES[style], *wrong)
