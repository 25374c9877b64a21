"""Ports of the small ConvNeXt; `style__mistake` is the port with that mistake."""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
from keras import layers, ops

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class LayerScale(layers.Layer):
    """A learned factor for each channel."""

    def __init__(self, initial: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.initial = initial

    def build(self, shape: Any) -> None:
        constant = keras.initializers.Constant(self.initial)
        self.gamma = self.add_weight(shape=(shape[-1],), initializer=constant, name="gamma")

    def call(self, x: Any) -> Any:
        return x * self.gamma


def block(x: Any, name: str, wrong: tuple[str, ...] = ()) -> Any:
    """As in keras.applications."""
    dim = x.shape[-1]
    if "zeros_at_end" in wrong:
        y = layers.ZeroPadding2D(((2, 4), (2, 4)))(x)
        y = layers.DepthwiseConv2D(7, name=f"{name}_depthwise_conv")(y)
    else:
        y = layers.DepthwiseConv2D(7, padding="same", name=f"{name}_depthwise_conv")(x)
    if "batch_norm" in wrong:
        y = layers.BatchNormalization(epsilon=1e-6, name=f"{name}_layernorm")(y)
    elif "no_norm" not in wrong:
        epsilon = 1e-3 if "epsilon" in wrong else 1e-6
        y = layers.LayerNormalization(epsilon=epsilon, name=f"{name}_layernorm")(y)
    y = layers.Dense(4 * dim, name=f"{name}_pointwise_conv_1")(y)
    gelu = partial(ops.gelu, approximate="gelu_tanh" in wrong)
    y = layers.Activation(gelu, name=f"{name}_gelu")(y)
    y = layers.Dense(dim, name=f"{name}_pointwise_conv_2")(y)
    y = LayerScale(1e-6, name=f"{name}_layer_scale")(y)
    y = ops.stop_gradient(y) if "stop" in wrong else y
    return y if "no_skip" in wrong else layers.Add()([x, y])


def functional(*wrong: str) -> keras.Model:
    """The names of keras.applications; mistakes are in the first block."""
    images = keras.Input((32, 40, 3))
    std = (0.0524, 0.0502, 0.0506) if "variance_for_deviation" in wrong else STD
    x = images[..., ::-1] if "bgr" in wrong else images
    if "not_normed" not in wrong:
        x = (x - ops.convert_to_tensor(MEAN, dtype=x.dtype)) / ops.convert_to_tensor(std, dtype=x.dtype)
    x = layers.Conv2D(6, 4, strides=4, name="stem_conv")(x)
    x = layers.LayerNormalization(epsilon=1e-6, name="stem_layernorm")(x)
    x = block(block(x, "stage_0_block_0", wrong), "stage_0_block_1")
    x = layers.LayerNormalization(epsilon=1e-6, name="downsampling_layernorm")(x)
    x = layers.Conv2D(10, 2, strides=2, name="downsampling_conv")(x)
    x = layers.GlobalAveragePooling2D()(block(x, "stage_1_block_0"))
    x = layers.LayerNormalization(epsilon=1e-6, name="head_layernorm")(x)
    return keras.Model(images, layers.Dense(5, name="head_dense")(x))


class Block(layers.Layer):
    """Its weights of its own are made in `build`; 1x1 convolutions are the dense layers."""

    def __init__(self, *wrong: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.wrong = wrong

    def build(self, shape: Any) -> None:
        dim = shape[-1]
        self.gamma = self.add_weight(shape=(dim,), initializer="ones", name="gamma")
        self.dwconv = layers.DepthwiseConv2D(
            7, padding="same", dilation_rate=2 if "dilated" in self.wrong else 1
        )
        axis = (1, 2, 3) if "all_axes" in self.wrong else -1
        self.norm = layers.LayerNormalization(axis, epsilon=1e-6)
        self.pwconv1 = layers.Conv2D(4 * dim, 1, activation="relu" if "relu" in self.wrong else "gelu")
        self.pwconv2 = layers.Conv2D(dim, 1)
        for layer in (self.dwconv, self.norm, self.pwconv1):
            layer.build(shape)
        self.pwconv2.build((*shape[:-1], 4 * dim))

    def call(self, x: Any) -> Any:
        y = self.pwconv2(self.pwconv1(self.norm(self.dwconv(x))))
        return x + self.gamma + y if "added" in self.wrong else x + self.gamma * y


class ConvNeXt(keras.Model):
    """Subclassed; the norm of pixels is a Keras layer."""

    def __init__(self, *wrong: str) -> None:
        super().__init__()
        self.pixels = layers.Rescaling([1 / s for s in STD], [-m / s for m, s in zip(MEAN, STD, strict=True)])
        self.stem = keras.Sequential([layers.Conv2D(6, 4, 4), layers.LayerNormalization(epsilon=1e-6)])
        self.stage1 = keras.Sequential([Block(*wrong), Block()])
        self.stage2 = Block()
        self.downsample = keras.Sequential([layers.LayerNormalization(epsilon=1e-6), layers.Conv2D(10, 2, 2)])
        self.norm, self.head = layers.LayerNormalization(epsilon=1e-6), layers.Dense(5)

    def call(self, x: Any) -> Any:
        x = self.stage2(self.downsample(self.stage1(self.stem(self.pixels(x)))))
        return self.head(self.norm(ops.mean(x, axis=(1, 2))))


def subclassed(*wrong: str) -> keras.Model:
    """See `ConvNeXt`."""
    return ConvNeXt(*wrong)


STYLES = {"functional": functional, "subclassed": subclassed}


def __getattr__(name: str) -> Callable[[], keras.Model]:
    style, *wrong = name.split("__")
    if style not in STYLES:
        raise AttributeError(name)
    return partial(STYLES[style], *wrong)
