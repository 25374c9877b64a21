"""Figures of Keras' that docs/porting.md states, on TensorFlow; `guide_torch.py` is its mirror."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops, optimizers

RATE = 2.0**-6
GRADIENTS = (1.0, -0.5, 2.0, 0.3)


def figures() -> dict[str, Any]:
    """By name."""
    before = keras.config.floatx()
    keras.config.set_floatx("float64")
    try:
        return _figures()
    finally:
        keras.config.set_floatx(before)


def _figures() -> dict[str, Any]:
    generator = np.random.default_rng(0)
    image = generator.normal(size=(1, 1, 6, 7)).transpose(0, 2, 3, 1)
    betas = [float(np.float32(beta)) for beta in (0.9, 0.999)]
    dense = layers.Dense(512)
    dense.build((1, 512))
    return {
        "adam, first step": stepped(optimizers.Adam(RATE), (1.0,)) / -RATE,
        "adam, epsilon as in keras": stepped(optimizers.Adam(RATE, *betas), GRADIENTS),
        "nadam": stepped(optimizers.Nadam(RATE), GRADIENTS),
        "adagrad": stepped(optimizers.Adagrad(RATE), GRADIENTS),
        "adadelta": stepped(optimizers.Adadelta(RATE), GRADIENTS),
        "bicubic": np.asarray(
            ops.image.resize(image, (12, 14), interpolation="bicubic", antialias=True)[0, ..., 0]
        ),
        "transposed, kernel and stride": {
            (kernel, stride): layers.Conv1DTranspose(1, kernel, strides=stride)(np.zeros((1, 5, 1))).shape[1]
            for kernel, stride in ((1, 2), (2, 3), (3, 2))
        },
        "plateau": plateau(2),
        "accumulated": stepped(optimizers.SGD(1.0, gradient_accumulation_steps=2), (1.0, 3.0)),
        "pieces": [len(piece) for piece in ops.split(ops.arange(6), 2)],
        "normalized": np.asarray(ops.normalize(np.array([[3e-9, 4e-9]])))[0].tolist(),
        "gradients": {
            "norm of 0": gradient(ops.norm, [0.0, 0.0]),
            "maximum": gradient(ops.maximum, [1.0], [1.0]),
            "max": gradient(lambda x: ops.max(x, axis=0), [1.0, 1.0]),
            "clip": gradient(lambda x: ops.clip(x, 0.0, 1.0), [1.0]),
        },
        "deviation": float(ops.std(dense.kernel)),
    }


def stepped(optimizer: keras.Optimizer, gradients: tuple[float, ...]) -> float:
    """Where a weight is after some steps from 0."""
    weight = keras.Variable(np.zeros(1))
    optimizer.build([weight])
    for gradient in gradients:
        optimizer.apply([ops.convert_to_tensor(np.array([gradient]))])
    return float(np.asarray(weight)[0])


def plateau(patience: int) -> list[float]:
    """The rate behind each of some epochs without progress."""
    model = keras.Sequential([keras.Input((1,)), layers.Dense(1)])
    model.compile(optimizers.SGD(1.0))
    callback = keras.callbacks.ReduceLROnPlateau(monitor="loss", factor=0.5, patience=patience)
    callback.set_model(model)
    callback.on_train_begin()
    rates = []
    for epoch in range(10):
        callback.on_epoch_end(epoch, {"loss": 1.0})
        rates.append(float(model.optimizer.learning_rate))
    return rates


def gradient(function: Callable[..., Any], *points: list[float]) -> list[list[float]]:
    """Of the sum of what a function gives, for each of its arguments."""
    given = [tf.Variable(np.array(point)) for point in points]
    with tf.GradientTape() as tape:
        total = ops.sum(function(*given))
    return [np.asarray(found).tolist() for found in tape.gradient(total, given)]
