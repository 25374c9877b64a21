"""Ports of the small DenseNet; `style__mistake` is the port with that mistake."""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
from keras import layers, ops


def bn(name: str | None = None, epsilon: float = 1e-5) -> Any:
    """Batch norm with PyTorch's settings."""
    return layers.BatchNormalization(momentum=0.9, epsilon=epsilon, name=name)


def conv_block(x: Any, growth: int, name: str, wrong: tuple[str, ...] = ()) -> Any:
    """As in keras.applications."""
    if "relu_before_norm" in wrong:
        y = bn(f"{name}_0_bn")(layers.Activation("relu", name=f"{name}_0_relu")(x))
    else:
        y = bn(f"{name}_0_bn", 1e-3 if "epsilon_of_keras" in wrong else 1e-5)(x)
        y = layers.Activation("relu", name=f"{name}_0_relu")(y)
    y = layers.Conv2D(2 * growth, 1, use_bias=False, name=f"{name}_1_conv")(y)
    y = bn(f"{name}_1_bn")(y)
    y = y if "no_relu" in wrong else layers.Activation("relu", name=f"{name}_1_relu")(y)
    y = layers.Conv2D(growth, 3, padding="same", use_bias=False, name=f"{name}_2_conv")(y)
    both = [y, x] if "new_first" in wrong else [x, y]
    return layers.Concatenate(axis=-1, name=f"{name}_concat")(both)


def functional(*wrong: str) -> keras.Model:
    """The names of keras.applications; mistakes are in the second layer of the first block."""
    images = keras.Input((None, None, 3))
    x = layers.ZeroPadding2D(1)(images)
    x = layers.Conv2D(8, 3, 2, use_bias=False, name="conv1_conv")(x)
    if "pool_same" in wrong:
        x = layers.AveragePooling2D(3, 2, padding="same", name="pool1")(x)
    else:
        x = layers.AveragePooling2D(3, 2, name="pool1")(layers.ZeroPadding2D(1)(x))
    for i in range(3):
        x = conv_block(x, 5, f"conv2_block{i + 1}", wrong if i == 1 else ())
    x = layers.ReLU()(bn("pool2_bn")(x))
    x = layers.Conv2D(11, 1, use_bias=False, name="pool2_conv")(x)
    if "max_pool" in wrong:
        x = layers.MaxPooling2D(2, name="pool2_pool")(x)
    elif "pool_of_three" in wrong:
        x = layers.AveragePooling2D(3, strides=2, padding="same", name="pool2_pool")(x)
    else:
        x = layers.AveragePooling2D(2, name="pool2_pool")(x)
    for i in range(2):
        x = conv_block(x, 6, f"conv3_block{i + 1}")
    x = layers.ReLU()(bn("bn")(x))
    return keras.Model(images, layers.Dense(7, name="predictions")(layers.GlobalAveragePooling2D()(x)))


class DenseLayer(layers.Layer):
    """One layer of a block, given a list of all features before it."""

    def __init__(self, growth: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.norm1, self.norm2 = bn(), bn()
        self.conv2 = layers.Conv2D(growth, 3, padding="same", use_bias=False)
        self.conv1 = layers.Conv2D(2 * growth, 1, use_bias=False)

    def call(self, features: list[Any], training: bool | None = None) -> Any:
        x = ops.concatenate(features, axis=-1)
        x = self.conv1(ops.relu(self.norm1(x, training=training)))
        return self.conv2(ops.relu(self.norm2(x, training=training)))


class DenseNet(keras.Model):
    """Subclassed; features are kept in a list and put together where they are needed."""

    def __init__(self, *wrong: str) -> None:
        super().__init__()
        self.wrong = wrong
        self.conv0 = layers.Conv2D(8, 3, 2, use_bias=False)
        self.block1 = [DenseLayer(5, name=f"denselayer{i}") for i in range(3)]
        self.norm = bn()
        self.conv = layers.Conv2D(11, 1, use_bias=False, padding="same")
        self.block2 = [DenseLayer(6, name=f"second_denselayer{i}") for i in range(2)]
        self.norm5 = bn()
        self.classifier = layers.Dense(7)

    def call(self, x: Any, training: bool | None = None) -> Any:
        margins = [[0, 0], [1, 1], [1, 1], [0, 0]]
        x = ops.pad(self.conv0(ops.pad(x, margins)), margins)
        features = [ops.average_pool(x, 3, strides=2)]
        for layer in self.block1:
            features.append(layer(features, training=training))
        if "reversed" in self.wrong:
            features = features[::-1]
        x = ops.concatenate(features, axis=-1)
        x = self.conv(ops.relu(self.norm(x, training=training)))
        features = [ops.average_pool(x, 2, strides=2)]
        for layer in self.block2:
            features.append(layer(features, training=training))
        x = ops.relu(self.norm5(ops.concatenate(features, axis=-1), training=training))
        return self.classifier(ops.max(x, (1, 2)) if "max" in self.wrong else ops.mean(x, (1, 2)))


def subclassed(*wrong: str) -> keras.Model:
    """See `DenseNet`."""
    return DenseNet(*wrong)


STYLES = {"functional": functional, "subclassed": subclassed}


def __getattr__(name: str) -> Callable[[], keras.Model]:
    style, *wrong = name.split("__")
    if style not in STYLES:
        raise AttributeError(name)
    return partial(STYLES[style], *wrong)
