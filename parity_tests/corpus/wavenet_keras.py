"""Ports of the signal net; `style__mistake` is the port with that mistake."""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
from keras import layers, ops


class TextbookConv1D(layers.Conv1D):
    """A convolution in the sense of signal processing."""

    def call(self, x: Any) -> Any:
        x = ops.pad(x, [[0, 0], [2 * self.dilation_rate[0], 0], [0, 0]])
        kernel = ops.flip(ops.convert_to_tensor(self.kernel), axis=0)
        x = ops.conv(x, kernel, padding="valid", dilation_rate=self.dilation_rate[0])
        return self.activation(x + self.bias)


def gated(x: Any, dilation: int, name: str, *wrong: str) -> tuple[Any, Any]:
    """tanh times sigmoid, a residual and a skip."""
    padding = "same" if "same" in wrong else "causal"
    rate = 1 if "no_dilation" in wrong else dilation
    options = {"dilation_rate": rate, "padding": padding}
    convolution = TextbookConv1D if "flipped" in wrong else layers.Conv1D
    a = convolution(8, 3, activation="tanh", name=f"{name}_filter", **options)(x)
    kind = "tanh" if "two_tanh" in wrong else "sigmoid"
    b = layers.Conv1D(8, 3, activation=kind, name=f"{name}_gate", **options)(x)
    y = layers.Add()([a, b]) if "added" in wrong else layers.Multiply()([a, b])
    z = layers.Conv1D(8, 1, name=f"{name}_residual")(y)
    z = z if "no_residual" in wrong else layers.Add()([x, z])
    z = layers.Rescaling(0.5 if "half" in wrong else 0.5**0.5)(z)
    return z, layers.Conv1D(6, 1, name=f"{name}_skip")(y)


def functional(*wrong: str) -> keras.Model:
    """Functional; mistakes are in the second block."""
    signal = keras.Input((26, 2))
    x = layers.Conv1D(8, 1, padding="causal", name="causal")(signal)
    skips = []
    for i in range(3):
        x, skip = gated(x, 2**i, f"block{i}", *(wrong if i == 1 else ()))
        skips.append(skip)
    skips = skips[1:] if "two_skips" in wrong else skips
    x = layers.ReLU()(layers.Add()([*skips, layers.Conv1D(6, 1, name="last")(x)]))
    x = layers.Conv1D(9, 3, groups=3, use_bias=False, name="post1")(x)
    x = layers.BatchNormalization(epsilon=1e-5, momentum=0.9, name="norm")(x)
    x = layers.MaxPooling1D(3, strides=3 if "stride_of_size" in wrong else 2)(x)
    x = layers.LeakyReLU(negative_slope=0.3 if "slope" in wrong else 0.01)(x)
    x = layers.Conv1D(4, 5, strides=2, name="post2")(layers.ZeroPadding1D(2)(x))
    return keras.Model(signal, ops.max(x, 1) if "max" in wrong else layers.GlobalAveragePooling1D()(x))


class Gated(layers.Layer):
    """A block that pads by itself."""

    def __init__(self, dilation: int, *wrong: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dilation, self.wrong = dilation, wrong
        self.gate = layers.Conv1D(8, 3, dilation_rate=dilation, name="gate")
        self.filter = layers.Conv1D(8, 3, dilation_rate=dilation, name="filter")
        self.skip, self.residual = layers.Conv1D(6, 1, name="skip"), layers.Conv1D(8, 1, name="residual")

    def call(self, x: Any) -> tuple[Any, Any]:
        margin = 2 * self.dilation
        y = ops.pad(x, [[0, 0], [0, margin] if "looks_ahead" in self.wrong else [margin, 0], [0, 0]])
        if "mirrored" in self.wrong:
            y = ops.concatenate([ops.flip(x[:, 1 : margin + 1], axis=1), x], axis=1)
        y = ops.tanh(self.filter(y)) * ops.sigmoid(self.gate(y))
        return (x + self.residual(y)) * 0.5**0.5, self.skip(y)


class WaveNet(keras.Model):
    """Subclassed."""

    def __init__(self, *wrong: str) -> None:
        super().__init__()
        self.wrong = wrong
        self.blocks = [Gated(2**i, *(wrong if i == 1 else ())) for i in range(3)]
        self.causal, self.last = layers.Conv1D(8, 1), layers.Conv1D(6, 1)
        self.post1 = layers.Conv1D(9, 3, groups=3, use_bias=False)
        self.norm = layers.BatchNormalization(epsilon=1e-5, momentum=0.9)
        self.post2 = layers.Conv1D(4, 5, strides=1 if "stride" in wrong else 2)

    def call(self, x: Any, training: bool | None = None) -> Any:
        x, skips = self.causal(x), []
        for block in self.blocks:
            x, skip = block(x)
            skips.append(skip)
        x = sum(skips) + self.last(x)
        x = x if "no_relu" in self.wrong else ops.relu(x)
        x = self.norm(self.post1(x), training=training)
        x = ops.leaky_relu(ops.max_pool(x, 3, strides=2), negative_slope=0.01)
        return ops.mean(self.post2(ops.pad(x, [[0, 0], [2, 2], [0, 0]])), axis=1)


def subclassed(*wrong: str) -> keras.Model:
    """See `WaveNet`."""
    return WaveNet(*wrong)


STYLES = {"functional": functional, "subclassed": subclassed}


def __getattr__(name: str) -> Callable[[], keras.Model]:
    style, *wrong = name.split("__")
    if style not in STYLES:
        raise AttributeError(name)
    return partial(STYLES[style], *wrong)
