"""Ports of ShuffleNet; `style__mistake` is the port with that mistake."""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
from keras import layers, ops

BN = {"epsilon": 1e-5, "momentum": 0.9}


def shuffle(x: Any, groups: int, inverse: bool = False) -> Any:
    """Channel shuffle by layers."""
    h, w, c = x.shape[1:]
    x = layers.Reshape((h, w, c // groups, groups) if inverse else (h, w, groups, c // groups))(x)
    return layers.Reshape((h, w, c))(layers.Permute((1, 2, 4, 3))(x))


def group_conv(x: Any, filters: int, groups: int, by_hand: bool, name: str) -> Any:
    """A grouped 1x1 convolution, which the first releases of Keras could only do by slices."""
    if not by_hand:
        return layers.Conv2D(filters, 1, groups=groups, use_bias=False, name=name)(x)
    width = x.shape[-1] // groups
    parts = [
        layers.Conv2D(filters // groups, 1, use_bias=False, name=f"{name}_g{i}")(
            x[..., i * width : (i + 1) * width]
        )
        for i in range(groups)
    ]
    return layers.Concatenate(name=f"{name}_concat")(parts)


def unit_v1(x: Any, cout: int, strides: int, name: str, by_hand: bool, *wrong: str) -> Any:
    """Unit of the first version."""
    outputs = cout - x.shape[-1] if strides == 2 else cout
    y = group_conv(x, 6, 3, by_hand, f"{name}_gconv1")
    y = layers.ReLU()(layers.BatchNormalization(**BN, name=f"{name}_bn1")(y))
    if "no_shuffle" not in wrong:
        y = shuffle(y, 3, "inverse" in wrong)
    y = layers.DepthwiseConv2D(3, strides, padding="valid", use_bias=False, name=f"{name}_dw")(
        layers.ZeroPadding2D(1)(y)
    )
    y = layers.BatchNormalization(**BN, name=f"{name}_bn2")(y)
    if "relu_depthwise" in wrong:
        y = layers.ReLU()(y)
    y = group_conv(y, outputs, 1 if "one_group" in wrong else 3, by_hand, f"{name}_gconv2")
    y = layers.BatchNormalization(**BN, name=f"{name}_bn3")(y)
    if strides == 1:
        return layers.Add()([x, layers.ReLU()(y)]) if "relu_inside" in wrong else layers.ReLU()(x + y)
    if "mean_same" in wrong:
        mean = layers.AveragePooling2D(3, 2, padding="same")(x)
    else:
        mean = layers.AveragePooling2D(3, 2)(layers.ZeroPadding2D(1)(x))
    return layers.ReLU()(layers.Concatenate()([mean, y]))


def unit_v2(x: Any, name: str, *wrong: str) -> Any:
    """Unit of the second version."""
    half = x.shape[-1] // 2
    kept, y = x[..., :half], x[..., half:]
    if "first_half" in wrong:
        kept, y = y, kept
    y = layers.Conv2D(half, 1, use_bias=False, name=f"{name}_1x1conv_1")(y)
    y = layers.ReLU()(layers.BatchNormalization(**BN, name=f"{name}_bn_1x1conv_1")(y))
    y = layers.DepthwiseConv2D(3, padding="same", use_bias=False, name=f"{name}_3x3dwconv")(y)
    y = layers.BatchNormalization(**BN, name=f"{name}_bn_3x3dwconv")(y)
    y = layers.Conv2D(half, 1, use_bias=False, name=f"{name}_1x1conv_2")(y)
    y = layers.ReLU()(layers.BatchNormalization(**BN, name=f"{name}_bn_1x1conv_2")(y))
    return shuffle(layers.Concatenate(name=f"{name}_concat")([kept, y]), 2)


def network(by_hand: bool, *wrong: str) -> keras.Model:
    """Functional."""
    images = keras.Input((44, 30, 3))
    x = layers.Conv2D(9, 3, 2, use_bias=False, name="conv1")(layers.ZeroPadding2D(1)(images))
    x = layers.ReLU()(layers.BatchNormalization(**BN, name="bn_conv1")(x))
    if "max_same" in wrong:
        x = layers.MaxPooling2D(3, 2, padding="same", name="maxpool1")(x)
    else:
        x = layers.MaxPooling2D(3, 2, name="maxpool1")(layers.ZeroPadding2D(1)(x))
    x = unit_v1(x, 18, 2, "stage2_1", by_hand, *(w for w in wrong if w in ("mean_same", "one_group")))
    x = unit_v1(x, 18, 1, "stage2_2", by_hand, *(w for w in wrong if w not in ("mean_same", "one_group")))
    x = unit_v2(unit_v2(x, "stage3_1"), "stage3_2", *wrong)
    x = layers.Conv2D(11, 1, use_bias=False, name="1x1conv5_out")(x)
    x = layers.ReLU()(layers.BatchNormalization(**BN, name="bn_out")(x))
    return keras.Model(images, layers.Dense(7, name="fc")(layers.GlobalAveragePooling2D()(x)))


def functional(*wrong: str) -> keras.Model:
    """Grouped convolutions by the layer's argument."""
    return network(False, *wrong)


def sliced(*wrong: str) -> keras.Model:
    """Grouped convolutions by slices, as in ports of 2018."""
    return network(True, *wrong)


class ChannelShuffle(layers.Layer):
    """Channel shuffle by operations."""

    def __init__(self, groups: int) -> None:
        super().__init__()
        self.groups = groups

    def call(self, x: Any) -> Any:
        _, h, w, c = x.shape
        x = ops.transpose(ops.reshape(x, (-1, h, w, self.groups, c // self.groups)), (0, 1, 2, 4, 3))
        return ops.reshape(x, (-1, h, w, c))


class UnitV1(layers.Layer):
    """Unit of the first version."""

    def __init__(self, cin: int, cout: int, strides: int) -> None:
        super().__init__()
        self.strides = strides
        outputs = cout - cin if strides == 2 else cout
        self.gconv1 = layers.Conv2D(6, 1, groups=3, use_bias=False)
        self.gconv2 = layers.Conv2D(outputs, 1, groups=3, use_bias=False)
        self.depthwise = layers.DepthwiseConv2D(3, strides, use_bias=False)
        self.norms = [layers.BatchNormalization(**BN) for _ in range(3)]
        self.shuffle = ChannelShuffle(3)

    def call(self, x: Any, training: bool | None = None) -> Any:
        border = ((0, 0), (1, 1), (1, 1), (0, 0))
        y = self.shuffle(ops.relu(self.norms[0](self.gconv1(x), training=training)))
        y = self.norms[1](self.depthwise(ops.pad(y, border)), training=training)
        y = self.norms[2](self.gconv2(y), training=training)
        if self.strides == 1:
            return ops.relu(x + y)
        mean = ops.average_pool(ops.pad(x, border), 3, strides=2)
        return ops.relu(ops.concatenate([mean, y], axis=-1))


class UnitV2(layers.Layer):
    """Unit of the second version."""

    def __init__(self, channels: int, *wrong: str) -> None:
        super().__init__()
        self.wrong = wrong
        self.branch = keras.Sequential(
            [
                layers.Conv2D(channels // 2, 1, use_bias=False),
                layers.BatchNormalization(**BN),
                layers.ReLU(),
                layers.DepthwiseConv2D(3, padding="same", use_bias=False),
                *([] if "norm_forgotten" in wrong else [layers.BatchNormalization(**BN)]),
                layers.Conv2D(channels // 2, 1, use_bias=False),
                layers.BatchNormalization(**BN),
                layers.ReLU(),
            ]
        )
        self.shuffle = ChannelShuffle(2)

    def call(self, x: Any, training: bool | None = None) -> Any:
        x1, x2 = ops.split(x, 2, axis=-1)
        y = self.branch(x2, training=training)
        pair = [y, x1] if "branch_first" in self.wrong else [x1, y]
        return self.shuffle(ops.concatenate(pair, axis=-1))


class ShuffleNet(keras.Model):
    """Subclassed."""

    def __init__(self, *wrong: str) -> None:
        super().__init__()
        self.stem = keras.Sequential(
            [
                layers.ZeroPadding2D(1),
                layers.Conv2D(9, 3, 2, use_bias=False),
                layers.BatchNormalization(**BN),
                layers.ReLU(),
                layers.ZeroPadding2D(1),
                layers.MaxPooling2D(3, 2),
            ]
        )
        first = [w for w in wrong if w == "branch_first"]
        second = [w for w in wrong if w == "norm_forgotten"]
        self.units = [UnitV1(9, 18, 2), UnitV1(18, 18, 1), UnitV2(18, *first), UnitV2(18, *second)]
        self.conv5, self.bn5 = layers.Conv2D(11, 1, use_bias=False), layers.BatchNormalization(**BN)
        self.fc = layers.Dense(7)

    def call(self, x: Any, training: bool | None = None) -> Any:
        x = self.stem(x, training=training)
        for unit in self.units:
            x = unit(x, training=training)
        x = ops.relu(self.bn5(self.conv5(x), training=training))
        return self.fc(ops.mean(x, axis=[1, 2]))


def subclassed(*wrong: str) -> keras.Model:
    """See `ShuffleNet`."""
    return ShuffleNet(*wrong)


STYLES = {"functional": functional, "sliced": sliced, "subclassed": subclassed}


def __getattr__(name: str) -> Callable[[], keras.Model]:
    style, *wrong = name.split("__")
    if style not in STYLES:
        raise AttributeError(name)
    return partial(STYLES[style], *wrong)
