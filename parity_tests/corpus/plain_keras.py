"""Ports of the plain convolutional net; `style__mistake` is the port with that mistake."""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
from keras import layers, ops


class ReflectionPad(layers.Layer):
    """As many rows and columns as asked for, mirrored at each border."""

    def __init__(self, amount: int, mode: str = "reflect", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.amount, self.mode = amount, mode

    def call(self, x: Any) -> Any:
        n = self.amount
        return ops.pad(x, [[0, 0], [n, n], [n, n], [0, 0]], mode=self.mode)


class TextbookConv2D(layers.Conv2D):
    """A convolution in the sense of signal processing."""

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        return super().convolution_op(inputs, ops.flip(kernel, axis=(0, 1)))


class SidewaysConv2D(layers.Conv2D):
    """A convolution over images that are read column by column."""

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        return super().convolution_op(inputs, ops.transpose(kernel, (1, 0, 2, 3)))


def sequential(*wrong: str) -> keras.Model:
    """One list of layers, default names, the map permuted as PyTorch flattens it."""
    second = TextbookConv2D if "flipped" in wrong else layers.Conv2D
    first = SidewaysConv2D if "sideways" in wrong else layers.Conv2D
    stack: list[Any] = [
        keras.Input((20, 28, 3)),
        first(7, 5, padding="same", activation="relu"),
        layers.MaxPooling2D(),
        second(11, (3, 5), padding="same", activation="relu"),
        layers.ZeroPadding2D(1),
        layers.MaxPooling2D(3, 2),
        layers.ZeroPadding2D(1) if "zeros" in wrong else ReflectionPad(1),
        layers.Conv2D(6, 3, activation="relu"),
        layers.Permute((3, 2, 1) if "width_first" in wrong else (3, 1, 2)),
        layers.Flatten(),
        layers.Dense(13, activation=None if "no_relu" in wrong else "relu"),
        layers.Dropout(0.6 if "rate" in wrong else 0.4),
        layers.Dense(5),
        layers.Activation("log_softmax"),
    ]
    return keras.Sequential(stack)


def functional(*wrong: str) -> keras.Model:
    """PyTorch's names, activations as layers, the map flattened as Keras does it."""
    images = keras.Input((20, 28, 3))
    x = layers.Rescaling(1 / 255)(images) if "scaled" in wrong else images
    x = layers.Conv2D(7, 5, padding="same", use_bias="no_bias" not in wrong, name="conv1")(x)
    x = layers.MaxPool2D(2)(layers.ReLU()(x))
    kernel = (5, 3) if "kernel_5x3" in wrong else (3, 5)
    x = layers.ReLU()(layers.Conv2D(11, kernel, padding="same", name="conv2")(x))
    if "pool_of_two" in wrong:
        x = layers.MaxPool2D(2)(x)
    else:
        x = layers.MaxPool2D(3, strides=2)(layers.ZeroPadding2D(1)(x))
    x = layers.ReLU()(layers.Conv2D(6, 3, name="conv3")(ReflectionPad(1)(x)))
    x = layers.Flatten()(x)
    x = layers.Dense(13, name="fc1", activation="sigmoid" if "sigmoid" in wrong else "relu")(x)
    x = layers.Dropout(0.4)(x)
    if "softmax_twice" in wrong:
        x = layers.Dense(5, activation="softmax", name="fc2")(x)
    else:
        x = layers.Dense(5, name="fc2")(x)
    return keras.Model(images, ops.log_softmax(x, axis=-1))


class PlainCNN(keras.Model):
    """Subclassed; the layers are made from the head to the stem."""

    def __init__(self, *wrong: str) -> None:
        super().__init__()
        self.wrong = wrong
        self.head = layers.Dense(5, name="head")
        self.drop = layers.Dropout(0.4)
        self.hidden = layers.Dense(13, name="hidden")
        self.block3 = layers.Conv2D(6, 3, activation="relu", name="block3")
        self.reflect = ReflectionPad(1, "symmetric" if "symmetric" in wrong else "reflect")
        self.block2 = layers.Conv2D(11, (3, 5), padding="same", activation="relu", name="block2")
        self.block1 = layers.Conv2D(7, 5, padding="same", activation="relu", name="block1")

    def call(self, x: Any, training: bool | None = None) -> Any:
        x = x[..., ::-1] if "bgr" in self.wrong else x
        x = ops.max_pool(self.block1(x), 2)
        x = self.block2(x)
        if "pool_same" in self.wrong:
            x = ops.max_pool(x, 3, strides=2, padding="same")
        else:
            x = ops.max_pool(ops.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]]), 3, strides=2)
        x = ops.transpose(self.block3(self.reflect(x)), (0, 3, 1, 2))
        x = self.hidden(ops.reshape(x, (-1, 6 * 5 * 7)))
        x = x if "relu_forgotten" in self.wrong else ops.relu(x)
        x = self.head(self.drop(x, training=True if "drops" in self.wrong else training))
        x = ops.relu(x) if "relu_at_end" in self.wrong else x
        return ops.log_softmax(x, axis=0 if "over_batch" in self.wrong else -1)


def subclassed(*wrong: str) -> keras.Model:
    """See `PlainCNN`."""
    return PlainCNN(*wrong)


def channels_first(*wrong: str) -> keras.Model:
    """Keeps PyTorch's interface: it is given N, C, H, W and permutes inside."""
    images = keras.Input((3, 20, 28))
    x = layers.Reshape((20, 28, 3))(images) if "reshaped" in wrong else layers.Permute((2, 3, 1))(images)
    x = layers.Conv2D(7, 5, padding="same", activation="relu", name="features_0")(x)
    x = layers.MaxPooling2D()(x)
    x = layers.Conv2D(11, (3, 5), padding="same", activation="relu", name="features_3")(x)
    x = layers.MaxPooling2D(3, 2)(layers.ZeroPadding2D(1)(x))
    x = layers.Conv2D(6, 3, activation="relu", name="features_6")(ReflectionPad(1)(x))
    x = layers.Flatten()(layers.Permute((3, 1, 2))(x))
    x = layers.Dense(13, activation="relu", name="classifier_0")(x)
    x = layers.Dense(5, name="classifier_3")(layers.Dropout(0.4)(x))
    return keras.Model(images, layers.Activation("log_softmax")(x))


STYLES = {
    "sequential": sequential,
    "functional": functional,
    "subclassed": subclassed,
    "channels_first": channels_first,
}


def __getattr__(name: str) -> Callable[[], keras.Model]:
    style, *wrong = name.split("__")
    if style not in STYLES:
        raise AttributeError(name)
    return partial(STYLES[style], *wrong)
