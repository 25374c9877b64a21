"""Ports of `lower_precision_torch.py` in mixed precision, by each way to ask for it."""

import keras
from keras import layers


def _net(last: str | None = None, activation: str = "relu", **options) -> keras.Model:
    x = keras.Input((5,))
    y = layers.Dense(7, activation=activation, **options)(x)
    y = layers.Dense(3, **options)(y)
    return keras.Model(x, layers.Softmax(dtype=last)(y))


def plain() -> keras.Model:
    """In float32."""
    return _net()


def by_policy() -> keras.Model:
    """The policy of all layers, as `keras.mixed_precision` sets it."""
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    return _net("float32")


def by_config() -> keras.Model:
    """The policy of all layers, as an object."""
    keras.config.set_dtype_policy(keras.DTypePolicy("mixed_float16"))
    return _net("float32")


def by_tensorflow() -> keras.Model:
    """The policy of all layers, by the other name of Keras."""
    import tensorflow as tf

    tf.keras.mixed_precision.set_global_policy("mixed_bfloat16")
    return _net("float32")


def by_layer() -> keras.Model:
    """The policy of each layer."""
    return _net(dtype="mixed_bfloat16")


def wrong() -> keras.Model:
    """With a mistake besides."""
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    return _net("float32", "gelu")


def in_float32() -> keras.Model:
    """One layer in float32, and nothing mixed."""
    return _net("float32")


def trained() -> keras.Model:
    """Compiled, which scales the loss of such a policy."""
    keras.mixed_precision.set_global_policy("mixed_float16")
    x = keras.Input((5,))
    y = layers.Dense(7, activation="relu")(x)
    model = keras.Model(x, layers.Dense(3, dtype="float32")(y))
    model.compile(
        optimizer=keras.optimizers.SGD(0.1),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return model
