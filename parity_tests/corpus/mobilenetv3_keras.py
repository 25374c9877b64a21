"""Ports of the MobileNetV3; `style__mistake` is the port with that mistake."""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
from keras import layers, ops


def conv_bn(x: Any, filters: int, name: str, act: str | None = None, kernel: int = 1) -> Any:
    """Convolution, batch norm (Keras' defaults are those of torchvision's MobileNetV3), activation."""
    x = layers.Conv2D(filters, kernel, padding="same", use_bias=False, name=name)(x)
    x = layers.BatchNormalization(name=f"{name}_bn")(x)
    return layers.Activation(act)(x) if act else x


def squeeze_excite(x: Any, squeezed: int, name: str, *wrong: str) -> Any:
    """The mean of each channel decides its factor."""
    s = layers.GlobalAveragePooling2D(keepdims=True)(x)
    s = layers.Conv2D(squeezed, 1, activation="relu", name=f"{name}_reduce")(s)
    gate = "sigmoid" if "sigmoid_gate" in wrong else "hard_sigmoid"
    s = layers.Conv2D(x.shape[-1], 1, activation=gate, name=f"{name}_expand")(s)
    return layers.Multiply()([x, s])


def bottleneck(
    x: Any, sizes: tuple[int, int, int], kernel: int, stride: int, act: str, name: str, *wrong: str
) -> Any:
    """An inverted residual; `sizes` are those of expansion, output and squeeze."""
    expanded, out, squeezed = sizes
    y = conv_bn(x, expanded, f"{name}_expand", act)
    if stride == 2:
        y = layers.ZeroPadding2D(kernel // 2)(y)
    y = layers.DepthwiseConv2D(
        kernel, stride, "valid" if stride == 2 else "same", use_bias=False, name=f"{name}_depthwise"
    )(y)
    y = layers.BatchNormalization(name=f"{name}_depthwise_bn")(y)
    if "squeeze_first" in wrong:
        y = layers.Activation(act)(squeeze_excite(y, squeezed, f"{name}_se", *wrong))
    else:
        y = layers.Activation(act)(y)
        y = squeeze_excite(y, squeezed, f"{name}_se", *wrong) if squeezed else y
    y = conv_bn(y, out, f"{name}_project")
    same = stride == 1 and x.shape[-1] == out and "no_skip" not in wrong
    return layers.Add()([x, y]) if same else y


def functional(*wrong: str) -> keras.Model:
    """Functional."""
    image = keras.Input((20, 30, 3))
    x = image if "same" in wrong else layers.ZeroPadding2D(1)(image)
    padding = "same" if "same" in wrong else "valid"
    x = layers.Conv2D(8, 3, strides=2, padding=padding, use_bias=False, name="stem")(x)
    x = layers.Activation("hard_silu")(layers.BatchNormalization(name="stem_bn")(x))
    x = bottleneck(x, (12, 8, 4), 3, 1, "relu", "b1", *(w for w in wrong if w == "sigmoid_gate"))
    x = bottleneck(x, (20, 11, 5), 5, 2, "hard_silu", "b2", *(w for w in wrong if w == "squeeze_first"))
    x = bottleneck(x, (26, 11, 0), 5, 1, "hard_silu", "b3", *(w for w in wrong if w == "no_skip"))
    x = conv_bn(x, 30, "last", "hard_silu")
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dense(17, activation="silu" if "silu" in wrong else "hard_silu", name="hidden")(x)
    return keras.Model(image, layers.Dense(7, name="classes")(layers.Dropout(0.2)(x)))


class Squeeze(layers.Layer):
    """Dense layers make the factors."""

    def __init__(self, channels: int, squeezed: int, *wrong: str) -> None:
        super().__init__()
        self.wrong = wrong
        self.up, self.down = layers.Dense(channels), layers.Dense(squeezed, activation="relu")

    def call(self, x: Any) -> Any:
        pool = ops.max if "max" in self.wrong else ops.mean
        s = self.up(self.down(pool(x, axis=(1, 2), keepdims=True)))
        return x * ops.relu6(s + 3) / 6


class Bneck(layers.Layer):
    """An inverted residual of Sequentials."""

    def __init__(self, sizes: tuple[int, int, int], kernel: int, stride: int, act: Any, *wrong: str) -> None:
        super().__init__()
        expanded, out, squeezed = sizes
        self.stride, self.out = stride, out
        norm = partial(
            layers.BatchNormalization, epsilon=1e-3, momentum=0.01 if "momentum" in wrong else 0.99
        )
        middle: list[Any] = [
            layers.ZeroPadding2D(kernel // 2),
            layers.DepthwiseConv2D(kernel, strides=stride, use_bias=False),
            norm(),
            layers.Activation(act),
        ]
        if squeezed:
            middle.append(Squeeze(expanded, squeezed, *wrong))
        self.depthwise = keras.Sequential(middle)
        last = [layers.Activation(act)] if "project_activated" in wrong else []
        self.project = keras.Sequential([layers.Conv2D(out, 1, use_bias=False), norm(), *last])
        self.expand = keras.Sequential(
            [layers.Conv2D(expanded, 1, use_bias=False), norm(), layers.Activation(act)]
        )

    def call(self, x: Any, training: bool | None = None) -> Any:
        y = self.depthwise(self.expand(x, training=training), training=training)
        y = self.project(y, training=training)
        return x + y if self.stride == 1 and x.shape[-1] == self.out else y


class MobileNetV3(keras.Model):
    """Subclassed."""

    def __init__(self, *wrong: str) -> None:
        super().__init__()

        def given(*names: str) -> tuple[str, ...]:
            return tuple(w for w in wrong if w in names)

        norm = partial(layers.BatchNormalization, epsilon=1e-5 if "epsilon" in wrong else 1e-3)
        self.features = [
            layers.ZeroPadding2D(1),
            layers.Conv2D(8, 3, 2, use_bias=False),
            norm(),
            layers.Activation(keras.activations.hard_silu),
            Bneck((12, 8, 4), 3, 1, "relu", *given("max", "momentum")),
            Bneck((20, 11, 5), 5, 2, keras.activations.hard_silu, *given("project_activated")),
            Bneck((26, 11, 0), 5, 1, "hard_silu"),
            layers.Conv2D(30, 1, use_bias=False),
            layers.BatchNormalization(),
            layers.Activation("hard_swish"),
        ]
        self.top = [layers.Dense(7), layers.Dropout(0.8 if "kept" in wrong else 0.2), layers.Dense(17)]

    def call(self, x: Any, training: bool | None = None) -> Any:
        for layer in self.features:
            x = (
                layer(x, training=training)
                if isinstance(layer, Bneck | layers.BatchNormalization)
                else layer(x)
            )
        classes, drop, hidden = self.top
        return classes(drop(ops.hard_silu(hidden(ops.mean(x, axis=(1, 2)))), training=training))


def subclassed(*wrong: str) -> keras.Model:
    """See `MobileNetV3`."""
    return MobileNetV3(*wrong)


STYLES = {"functional": functional, "subclassed": subclassed}


def __getattr__(name: str) -> Callable[[], keras.Model]:
    style, *wrong = name.split("__")
    if style not in STYLES:
        raise AttributeError(name)
    return partial(STYLES[style], *wrong)
