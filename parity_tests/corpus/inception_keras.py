"""Ports of GoogLeNet; `style__mistake` is the port with that mistake."""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
from keras import layers, ops


class LRN(layers.Layer):
    """Local response normalisation over channels, which Keras does not have."""

    def __init__(self, alpha: float = 1e-4, k: float = 1.0, beta: float = 0.75, n: int = 3) -> None:
        super().__init__()
        self.alpha, self.k, self.beta, self.n = alpha, k, beta, n

    def call(self, x: Any) -> Any:
        half, channels = self.n // 2, x.shape[-1]
        squares = ops.pad(ops.square(x), [[0, 0], [0, 0], [0, 0], [half, half]])
        scale = self.k
        for i in range(self.n):
            scale += self.alpha * squares[..., i : i + channels]
        return x / scale**self.beta


def conv_bn(x: Any, filters: int, size: int, strides: int = 1, relu: bool = True, name: str = "") -> Any:
    """Convolution, batch norm, ReLU."""
    if strides > 1:
        x = layers.ZeroPadding2D(size // 2)(x)
    padding = "valid" if strides > 1 else "same"
    x = layers.Conv2D(filters, size, strides, padding=padding, use_bias=False, name=f"{name}_conv")(x)
    x = layers.BatchNormalization(momentum=0.9, name=f"{name}_bn")(x)
    return layers.ReLU()(x) if relu else x


def module(x: Any, sizes: tuple[int, ...], name: str, *wrong: str) -> Any:
    """Four branches, concatenated."""
    one = conv_bn(x, sizes[0], 1, name=f"{name}_1x1")
    three = conv_bn(x, sizes[1], 1, relu="linear_reduce" not in wrong, name=f"{name}_3x3_reduce")
    three = conv_bn(three, sizes[2], 3, name=f"{name}_3x3")
    five = conv_bn(x, sizes[3], 1, name=f"{name}_5x5_reduce")
    five = conv_bn(five, sizes[4], 5, name=f"{name}_5x5")
    pooling = layers.AveragePooling2D if "average" in wrong else layers.MaxPooling2D
    pool = conv_bn(pooling(3, 1, padding="same")(x), sizes[5], 1, name=f"{name}_pool_proj")
    branches = [one, three, pool, five] if "pool_third" in wrong else [one, three, five, pool]
    return layers.Concatenate(name=f"{name}_concat")(branches)


def functional(*wrong: str) -> keras.Model:
    """Functional, names from Caffe's model zoo."""
    images = keras.Input((28, 36, 3))
    x = conv_bn(images, 7, 5, 2, name="conv1")
    x = LRN(1e-4 if "whole_alpha" in wrong else 1e-4 / 3)(x)
    x = conv_bn(x, 8, 3, name="conv2")
    x = module(x, (3, 4, 5, 2, 4, 2), "inception_3a", *(w for w in wrong if w == "average"))
    x = module(x, (4, 5, 6, 3, 2, 3), "inception_3b", *(w for w in wrong if w == "linear_reduce"))
    pooled = layers.MaxPooling2D(3, 2, padding="valid" if "floor" in wrong else "same")(x)
    y = layers.AdaptiveAveragePooling2D((2, 3))(pooled if "late" in wrong else x)
    y = layers.Flatten()(conv_bn(y, 4, 1, name="loss1"))
    y = layers.Dropout(0.7)(layers.Dense(10, activation="relu", name="loss1_fc")(y))
    y = layers.Dense(6, name="loss1_classifier")(y)
    x = module(pooled, (5, 4, 6, 2, 3, 2), "inception_4a", *(w for w in wrong if w == "pool_third"))
    x = layers.Dropout(0.2)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(images, [layers.Dense(6, name="loss3_classifier")(x), y])


class ConvBN(layers.Layer):
    """Convolution, batch norm, ReLU."""

    def __init__(self, filters: int, size: int, strides: int = 1, epsilon: float = 1e-3) -> None:
        super().__init__()
        self.pad = layers.ZeroPadding2D(size // 2)
        self.conv = layers.Conv2D(filters, size, strides, use_bias=False)
        self.norm = layers.BatchNormalization(momentum=0.9, epsilon=epsilon)

    def call(self, x: Any, training: bool | None = None) -> Any:
        return ops.relu(self.norm(self.conv(self.pad(x)), training=training))


class InceptionModule(layers.Layer):
    """Four branches, concatenated."""

    def __init__(self, sizes: tuple[int, ...], epsilon: float = 1e-3) -> None:
        super().__init__()
        self.pool_proj = ConvBN(sizes[5], 1)
        self.conv5, self.reduce5 = ConvBN(sizes[4], 5, epsilon=epsilon), ConvBN(sizes[3], 1)
        self.conv3, self.reduce3 = ConvBN(sizes[2], 3), ConvBN(sizes[1], 1)
        self.conv1 = ConvBN(sizes[0], 1)

    def call(self, x: Any, training: bool | None = None) -> Any:
        p = self.pool_proj(ops.max_pool(x, 3, strides=1, padding="same"), training=training)
        c = self.conv5(self.reduce5(x, training=training), training=training)
        b = self.conv3(self.reduce3(x, training=training), training=training)
        return ops.concatenate([self.conv1(x, training=training), b, c, p], axis=-1)


class GoogLeNet(keras.Model):
    """Subclassed."""

    def __init__(self, *wrong: str) -> None:
        super().__init__()
        self.wrong = wrong
        self.stem, self.lrn, self.conv2 = ConvBN(7, 5, 2), LRN(1e-4 / 3), ConvBN(8, 3)
        self.i3a = InceptionModule((3, 4, 5, 2, 4, 2))
        self.i3b = InceptionModule((4, 5, 6, 3, 2, 3), 1e-5 if "epsilon_of_torch" in wrong else 1e-3)
        self.i4a = InceptionModule((5, 4, 6, 2, 3, 2))
        self.head = keras.Sequential(
            [layers.GlobalAveragePooling2D(), layers.Dropout(0.2), layers.Dense(6)], name="head"
        )
        self.aux = keras.Sequential(
            [
                layers.AdaptiveAveragePooling2D((2, 3)),
                ConvBN(4, 1),
                layers.Flatten(),
                layers.Dense(10, activation=None if "linear_aux" in wrong else "relu"),
                layers.Dropout(0.7),
                layers.Dense(6),
            ],
            name="aux",
        )

    def call(self, x: Any, training: bool | None = None) -> Any:
        x = self.conv2(self.lrn(self.stem(x, training=training)), training=training)
        x = self.i3b(self.i3a(x, training=training), training=training)
        aux = self.aux(x, training=training)
        x = self.i4a(ops.max_pool(x, 3, strides=2, padding="same"), training=training)
        logits = self.head(x, training=training)
        return (aux, logits) if "exchanged" in self.wrong else (logits, aux)


def subclassed(*wrong: str) -> keras.Model:
    """See `GoogLeNet`."""
    return GoogLeNet(*wrong)


def nested(*wrong: str) -> keras.Model:
    """Each block a model of its own."""
    images = keras.Input((28, 36, 3))
    x = conv_bn(images, 7, 5, 2, name="conv1")
    x = conv_bn(LRN(1e-4 / 3)(x), 8, 3, name="conv2")
    for name, sizes in (("inception_3a", (3, 4, 5, 2, 4, 2)), ("inception_3b", (4, 5, 6, 3, 2, 3))):
        maps = keras.Input(x.shape[1:])
        x = keras.Model(maps, module(maps, sizes, name), name=name)(x)
    maps = keras.Input(x.shape[1:])
    y = layers.Flatten()(conv_bn(layers.AdaptiveAveragePooling2D((2, 3))(maps), 4, 1, name="aux"))
    y = layers.Dense(6)(layers.Dropout(0.7)(layers.Dense(10, activation="relu")(y)))
    aux = keras.Model(maps, y, name="aux")(x)
    x = layers.MaxPooling2D(3, 2, padding="same")(x)
    maps = keras.Input(x.shape[1:])
    x = keras.Model(maps, module(maps, (5, 4, 6, 2, 3, 2), "inception_4a"), name="inception_4a")(x)
    x = layers.GlobalMaxPooling2D()(x) if "global_max" in wrong else layers.GlobalAveragePooling2D()(x)
    return keras.Model(images, [layers.Dense(6)(layers.Dropout(0.2)(x)), aux])


STYLES = {"functional": functional, "subclassed": subclassed, "nested": nested}


def __getattr__(name: str) -> Callable[[], keras.Model]:
    style, *wrong = name.split("__")
    if style not in STYLES:
        raise AttributeError(name)
    return partial(STYLES[style], *wrong)
