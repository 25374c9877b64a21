"""Ports of EfficientNet; `style__mistake` is the port with that mistake."""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
from keras import layers, ops

BLOCKS = ((6, 3, 1, 1, 0.0), (9, 3, 2, 3, 0.05), (9, 3, 1, 2, 0.1), (7, 5, 2, 2, 0.15))


def norm(name: str, momentum: float = 0.9) -> layers.Layer:
    """A batch norm with PyTorch's settings."""
    return layers.BatchNormalization(epsilon=1e-5, momentum=momentum, name=name)


def mbconv(x: Any, block: tuple[Any, ...], name: str, *wrong: str) -> Any:
    """Inverted bottleneck, in the way of keras.applications."""
    filters, kernel, strides, expand, rate = block
    inputs, channels = x, x.shape[-1]
    if expand != 1:
        x = layers.Conv2D(channels * expand, 1, use_bias=False, name=f"{name}_expand_conv")(x)
        x = norm(f"{name}_expand_bn")(x)
        x = layers.Activation("swish", name=f"{name}_expand_activation")(x)
    padding = "same"
    if strides == 2 and "same" not in wrong:
        x, padding = layers.ZeroPadding2D(kernel // 2, name=f"{name}_dwconv_pad")(x), "valid"
    x = layers.DepthwiseConv2D(kernel, strides, padding=padding, use_bias=False, name=f"{name}_dwconv")(x)
    x = layers.Activation("swish", name=f"{name}_activation")(norm(f"{name}_bn")(x))
    se = layers.GlobalAveragePooling2D(name=f"{name}_se_squeeze")(x)
    se = layers.Reshape((1, 1, x.shape[-1]), name=f"{name}_se_reshape")(se)
    activation = "relu" if "relu_gate" in wrong else "swish"
    se = layers.Conv2D(max(1, channels // 3), 1, activation=activation, name=f"{name}_se_reduce")(se)
    se = layers.Conv2D(x.shape[-1], 1, activation="sigmoid", name=f"{name}_se_expand")(se)
    x = layers.multiply([x, se], name=f"{name}_se_excite")
    x = layers.Conv2D(filters, 1, use_bias=False, name=f"{name}_project_conv")(x)
    x = norm(f"{name}_project_bn")(x)
    if "project_swish" in wrong:
        x = layers.Activation("swish")(x)
    if strides == 1 and channels == filters:
        x = layers.Dropout(rate, noise_shape=(None, 1, 1, 1), name=f"{name}_drop")(x)
        x = layers.add([x, inputs], name=f"{name}_add")
    return x


def functional(*wrong: str) -> keras.Model:
    """Functional, as in keras.applications, with PyTorch's padding."""
    images = keras.Input((38, 30, 3))
    x = layers.ZeroPadding2D(1, name="stem_conv_pad")(images)
    x = layers.Conv2D(8, 3, 2, use_bias=False, name="stem_conv")(x)
    x = norm("stem_bn", 0.1 if "same_momentum" in wrong else 0.9)(x)
    x = layers.Activation("swish", name="stem_activation")(x)
    at = {"block3a": ("same", "relu_gate"), "block1a": ("project_swish",)}
    for block, name in zip(BLOCKS, ("block1a", "block2a", "block2b", "block3a"), strict=True):
        x = mbconv(x, block, name, *(w for w in wrong if w in at.get(name, ())))
    x = layers.Conv2D(13, 1, use_bias=False, name="top_conv")(x)
    x = layers.Activation("swish", name="top_activation")(norm("top_bn")(x))
    x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
    x = layers.Dropout(0.8 if "keep_prob" in wrong else 0.2, name="top_dropout")(x)
    return keras.Model(images, layers.Dense(10, name="predictions")(x))


class ConvNorm(layers.Layer):
    """Explicit padding, a full or depthwise convolution, batch norm, SiLU if wanted."""

    def __init__(self, conv: layers.Layer, activation: bool = True, epsilon: float = 1e-5) -> None:
        super().__init__()
        self.conv, self.activation = conv, activation
        self.bn = layers.BatchNormalization(momentum=0.9, epsilon=epsilon)

    def call(self, x: Any, training: bool | None = None) -> Any:
        p = (self.conv.kernel_size[0] - 1) // 2
        x = self.conv(ops.pad(x, ((0, 0), (p, p), (p, p), (0, 0))))
        x = self.bn(x, training=training)
        return x * ops.sigmoid(x) if self.activation else x


class SqueezeExcitation(layers.Layer):
    """A gate for each map, by dense layers."""

    def __init__(self, squeezed: int) -> None:
        super().__init__()
        self.squeezed = squeezed

    def build(self, shape: Any) -> None:
        self.reduce = layers.Conv2D(self.squeezed, 1, activation="silu")
        self.expand = layers.Conv2D(shape[-1], 1, activation="sigmoid")
        self.reduce.build((None, 1, 1, shape[-1]))
        self.expand.build((None, 1, 1, self.squeezed))

    def call(self, x: Any) -> Any:
        return x * self.expand(self.reduce(ops.mean(x, axis=(1, 2), keepdims=True)))


class DropPath(layers.Layer):
    """Stochastic depth."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate, self.seed = rate, keras.random.SeedGenerator(7)

    def call(self, x: Any, training: bool | None = None) -> Any:
        if not training or self.rate == 0.0:
            return x
        keep = 1 - self.rate
        noise = keras.random.uniform((ops.shape(x)[0], 1, 1, 1), seed=self.seed, dtype=x.dtype)
        return x / keep * ops.floor(keep + noise)


class MBConv(layers.Layer):
    """Inverted bottleneck."""

    def __init__(self, block: tuple[Any, ...], *wrong: str) -> None:
        super().__init__()
        self.filters, self.kernel, self.strides, self.expand_ratio, rate = block
        self.wrong, self.drop = wrong, DropPath(rate)

    def build(self, shape: Any) -> None:
        channels = shape[-1]
        self.shortcut = self.strides == 1 and channels == self.filters and "no_shortcut" not in self.wrong
        epsilon = 1e-3 if "epsilon" in self.wrong else 1e-5
        hidden = channels * self.expand_ratio
        self.expand = ConvNorm(layers.Conv2D(hidden, 1, use_bias=False)) if self.expand_ratio > 1 else None
        depthwise = layers.DepthwiseConv2D(self.kernel, self.strides, use_bias=False)
        self.depthwise = ConvNorm(depthwise, "gate_first" not in self.wrong, epsilon)
        self.se = SqueezeExcitation(max(1, channels // 3))
        self.project = ConvNorm(layers.Conv2D(self.filters, 1, use_bias=False), activation=False)

    def call(self, x: Any, training: bool | None = None) -> Any:
        y = x if self.expand is None else self.expand(x, training=training)
        y = self.se(self.depthwise(y, training=training))
        y = ops.silu(y) if "gate_first" in self.wrong else y
        y = self.project(y, training=training)
        return x + self.drop(y, training=training) if self.shortcut else y


class EfficientNet(keras.Model):
    """Subclassed."""

    def __init__(self, *wrong: str) -> None:
        super().__init__()
        self.wrong = wrong
        self.stem = ConvNorm(layers.Conv2D(8, 3, 2, use_bias=False))
        at = (("gate_first",), (), ("no_shortcut", "epsilon"), ())
        self.blocks = [
            MBConv(block, *(w for w in wrong if w in here)) for block, here in zip(BLOCKS, at, strict=True)
        ]
        self.top = ConvNorm(layers.Conv2D(13, 1, use_bias=False))
        self.dropout, self.fc = layers.Dropout(0.2), layers.Dense(10)

    def call(self, x: Any, training: bool | None = None) -> Any:
        x = self.stem(x, training=training)
        for block in self.blocks:
            x = block(x, training=training)
        x = ops.mean(self.top(x, training=training), axis=(1, 2))
        return self.fc(self.dropout(x, training=True if "always_dropped" in self.wrong else training))


def subclassed(*wrong: str) -> keras.Model:
    """See `EfficientNet`."""
    return EfficientNet(*wrong)


STYLES = {"functional": functional, "subclassed": subclassed}


def __getattr__(name: str) -> Callable[[], keras.Model]:
    style, *wrong = name.split("__")
    if style not in STYLES:
        raise AttributeError(name)
    return partial(STYLES[style], *wrong)
