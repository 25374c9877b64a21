"""Ports of MobileNetV2 and of the separable net; `style__mistake` is the port with that mistake."""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
from keras import layers, ops

BN = {"epsilon": 1e-5, "momentum": 0.9}


def inverted(x: Any, expand: int, filters: int, stride: int, name: str, wrong: tuple[str, ...]) -> Any:
    """Expansion, depthwise convolution, linear bottleneck."""
    channels = x.shape[-1]
    y = layers.Conv2D(expand * channels, 1, use_bias=False, name=f"{name}_expand")(x)
    y = layers.ReLU(6, name=f"{name}_expand_relu")(
        layers.BatchNormalization(**BN, name=f"{name}_expand_BN")(y)
    )
    if stride == 2 and "same" not in wrong:
        y = layers.ZeroPadding2D(1, name=f"{name}_pad")(y)
    padding = "same" if stride == 1 or "same" in wrong else "valid"
    y = layers.DepthwiseConv2D(3, stride, padding, use_bias=False, name=f"{name}_depthwise")(y)
    y = layers.BatchNormalization(**BN, name=f"{name}_depthwise_BN")(y)
    y = layers.ReLU(6, name=f"{name}_depthwise_relu")(y)
    y = layers.Conv2D(filters, 1, use_bias=False, name=f"{name}_project")(y)
    y = layers.BatchNormalization(**BN, name=f"{name}_project_BN")(y)
    y = layers.ReLU(6, name=f"{name}_project_relu")(y) if "relu_at_end" in wrong else y
    if stride == 1 and channels == filters and "no_skip" not in wrong:
        return layers.Add(name=f"{name}_add")([x, y])
    return y


def functional(*wrong: str) -> keras.Model:
    """The names of keras.applications."""
    images = keras.Input((24, 36, 3))
    if "unit_range" in wrong:
        x = images
    elif "statistics" in wrong:
        x = layers.Normalization(mean=(0.485, 0.456, 0.406), variance=(0.0524, 0.0502, 0.0506))(images)
    else:
        x = layers.Rescaling(2.0, offset=-1.0)(images)
    x = ops.flip(x, axis=-1) if "bgr" in wrong else x
    x = layers.Conv2D(8, 3, 2, use_bias=False, name="Conv1")(layers.ZeroPadding2D(1)(x))
    x = layers.BatchNormalization(**BN, name="bn_Conv1")(x)
    x = layers.ReLU(None if "relu" in wrong else 6)(x)
    x = inverted(x, 3, 10, 2, "block_1", wrong)
    x = inverted(x, 2, 10, 1, "block_2", ("no_skip",) if "no_skip" in wrong else ())
    x = layers.Conv2D(26, 1, use_bias=False, name="Conv_1")(x)
    x = layers.ReLU(6)(layers.BatchNormalization(**BN, name="Conv_1_bn")(x))
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(0.8 if "keeps" in wrong else 0.2)(x)
    x = layers.Dense(12, activation="sigmoid" if "sigmoid" in wrong else "softmax", name="predictions")(x)
    return keras.Model(images, layers.Softmax()(x) if "softmax_twice" in wrong else x)


class ConvBN(layers.Layer):
    """Convolution, batch norm, ReLU6, all by hand."""

    def __init__(self, filters: int | None, kernel: int, stride: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pad = kernel // 2
        if filters is None:
            self.conv = layers.DepthwiseConv2D(kernel, stride, use_bias=False)
        else:
            self.conv = layers.Conv2D(filters, kernel, stride, use_bias=False)
        self.bn = layers.BatchNormalization(**BN)

    def call(self, x: Any, training: bool | None = None) -> Any:
        x = ops.pad(x, [[0, 0], [self.pad, self.pad], [self.pad, self.pad], [0, 0]])
        return ops.clip(self.bn(self.conv(x), training=training), 0, 6)


class MobileNetV2(keras.Model):
    """Subclassed."""

    def __init__(self, *wrong: str) -> None:
        super().__init__()
        self.wrong = wrong
        self.stem = ConvBN(8, 3, 2)
        self.bodies = [
            keras.Sequential(
                [ConvBN(hidden, 1), ConvBN(None, 3, stride), layers.Conv2D(10, 1, use_bias=False)]
            )
            for hidden, stride in ((24, 2), (20, 1))
        ]
        self.norms = [layers.BatchNormalization(**BN) for _ in range(2)]
        self.last = ConvBN(26, 1)
        self.head = layers.Dense(12)

    def call(self, x: Any, training: bool | None = None) -> Any:
        x = self.stem((x - (0.45 if "other_mean" in self.wrong else 0.5)) / 0.5, training=training)
        x = self.norms[0](self.bodies[0](x, training=training), training=training)
        x = x + self.norms[1](self.bodies[1](x, training=training), training=training)
        x = ops.mean(self.last(x, training=training), axis=(1, 2))
        if training:
            x = keras.random.dropout(x, 0.2)
        return ops.softmax(self.head(x), axis=0 if "over_batch" in self.wrong else -1)


def subclassed(*wrong: str) -> keras.Model:
    """See `MobileNetV2`."""
    return MobileNetV2(*wrong)


class GroupedOrder(layers.Layer):
    """Puts the first copies of all channels before the second copies."""

    def __init__(self, multiplier: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.multiplier = multiplier

    def call(self, x: Any) -> Any:
        _, height, width, channels = x.shape
        x = ops.reshape(x, (-1, height, width, channels // self.multiplier, self.multiplier))
        return ops.reshape(ops.swapaxes(x, 3, 4), (-1, height, width, channels))


def separable(*wrong: str) -> keras.Model:
    """The first pair of convolutions is two layers, too."""
    maps = keras.Input((14, 18, 4))
    x = layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2, use_bias=False, name="dw1")(maps)
    x = GroupedOrder(2)(x) if "copies_apart" in wrong else x
    return keras.Model(maps, separable_tail(layers.Conv2D(5, 1, name="pw1")(x), *wrong))


def separable_in_one(*wrong: str) -> keras.Model:
    """The first pair of convolutions is one Keras layer."""
    maps = keras.Input((14, 18, 4))
    rate = 2 if "dilated" in wrong else 1
    conv = layers.SeparableConv2D(5, 3, padding="same", depth_multiplier=2, dilation_rate=rate, name="sep1")
    return keras.Model(maps, separable_tail(conv(maps), *wrong))


def separable_tail(x: Any, *wrong: str) -> Any:
    """What is behind the first pair of convolutions."""
    x = layers.Activation("silu" if "silu" in wrong else "hard_silu")(x)
    x = layers.ZeroPadding2D((1, 2))(x)
    x = layers.DepthwiseConv2D((3, 5), 2, depth_multiplier=3, name="dw2")(x)
    # This net was trained by TensorFlow at first: its settings are Keras' own.
    x = layers.BatchNormalization(epsilon=1e-5 if "epsilon_of_torch" in wrong else 1e-3, name="norm")(x)
    x = (layers.LeakyReLU() if "default_slope" in wrong else layers.LeakyReLU(negative_slope=0.2))(x)
    x = layers.Conv2D(6, 1, groups=1 if "ungrouped" in wrong else 3, activation="silu", name="pw2")(x)
    x = layers.AveragePooling2D(2, padding="valid" if "floor" in wrong else "same")(x)
    return layers.Dense(11, name="fc")(layers.GlobalMaxPooling2D()(x))


STYLES = {
    "functional": functional,
    "subclassed": subclassed,
    "separable": separable,
    "separable_in_one": separable_in_one,
}


def __getattr__(name: str) -> Callable[[], keras.Model]:
    style, *wrong = name.split("__")
    if style not in STYLES:
        raise AttributeError(name)
    return partial(STYLES[style], *wrong)
