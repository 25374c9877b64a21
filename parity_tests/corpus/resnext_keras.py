"""Ports of the ResNeXt; `style__mistake` is the port with that mistake."""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
from keras import layers, ops

BN = {"epsilon": 1e-5, "momentum": 0.9}


def grouped(x: Any, width: int, groups: int, strides: int, name: str) -> Any:
    """One convolution with groups."""
    return layers.Conv2D(width, 3, strides, groups=groups, use_bias=False, name=name)(x)


def split(x: Any, width: int, groups: int, strides: int, name: str) -> Any:
    """A convolution for each group, as before Keras had groups."""
    step = x.shape[-1] // groups
    outs = [
        layers.Conv2D(width // groups, 3, strides, use_bias=False, name=f"{name}_group{i}")(
            x[..., i * step : (i + 1) * step]
        )
        for i in range(groups)
    ]
    return layers.Concatenate()(outs)


def block(
    x: Any,
    widths: tuple[int, int],
    groups: int,
    strides: int,
    name: str,
    *wrong: str,
    conv: Callable[..., Any] = grouped,
) -> Any:
    """Batch norm, ReLU, convolution, three times."""
    width, out = widths
    y = layers.ReLU()(layers.BatchNormalization(**BN, name=f"{name}_bn1")(x))
    shortcut = x
    if strides > 1 or x.shape[-1] != out:
        start = x if "raw_shortcut" in wrong else y
        shortcut = layers.Conv2D(out, 1, strides, use_bias=False, name=f"{name}_shortcut")(start)
    first = strides if "stride_first" in wrong else 1
    y = layers.Conv2D(width, 1, first, use_bias=False, name=f"{name}_conv1")(y)
    y = layers.ReLU()(layers.BatchNormalization(**BN, name=f"{name}_bn2")(y))
    y = layers.ZeroPadding2D(1)(y)
    y = conv(y, width, 2 if "two_groups" in wrong else groups, strides // first, f"{name}_conv2")
    last = {"momentum": 0.9} if "epsilon" in wrong else BN
    y = layers.ReLU()(layers.BatchNormalization(**last, name=f"{name}_bn3")(y))
    y = layers.Conv2D(out, 1, use_bias=False, name=f"{name}_conv3")(y)
    return layers.Add()([y, shortcut])


def functional(*wrong: str, conv: Callable[..., Any] = grouped) -> keras.Model:
    """Functional."""
    images = keras.Input((17, 26, 3))
    x = layers.Conv2D(12, 3, padding="same", use_bias=False, name="stem")(images)
    x = block(x, (8, 16), 4, 1, "stage1_block1", *(w for w in wrong if w == "two_groups"), conv=conv)
    c1 = block(x, (8, 16), 4, 1, "stage1_block2", *(w for w in wrong if w == "epsilon"), conv=conv)
    strided = [w for w in wrong if w in ("raw_shortcut", "stride_first")]
    x = block(c1, (12, 24), 3, 2, "stage2_block1", *strided, conv=conv)
    x = block(x, (12, 24), 3, 1, "stage2_block2", conv=conv)
    x = layers.BatchNormalization(**BN, name="norm")(x)
    c2 = x if "no_relu" in wrong else layers.ReLU()(x)
    a = layers.Dense(10, name="proj1")(layers.GlobalAveragePooling2D()(c1))
    b = layers.Dense(10, name="proj2")(layers.GlobalAveragePooling2D()(c2))
    head = keras.Sequential([layers.Dense(9, activation="relu"), layers.Dropout(0.3), layers.Dense(5)])
    return keras.Model(images, layers.Average()([head(a), head(b)]))


def per_group(*wrong: str) -> keras.Model:
    """Functional, with a convolution for each group."""
    return functional(*wrong, conv=split)


class Bottleneck(layers.Layer):
    """Batch norm, ReLU, convolution, three times."""

    def __init__(
        self, width: int, out: int, groups: int, strides: int, project: bool, *wrong: str, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        conv = partial(layers.Conv2D, use_bias=False)
        self.wrong, self.strides = wrong, strides
        self.conv3, self.conv1 = conv(out, 1), conv(width, 1)
        self.conv2 = conv(width, 3, strides, "valid" if strides > 1 else "same", groups=groups)
        self.norms = [layers.BatchNormalization(**BN) for _ in range(2 if "norm_twice" in wrong else 3)]
        self.project = conv(out, 1, strides) if project else None

    def call(self, x: Any, training: bool | None = None) -> Any:
        y = ops.relu(self.norms[0](x, training=training))
        shortcut = x if self.project is None else self.project(y)
        y = ops.relu(self.norms[1](self.conv1(y), training=training))
        if self.strides > 1:
            y = ops.pad(y, [[0, 0], [1, 1], [1, 1], [0, 0]])
        y = ops.relu(self.norms[-1](self.conv2(y), training=training))
        y = self.conv3(y) + shortcut
        return ops.relu(y) if "relu_behind" in self.wrong else y


class ResNeXt(keras.Model):
    """Subclassed."""

    def __init__(self, *wrong: str) -> None:
        super().__init__()
        self.wrong = wrong
        self.heads = [self.make_head() for _ in range(2 if "two_heads" in wrong else 1)]
        self.stem = layers.Conv2D(12, 3, padding="same", use_bias=False)
        first = Bottleneck(8, 16, 4, 1, True, *(w for w in wrong if w == "norm_twice"))
        self.stage1 = [first, Bottleneck(8, 16, 4, 1, False, *(w for w in wrong if w == "relu_behind"))]
        self.stage2 = [Bottleneck(12, 24, 3, 2, True), Bottleneck(12, 24, 3, 1, False)]
        self.norm = layers.BatchNormalization(**BN)
        self.projections = [layers.Dense(10), layers.Dense(10)]

    def make_head(self) -> keras.Sequential:
        return keras.Sequential([layers.Dense(9), layers.ReLU(), layers.Dropout(0.3), layers.Dense(5)])

    def call(self, x: Any, training: bool | None = None) -> Any:
        x = self.stem(x)
        for layer in self.stage1:
            x = layer(x, training=training)
        early = ops.mean(x, axis=(1, 2))
        for layer in self.stage2:
            x = layer(x, training=training)
        late = ops.mean(ops.relu(self.norm(x, training=training)), axis=(1, 2))
        a = self.heads[0](self.projections[0](early), training=training)
        b = self.heads[-1](self.projections[1](late), training=training)
        return a + b if "summed" in self.wrong else (a + b) / 2


def subclassed(*wrong: str) -> keras.Model:
    """See `ResNeXt`."""
    return ResNeXt(*wrong)


STYLES = {"functional": functional, "per_group": per_group, "subclassed": subclassed}


def __getattr__(name: str) -> Callable[[], keras.Model]:
    style, *wrong = name.split("__")
    if style not in STYLES:
        raise AttributeError(name)
    return partial(STYLES[style], *wrong)
