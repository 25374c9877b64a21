"""Ports of the detector; `style__mistake` is the port with that mistake."""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
from keras import layers, ops

BN = {"epsilon": 1e-5, "momentum": 0.9}


def upsampled(x: Any, rows: int, *wrong: str) -> Any:
    """Twice as wide, and as many rows as asked for."""
    if "resized" in wrong:
        return layers.Resizing(rows, 2 * x.shape[2], interpolation="nearest")(x)
    cropped = 2 * x.shape[1] - rows
    x = layers.UpSampling2D(2, interpolation="bilinear" if "bilinear" in wrong else "nearest")(x)
    return layers.Cropping2D(((0, cropped), (0, 0)))(x) if cropped else x


def make_head(numbers: int, name: str, *wrong: str) -> keras.Sequential:
    """A few numbers for each anchor at each place."""
    if "anchors_inside" in wrong:
        tail = [layers.Reshape((-1, numbers, 2)), layers.Permute((1, 3, 2)), layers.Reshape((-1, numbers))]
    else:
        tail = [layers.Reshape((-1, numbers))]
    convs = [
        layers.Conv2D(10, 3, padding="same", activation="relu", name=f"{name}_conv"),
        layers.Conv2D(2 * numbers, 3, padding="same", name=f"{name}_out"),
    ]
    return keras.Sequential([keras.Input((None, None, 10)), *convs, *tail], name=name)


def functional(*wrong: str) -> keras.Model:
    """Functional, names from the papers."""
    images = x = keras.Input((28, 40, 3))
    maps = []
    for i, width in enumerate((8, 12, 16), 3):
        x = layers.Conv2D(width, 3, 2, use_bias=False, name=f"c{i}_conv")(layers.ZeroPadding2D(1)(x))
        x = layers.ReLU()(layers.BatchNormalization(**BN, name=f"c{i}_bn")(x))
        maps.append(x)
    activation = "relu" if "relu_lateral" in wrong else None
    p3, p4, p5 = (
        layers.Conv2D(10, 1, activation=activation if i == 4 else None, name=f"lateral{i}")(m)
        for i, m in enumerate(maps, 3)
    )
    smooth3, smooth4, smooth5 = (layers.Conv2D(10, 3, padding="same", name=f"p{i}") for i in (3, 4, 5))
    p4 = layers.Add()([p4, upsampled(p5, 7, *wrong)])
    above = smooth4(p4) if "of_smoothed" in wrong else p4
    p3 = layers.Add()([p3, upsampled(above, 14)])
    pyramid = [smooth3(p3), smooth4(p4), smooth5(p5)]
    classes, boxes = make_head(3, "classes"), make_head(4, "boxes", *wrong)
    return keras.Model(
        images, [layers.Concatenate(axis=1)([h(m) for m in pyramid]) for h in (classes, boxes)]
    )


class Head(layers.Layer):
    """A few numbers for each anchor at each place."""

    def __init__(self, numbers: int, *wrong: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.numbers, self.wrong = numbers, wrong
        self.out = layers.Conv2D(2 * numbers, 3, padding="same")
        self.conv = layers.Conv2D(10, 3, padding="same")

    def call(self, x: Any) -> Any:
        x = self.out(ops.relu(self.conv(x)))
        if "columns_first" in self.wrong:
            x = ops.transpose(x, (0, 2, 1, 3))
        return ops.reshape(x, (-1, x.shape[1] * x.shape[2] * 2, self.numbers))


class Detector(keras.Model):
    """Subclassed."""

    def __init__(self, *wrong: str) -> None:
        super().__init__()
        self.wrong = wrong
        self.boxes = Head(4, *wrong)
        self.classes = [Head(3) for _ in range(3 if "head_per_level" in wrong else 1)]
        self.smooth = [layers.Conv2D(10, 3, padding="same") for _ in range(3)]
        self.lateral = [layers.Conv2D(10, 1) for _ in range(3)]
        self.convs = [layers.Conv2D(n, 3, 2, use_bias=False) for n in (8, 12, 16)]
        self.norms = [layers.BatchNormalization(**BN) for _ in range(3)]

    def call(self, x: Any, training: bool | None = None) -> Any:
        maps = []
        for conv, norm in zip(self.convs, self.norms, strict=True):
            x = ops.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]])
            x = ops.relu(norm(conv(x), training=training))
            maps.append(x)
        maps = [conv(m) for conv, m in zip(self.lateral, maps, strict=True)]
        for i in range(2, 1 if "nothing_for_p3" in self.wrong else 0, -1):
            rows = maps[i - 1].shape[1]
            maps[i - 1] = maps[i - 1] + ops.repeat(ops.repeat(maps[i], 2, axis=1), 2, axis=2)[:, :rows]
        maps = [conv(m) for conv, m in zip(self.smooth, maps, strict=True)]
        classes = [self.classes[i % len(self.classes)](m) for i, m in enumerate(maps)]
        boxes = [self.boxes(m) for m in maps]
        if "coarse_first" in self.wrong:
            classes = classes[::-1]
        return [ops.concatenate(classes, axis=1), ops.concatenate(boxes, axis=1)]


def subclassed(*wrong: str) -> keras.Model:
    """See `Detector`."""
    return Detector(*wrong)


STYLES = {"functional": functional, "subclassed": subclassed}


def __getattr__(name: str) -> Callable[[], keras.Model]:
    style, *wrong = name.split("__")
    if style not in STYLES:
        raise AttributeError(name)
    return partial(STYLES[style], *wrong)
