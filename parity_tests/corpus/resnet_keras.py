"""Ports of the small ResNet; `style__mistake` is the port with that mistake."""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
from keras import layers, ops

BN = {"epsilon": 1e-5, "momentum": 0.9}


def padded_conv(x: Any, filters: int, kernel: int, strides: int, name: str, **kwargs: Any) -> Any:
    """A convolution with PyTorch's padding."""
    if kernel > 1:
        x = layers.ZeroPadding2D(kernel // 2, name=f"{name}_pad")(x)
    kwargs = {"use_bias": False} | kwargs
    return layers.Conv2D(filters, kernel, strides=strides, name=f"{name}_conv", **kwargs)(x)


def basic(x: Any, filters: int, stride: int, name: str, wrong: tuple[str, ...]) -> Any:
    """Two convolutions and a shortcut; mistakes are made in the first block of stage 3 only."""
    shortcut = x
    if stride != 1:
        shortcut = padded_conv(x, filters, 1, stride, f"{name}_0")
        shortcut = layers.BatchNormalization(**BN, name=f"{name}_0_bn")(shortcut)
    if "stop" in wrong:
        shortcut = ops.stop_gradient(shortcut)
    if "same" in wrong:
        y = layers.Conv2D(filters, 3, stride, "same", use_bias=False, name=f"{name}_1_conv")(x)
    else:
        y = padded_conv(x, filters, 3, stride, f"{name}_1", use_bias="extra_bias" in wrong)
    options = BN | ({"epsilon": 1e-3} if "epsilon" in wrong else {})
    options |= {"momentum": 0.1} if "momentum" in wrong else {}
    if "layer_norm" in wrong:
        y = layers.LayerNormalization(epsilon=1e-5, name=f"{name}_1_bn")(y)
    elif "no_norm" not in wrong:
        y = layers.BatchNormalization(**options, name=f"{name}_1_bn")(y)
    y = layers.Activation("gelu" if "gelu" in wrong else "relu", name=f"{name}_1_relu")(y)
    y = padded_conv(y, filters, 3, 1, f"{name}_2", trainable="frozen" not in wrong)
    y = layers.BatchNormalization(**BN, name=f"{name}_2_bn")(y)
    if "relu_first" in wrong:
        return layers.Add(name=f"{name}_add")([shortcut, layers.ReLU()(y)])
    y = y if "no_skip" in wrong else layers.Add(name=f"{name}_add")([shortcut, y])
    return y if "no_last_relu" in wrong else layers.Activation("relu", name=f"{name}_out")(y)


def bottleneck(x: Any, name: str, strides: tuple[int, int]) -> Any:
    """1x1, 3x3, 1x1."""
    shortcut = padded_conv(x, 14, 1, 2, f"{name}_0")
    shortcut = layers.BatchNormalization(**BN, name=f"{name}_0_bn")(shortcut)
    y = padded_conv(x, 5, 1, strides[0], f"{name}_1")
    y = layers.ReLU()(layers.BatchNormalization(**BN, name=f"{name}_1_bn")(y))
    y = padded_conv(y, 5, 3, strides[1], f"{name}_2")
    y = layers.ReLU()(layers.BatchNormalization(**BN, name=f"{name}_2_bn")(y))
    y = layers.BatchNormalization(**BN, name=f"{name}_3_bn")(padded_conv(y, 14, 1, 1, f"{name}_3"))
    return layers.ReLU()(layers.Add()([shortcut, y]))


def functional(*wrong: str) -> keras.Model:
    """As in keras.applications: the paper's names, one block a function."""
    images = keras.Input((None, None, 3))
    if "stem_same" in wrong:
        x = layers.Conv2D(6, 7, 2, "same", use_bias=False, name="conv1_conv")(images)
    else:
        x = padded_conv(images, 6, 7, 2, "conv1")
    x = layers.ReLU()(layers.BatchNormalization(**BN, name="conv1_bn")(x))
    if "pool_same" in wrong:
        x = layers.MaxPooling2D(3, 2, padding="same", name="pool1_pool")(x)
    else:
        x = layers.MaxPooling2D(3, 2, name="pool1_pool")(layers.ZeroPadding2D(1, name="pool1_pad")(x))
    x = basic(x, 6, 1, "conv2_block1", ("no_skip",) if "no_identity" in wrong else ())
    x = basic(x, 10, 2, "conv3_block1", wrong)
    x = basic(x, 10, 1, "conv3_block2", ())
    x = bottleneck(x, "conv4_block1", (2, 1) if "v1" in wrong else (1, 2))
    x = layers.GlobalMaxPooling2D()(x) if "max" in wrong else layers.GlobalAveragePooling2D()(x)
    return keras.Model(images, layers.Dense(9, name="predictions")(x))


class Block(layers.Layer):
    """A basic block as a layer of its own."""

    def __init__(self, filters: int, stride: int, wrong: tuple[str, ...] = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.wrong = wrong
        self.pad = layers.ZeroPadding2D(1)
        self.conv1 = layers.Conv2D(filters, 3, stride, use_bias=False)
        self.bn1 = layers.BatchNormalization(epsilon=1e-5, momentum=0.99 if "momentum" in wrong else 0.9)
        self.conv2 = layers.Conv2D(filters, 3, padding="same", use_bias=False)
        self.bn2 = layers.BatchNormalization(**BN)
        self.downsample = None
        if stride != 1:
            shortcut = layers.Conv2D(filters, 1, stride, use_bias=False)
            self.downsample = keras.Sequential([shortcut, layers.BatchNormalization(**BN)])

    def call(self, x: Any, training: bool | None = None) -> Any:
        y = self.conv1(self.pad(x))
        if "relu_before_norm" in self.wrong:
            y = self.bn1(ops.relu(y), training=training)
        else:
            now = True if "batch_statistics" in self.wrong else training
            y = ops.relu(self.bn1(y, training=now))
        y = self.bn2(self.conv2(y), training=False if "frozen_statistics" in self.wrong else training)
        identity = x if self.downsample is None else self.downsample(x, training=training)
        y = y * identity if "product" in self.wrong else y + identity
        return ops.relu(y)


class ResNet(keras.Model):
    """Subclassed, PyTorch's names, half of it written out."""

    def __init__(self, *wrong: str) -> None:
        super().__init__()
        self.stem = keras.Sequential(
            [
                layers.ZeroPadding2D(3),
                layers.Conv2D(6, 7, 2, use_bias=False, name="conv1"),
                layers.BatchNormalization(**BN, name="bn1"),
                layers.ReLU(),
                layers.ZeroPadding2D(1),
                layers.AveragePooling2D(3, 2) if "avg_pool" in wrong else layers.MaxPooling2D(3, 2),
            ]
        )
        self.layer1 = Block(6, 1, name="layer1_0")
        self.layer2 = [Block(10, 2, wrong, name="layer2_0"), Block(10, 1, name="layer2_1")]
        self.fc = layers.Dense(9, name="fc")
        self.downsample = layers.Conv2D(14, 1, 2, use_bias=False, name="layer3_0_downsample_0")
        self.downsample_bn = layers.BatchNormalization(**BN, name="layer3_0_downsample_1")
        self.conv1 = layers.Conv2D(5, 1, use_bias=False, name="layer3_0_conv1")
        self.bn1 = layers.BatchNormalization(**BN, name="layer3_0_bn1")
        self.conv2 = layers.Conv2D(5, 3, 2, use_bias=False, name="layer3_0_conv2")
        self.bn2 = layers.BatchNormalization(**BN, name="layer3_0_bn2")
        self.conv3 = layers.Conv2D(14, 1, use_bias=False, name="layer3_0_conv3")
        self.bn3 = layers.BatchNormalization(**BN, name="layer3_0_bn3")

    def call(self, x: Any, training: bool | None = None) -> Any:
        x = self.layer1(self.stem(x, training=training), training=training)
        for block in self.layer2:
            x = block(x, training=training)
        y = ops.relu(self.bn1(self.conv1(x), training=training))
        y = ops.pad(y, [[0, 0], [1, 1], [1, 1], [0, 0]])
        y = ops.relu(self.bn2(self.conv2(y), training=training))
        y = self.bn3(self.conv3(y), training=training)
        y = ops.relu(y + self.downsample_bn(self.downsample(x), training=training))
        return self.fc(ops.mean(y, axis=(1, 2)))


def subclassed(*wrong: str) -> keras.Model:
    """See `ResNet`."""
    return ResNet(*wrong)


def nested(*wrong: str) -> keras.Model:
    """Stages are models of their own; the stem crops what `same` would put elsewhere."""

    def stage(channels: int, *blocks: Callable[[Any], Any]) -> keras.Model:
        features = x = keras.Input((None, None, channels))
        for block in blocks:
            x = block(x)
        return keras.Model(features, x)

    images = keras.Input((None, None, 3))
    x = layers.ZeroPadding2D(((3, 3), (3, 3)))(images)
    x = layers.Conv2D(6, 7, 2, use_bias="stem_bias" in wrong)(x)
    x = layers.Activation("relu")(layers.BatchNormalization(**BN)(x))
    x = layers.MaxPooling2D(3, 2)(layers.ZeroPadding2D(((1, 1), (1, 1)))(x))
    x = stage(6, partial(basic, filters=6, stride=1, name="a", wrong=()))(x)
    parts = [partial(basic, filters=10, stride=stride, name=f"b{stride}", wrong=()) for stride in (2, 1)]
    x = stage(6, *parts)(x)
    x = stage(10, partial(bottleneck, name="c", strides=(1, 2)))(x)
    return keras.Model(images, layers.Dense(9)(layers.GlobalAveragePooling2D()(x)))


STYLES = {"functional": functional, "subclassed": subclassed, "nested": nested}


def __getattr__(name: str) -> Callable[[], keras.Model]:
    style, *wrong = name.split("__")
    if style not in STYLES:
        raise AttributeError(name)
    return partial(STYLES[style], *wrong)
