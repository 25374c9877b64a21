"""Ports of the translators; `style__mistake` is the port with that mistake."""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
from keras import layers, ops


def luong(*wrong: str) -> keras.Model:
    """Functional, with Keras' dot-product attention."""
    src, tgt = keras.Input((9,), dtype="int64"), keras.Input((6,), dtype="int64")
    x = layers.Embedding(17, 9, mask_zero="masked" in wrong, name="source_words")(src)
    memory, h, c = layers.LSTM(12, return_sequences=True, return_state=True, name="encoder")(x)
    if "first_state" in wrong:
        h = memory[:, 0]
    y = layers.Embedding(14, 8, name="target_words")(tgt)
    state = None if "no_state" in wrong else [c, h] if "cell_first" in wrong else [h, c]
    y = layers.LSTM(12, return_sequences=True, name="decoder")(y, initial_state=state)
    context = layers.Attention(use_scale=False)([y, memory])
    joined = layers.Concatenate()([y, context] if "output_first" in wrong else [context, y])
    activation = None if "no_tanh" in wrong else "tanh"
    joined = layers.Dense(10, activation=activation, name="attention_vector")(joined)
    return keras.Model([src, tgt], layers.TimeDistributed(layers.Dense(14), name="words")(joined))


class Luong(keras.Model):
    """Subclassed, scores by keras.ops."""

    def __init__(self, *wrong: str) -> None:
        super().__init__()
        self.wrong = wrong
        self.decoder_embedding, self.encoder_embedding = layers.Embedding(14, 8), layers.Embedding(17, 9)
        self.decoder = layers.LSTM(12, return_sequences=True, return_state=True)
        self.encoder = layers.LSTM(12, return_sequences=True, return_state=True)
        self.fc, self.wc = layers.Dense(14), layers.Dense(10, activation="tanh")

    def call(self, inputs: Any) -> Any:
        src, tgt = inputs
        memory, *state = self.encoder(self.encoder_embedding(src))
        output = self.decoder(self.decoder_embedding(tgt), initial_state=state)[0]
        scores = ops.einsum("btd,bsd->bts", output, memory)
        if "scaled" in self.wrong:
            scores = scores / 12**0.5
        weights = ops.softmax(scores, axis=1 if "softmax_axis" in self.wrong else -1)
        context = ops.einsum("bts,bsd->btd", weights, memory)
        return self.fc(self.wc(ops.concatenate([context, output], axis=-1)))


def luong_subclassed(*wrong: str) -> keras.Model:
    """See `Luong`."""
    return Luong(*wrong)


class BahdanauAttention(layers.Layer):
    """As in TensorFlow's tutorial."""

    def __init__(self, units: int, *wrong: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.wrong = wrong
        self.W1, self.W2, self.V = layers.Dense(units), layers.Dense(units), layers.Dense(1)

    def build(self, query_shape: Any, values_shape: Any) -> None:
        self.W1.build(query_shape)
        self.W2.build(values_shape)
        self.V.build((None, None, self.W1.units))

    def call(self, query: Any, values: Any) -> Any:
        total = self.W1(ops.expand_dims(query, 1)) + self.W2(values)
        score = self.V(total if "no_tanh" in self.wrong else ops.tanh(total))
        weights = ops.softmax(score, axis=-1 if "softmax_axis" in self.wrong else 1)
        return ops.sum(weights * values, axis=1)


class Translator(keras.Model):
    """Subclassed, a cell in a loop or a GRU that is given one step at a time."""

    def __init__(self, cells: bool, *wrong: str) -> None:
        super().__init__()
        self.cells, self.wrong = cells, wrong
        self.source, self.drop = layers.Embedding(16, 9), layers.Dropout(0.1)
        self.encoder = layers.GRU(10, return_sequences=True, return_state=True)
        self.target = layers.Embedding(13, 7)
        self.attention = BahdanauAttention(6, *wrong)
        self.step = layers.GRUCell(10) if cells else layers.GRU(10, return_state=True)
        self.fc = layers.Dense(13)

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        src, tgt = inputs
        memory, hidden = self.encoder(self.drop(self.source(src), training=training))
        start, words = hidden, self.target(tgt)
        steps = []
        for i in range(tgt.shape[1]):
            query = start if "first_query" in self.wrong else hidden
            context = self.attention(query, memory)
            joined = [context, words[:, i]] if "context_first" in self.wrong else [words[:, i], context]
            x = ops.concatenate(joined, axis=-1)
            before = start if "state_dropped" in self.wrong else hidden
            if self.cells:
                y, [hidden] = self.step(x, [before])
            else:
                y, hidden = self.step(ops.expand_dims(x, 1), initial_state=before)
            steps.append(self.fc(y))
        return ops.stack(steps, axis=1)


def bahdanau_cells(*wrong: str) -> keras.Model:
    """With a GRUCell."""
    return Translator(True, *wrong)


def bahdanau_steps(*wrong: str) -> keras.Model:
    """With a GRU over one step."""
    return Translator(False, *wrong)


STYLES = {
    "luong": luong,
    "luong_subclassed": luong_subclassed,
    "bahdanau_cells": bahdanau_cells,
    "bahdanau_steps": bahdanau_steps,
}


def __getattr__(name: str) -> Callable[[], keras.Model]:
    style, *wrong = name.split("__")
    if style not in STYLES:
        raise AttributeError(name)
    return partial(STYLES[style], *wrong)
