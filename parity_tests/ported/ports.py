"""The ports, in Keras; a mistake is chosen by the name of the function, such as `residual_epsilon`."""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
from keras import layers, ops


def block(x: Any, outputs: int, name: str, wrong: str) -> Any:
    """A residual block that halves the map."""
    down = layers.Conv2D(outputs, 1, strides=2, name=f"{name}_down")(x)
    if wrong == "same_padding":
        y = layers.Conv2D(outputs, 3, strides=2, padding="same", use_bias=False, name=f"{name}_conv1")(x)
    else:
        y = layers.ZeroPadding2D(1)(x)
        y = layers.Conv2D(outputs, 3, strides=2, use_bias=False, name=f"{name}_conv1")(y)
    epsilon = 1e-3 if wrong == "epsilon" else 1e-5
    y = layers.BatchNormalization(epsilon=epsilon, name=f"{name}_bn1")(y)
    y = y if wrong == "no_relu" else layers.ReLU()(y)
    y = layers.Conv2D(outputs, 3, padding="same", use_bias=wrong != "no_bias", name=f"{name}_conv2")(y)
    y = layers.BatchNormalization(epsilon=1e-5, name=f"{name}_bn2")(y)
    if wrong == "relu_before_add":
        return layers.Add()([layers.ReLU()(y), down])
    return layers.ReLU()(layers.Add()([y, down]))


def residual(wrong: str = "") -> keras.Model:
    """Functional; the first activation is inside its layer."""
    images = keras.Input((16, 24, 3))
    act = "gelu" if wrong == "gelu" else "relu"
    x = layers.Conv2D(8, 5, padding="same", activation=act, name="stem")(images)
    x = layers.AveragePooling2D(2)(x) if wrong == "avg_pool" else layers.MaxPooling2D()(x)
    x = block(block(x, 16, "stage1", wrong), 16, "stage2", "")
    return keras.Model(images, layers.Dense(10, name="logits")(layers.Flatten()(x)))


class Decoder(keras.Model):
    """Subclassed, with functions of `keras.ops` between its layers."""

    def __init__(self, wrong: str) -> None:
        super().__init__()
        self.wrong = wrong
        self.enc1 = layers.Conv2D(6, 3, padding="same")
        self.slope = layers.PReLU(shared_axes=[1, 2])
        self.pad = layers.ZeroPadding2D(1)
        self.enc2 = layers.Conv2D(9, 3, strides=2)
        self.norm = layers.GroupNormalization(9 if wrong == "groups" else 3, epsilon=1e-5)
        self.up = layers.Conv2DTranspose(6, 4, strides=2, padding="same")
        self.out = layers.Conv2D(2, 1)

    def call(self, x: Any) -> Any:
        skip = self.slope(self.enc1(x))
        y = ops.gelu(self.norm(self.enc2(self.pad(skip))), approximate=self.wrong == "gelu_tanh")
        x = self.out(ops.concatenate([self.up(y), skip], axis=-1))
        return ops.tanh(x) if self.wrong == "tanh" else ops.sigmoid(x)


def decoder(wrong: str = "") -> keras.Model:
    """See `Decoder`."""
    return Decoder(wrong)


def mixer(wrong: str = "") -> keras.Model:
    """Functional, on whole numbers."""
    tokens = keras.Input((11,), dtype="int64")
    epsilon = 1e-3 if wrong == "epsilon" else 1e-5
    x = layers.Embedding(30, 12, name="embedding")(tokens)
    y = layers.LayerNormalization(epsilon=1e-5, name="ln1")(x)
    y = layers.Permute((2, 1))(layers.Dense(11, name="token_mix")(layers.Permute((2, 1))(y)))
    x = layers.Add()([x, y])
    y = layers.LayerNormalization(epsilon=epsilon, name="ln2")(x)
    y = layers.Dense(24, activation="relu" if wrong == "relu" else "gelu", name="expand")(y)
    x = layers.Add()([x, layers.Dense(12, name="project")(y)])
    x = layers.GlobalMaxPooling1D()(x) if wrong == "max" else layers.GlobalAveragePooling1D()(x)
    return keras.Model(tokens, layers.Dense(5, name="classes")(x))


def signal(wrong: str = "") -> keras.Model:
    """Sequential."""
    return keras.Sequential(
        [
            keras.Input((20, 2)),
            layers.Conv1D(7, 5, padding="same"),
            layers.LeakyReLU(0.3 if wrong == "slope" else 0.1),
            layers.AveragePooling1D(2),
            layers.Conv1D(9, 3, dilation_rate=1 if wrong == "dilation" else 2),
            layers.ELU(),
            layers.GlobalMaxPooling1D(),
            layers.Dense(4),
            layers.Activation("softmax" if wrong == "softmax" else "log_softmax"),
        ]
    )


class Bent(layers.DepthwiseConv2D):
    """A convolution that is none, in a way that nobody would think of."""

    def call(self, inputs: Any) -> Any:
        y = super().call(inputs)
        return y + ops.sin(y) / 10


def mobile(wrong: str = "") -> keras.Model:
    """Functional, with activations of every kind."""
    images = keras.Input((16, 24, 3))
    x = layers.ZeroPadding2D(1)(images)
    x = layers.Conv2D(8, 3, strides=2, use_bias=False, name="conv")(x)
    x = layers.BatchNormalization(epsilon=1e-5, name="conv_bn")(x)
    x = layers.ReLU()(x) if wrong == "relu" else layers.ReLU(max_value=6)(x)
    kind = Bent if wrong == "bent" else layers.DepthwiseConv2D
    x = kind(3, padding="same", use_bias=False, name="dw")(x)
    x = layers.BatchNormalization(epsilon=1e-5, name="dw_bn")(x)
    x = layers.Activation("silu" if wrong == "silu" else "hard_silu")(x)
    x = layers.Activation("silu")(layers.Conv2D(12, 1, name="pw")(x))
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(images, layers.Dense(6, name="fc")(layers.Dropout(0.3)(x)))


def shared(wrong: str = "") -> keras.Model:
    """One layer used twice, and two outputs."""
    x = keras.Input((6,))
    again = layers.Dense(7, name="again")
    y = ops.tanh(again(layers.Dense(7, activation="tanh", name="first")(x)))
    y = ops.sigmoid(again(y)) if wrong == "sigmoid" else ops.tanh(again(y))
    return keras.Model(x, [y, layers.Dense(3, name="last")(y)])


def twins() -> keras.Model:
    """Two layers that nothing tells apart but how they are used."""
    x = keras.Input((6,))
    return keras.Model(x, layers.Subtract()([layers.Dense(6)(x), layers.Dense(6)(x)]))


def other_width() -> keras.Model:
    """A net of another size."""
    return keras.Sequential([keras.Input((16, 24, 3)), layers.Flatten(), layers.Dense(9)])


def lstm() -> keras.Model:
    """A layer whose tensors have no layout yet."""
    return keras.Sequential([keras.Input((11, 4)), layers.LSTM(5)])


NETS: dict[str, Callable[[str], keras.Model]] = {
    "residual": residual,
    "decoder": decoder,
    "mixer": mixer,
    "signal": signal,
    "mobile": mobile,
    "shared": shared,
}


def __getattr__(name: str) -> Callable[[], keras.Model]:
    net, _, wrong = name.partition("_")
    if net not in NETS:
        raise AttributeError(name)
    return partial(NETS[net], wrong)
