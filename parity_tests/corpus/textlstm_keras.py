"""Ports of the LSTMs; `style__mistake` is the port with that mistake."""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
from keras import layers, ops


class AlwaysDropout(layers.Dropout):
    """Dropout for the uncertainty of a forecast."""

    def call(self, x: Any, training: bool | None = None) -> Any:
        return super().call(x, training=True)


def functional(*wrong: str) -> keras.Model:
    """As a Keras user writes it: Bidirectional twice."""
    tokens = keras.Input((11,), dtype="int64", name="tokens")
    options = {"recurrent_activation": "hard_sigmoid"} if "hard_sigmoid" in wrong else {}
    options |= {"activation": "relu"} if "relu" in wrong else {}
    x = layers.Embedding(30, 7, mask_zero="mask_zero" in wrong)(tokens)
    x = layers.Bidirectional(layers.LSTM(5, return_sequences=True))(x)
    x = layers.Dropout(0.5 if "rate" in wrong else 0.3)(x)
    last = layers.Bidirectional(layers.LSTM(5, return_sequences="last_output" in wrong, **options))
    x = last(x)[:, -1] if "last_output" in wrong else last(x)
    if "training_at_call" in wrong:
        x = layers.Dropout(0.5)(x, training=True)
    else:
        x = (AlwaysDropout if "drops" in wrong else layers.Dropout)(0.5)(x)
    return keras.Model(tokens, layers.Dense(4, use_bias="no_bias" not in wrong)(x))


def two_directions(*wrong: str) -> keras.Model:
    """Each direction is an LSTM of its own; the backward ones are made first."""
    tokens = keras.Input((None,), dtype="int32")
    x = layers.Embedding(30, 7, name="embedding")(tokens)
    backward = layers.LSTM(5, return_sequences=True, go_backwards=True, name="lstm_l0_reverse")(x)
    backward = backward if "not_flipped" in wrong else ops.flip(backward, axis=1)
    forward = layers.LSTM(5, return_sequences=True, name="lstm_l0")(x)
    x = layers.Concatenate()([forward, backward])
    x = layers.Dropout(0.3)(x)
    backward = layers.LSTM(5, go_backwards="forward_twice" not in wrong, name="lstm_l1_reverse")(x)
    forward = layers.LSTM(5, name="lstm_l1")(x)
    both = [backward, forward] if "backward_first" in wrong else [forward, backward]
    x = layers.Dropout(0.5)(layers.Concatenate()(both))
    return keras.Model(tokens, layers.Dense(4, name="fc")(x))


@keras.saving.register_keras_serializable("corpus")
class Cell(layers.Layer):
    """An LSTM cell written out."""

    def __init__(self, units: int, wrong: tuple[str, ...] = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units, self.wrong = units, wrong
        self.state_size = [units, units]

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"units": self.units, "wrong": list(self.wrong)}

    def build(self, shape: Any) -> None:
        self.kernel = self.add_weight(shape=(shape[-1], 4 * self.units), name="kernel")
        self.recurrent_kernel = self.add_weight(shape=(self.units, 4 * self.units), name="recurrent_kernel")
        self.bias = self.add_weight(shape=(4 * self.units,), initializer="zeros", name="bias")

    def call(self, x: Any, states: Any) -> Any:
        h, c = states
        z = ops.matmul(x, self.kernel) + ops.matmul(h, self.recurrent_kernel) + self.bias
        if "gates_ifog" in self.wrong:
            i, f, o, g = ops.split(z, 4, axis=-1)
        elif "gates_figo" in self.wrong:
            f, i, g, o = ops.split(z, 4, axis=-1)
        else:
            i, f, g, o = ops.split(z, 4, axis=-1)
        c = ops.sigmoid(f) * c + ops.sigmoid(i) * ops.tanh(g)
        h = ops.sigmoid(o) * (c if "no_tanh" in self.wrong else ops.tanh(c))
        return h, [h, c]


class Classifier(keras.Model):
    """Subclassed: cells written out, in Keras' loop."""

    def __init__(self, *wrong: str) -> None:
        super().__init__()
        self.fc = layers.Dense(4)
        self.second = layers.Bidirectional(layers.RNN(Cell(5), name="second"))
        self.first = layers.Bidirectional(layers.RNN(Cell(5, wrong), return_sequences=True, name="first"))
        self.drops = [layers.Dropout(rate) for rate in (0.3, 0.5)]
        self.embedding = layers.Embedding(30, 7)

    def call(self, tokens: Any, training: bool | None = None) -> Any:
        x = self.drops[0](self.first(self.embedding(tokens)), training=training)
        return self.fc(self.drops[1](self.second(x), training=training))


def cells(*wrong: str) -> keras.Model:
    """See `Classifier`."""
    return Classifier(*wrong)


def tagger(*wrong: str) -> keras.Model:
    """The tags by a dense layer for all steps."""
    tokens = keras.Input((None,), dtype="int64")
    x = layers.Embedding(24, 6, name="embed")(tokens)
    if "final_states" in wrong:
        x, forward, _, backward, _ = layers.Bidirectional(
            layers.LSTM(8, return_sequences=True, return_state=True), name="rnn"
        )(x)
        last = ops.concatenate([forward, backward], axis=-1)
    else:
        x = layers.Bidirectional(layers.LSTM(8, return_sequences=True), name="rnn")(x)
        last = x[:, 0] if "first_output" in wrong else x[:, -1]
    last = layers.Activation("tanh" if "tanh" in wrong else "relu")(last)
    return keras.Model(tokens, [layers.Dense(5, name="tags")(x), layers.Dense(3, name="label")(last)])


def tagger_distributed(*wrong: str) -> keras.Model:
    """The tags by TimeDistributed; the class is made first."""
    tokens = keras.Input((None,), dtype="int64")
    x = layers.Embedding(24, 6)(tokens)
    lstm = layers.LSTM(8, return_sequences=True, use_bias="no_bias" not in wrong)
    x = layers.Bidirectional(lstm)(x)
    label = layers.Dense(3)(layers.ReLU()(x[:, -1, :]))
    return keras.Model(tokens, [layers.TimeDistributed(layers.Dense(5))(x), label])


STYLES = {
    "functional": functional,
    "two_directions": two_directions,
    "cells": cells,
    "tagger": tagger,
    "tagger_distributed": tagger_distributed,
}


def __getattr__(name: str) -> Callable[[], keras.Model]:
    style, *wrong = name.split("__")
    if style not in STYLES:
        raise AttributeError(name)
    return partial(STYLES[style], *wrong)
