"""What trains the ports, in Keras; a mistake is chosen by the function's name, such as `sgd_nesterov`."""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
from keras import layers, losses, ops, optimizers

CLASSES = partial(losses.SparseCategoricalCrossentropy, from_logits=True)


def net(outputs: int = 5, penalty: float = 0.0, everywhere: float = 0.0) -> keras.Model:
    """Two dense layers."""
    l2 = keras.regularizers.L2(penalty) if penalty else None
    bias = keras.regularizers.L2(everywhere) if everywhere else None
    features = keras.Input((6,))
    x = layers.Dense(8, activation="relu", kernel_regularizer=l2, bias_regularizer=bias, name="first")(
        features
    )
    x = layers.Dropout(0.3)(x)
    x = layers.Dense(outputs, kernel_regularizer=l2, bias_regularizer=bias, name="last")(x)
    return keras.Model(features, x)


def image_net() -> keras.Model:
    """A convolution with batch norm, dropout and a dense layer behind a flattened map."""
    pixels = keras.Input((6, 5, 3))
    x = layers.BatchNormalization(epsilon=1e-5)(layers.Conv2D(4, 3, padding="same")(pixels))
    x = layers.Dropout(0.5)(layers.ReLU()(x))
    return keras.Model(pixels, layers.Dense(5)(layers.Flatten()(x)))


def sgd(wrong: str = "") -> Any:
    """Compiled, or in a tuple."""
    model, loss, momentum = net(), CLASSES(), 0.0 if wrong == "momentum" else 0.9
    rate = 0.05 if wrong in ("rate", "rate_and_momentum_and_reduction") else 0.1
    if wrong == "rate_and_momentum_and_reduction":
        momentum, loss = 0.8, CLASSES(reduction="sum")
    if wrong == "smoothed_nesterov":
        loss = losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.2)
    optimizer: Any = optimizers.SGD(rate, momentum, nesterov=wrong in ("nesterov", "smoothed_nesterov"))
    if wrong == "frozen":
        model.get_layer("first").trainable = False
    if wrong == "adam":
        optimizer = optimizers.Adam(0.1)
    if wrong == "sum":
        loss = CLASSES(reduction="sum")
    if wrong == "logits":
        loss = "sparse_categorical_crossentropy"
    if wrong == "warmup":
        optimizer.learning_rate = optimizers.schedules.CosineDecay(
            0.05, 10, warmup_target=0.1, warmup_steps=4
        )
    if wrong == "stopped":
        model = keras.Sequential(
            [model.get_layer("first"), layers.Lambda(ops.stop_gradient), model.layers[-1]]
        )
        model.build((None, 6))
    if wrong == "tuple":
        return model, optimizer, loss
    model.compile(optimizer, loss)
    return model


def images(wrong: str = "") -> Any:
    """Nesterov momentum, with batch norm and dropout in the model."""
    model = image_net()
    if wrong == "frozen":
        model.layers[2].trainable = False  # and so it uses its moving moments, too
    return model, optimizers.SGD(0.1, 0.9, nesterov=wrong != "plain"), CLASSES()


def pictures(wrong: str = "") -> Any:
    """Adam, with a bias that rounding moves."""
    return image_net(), optimizers.Adam(0.02 if wrong == "rate" else 0.01, epsilon=1e-12), CLASSES()


def adam(wrong: str = "") -> Any:
    """Adam with an epsilon too small to be seen."""
    epsilon = 1e-3 if wrong == "epsilon" else 1e-12
    betas = (0.9, 0.99) if wrong == "betas" else (0.9, 0.999)
    return net(), optimizers.Adam(0.01, *betas, epsilon, amsgrad=wrong == "amsgrad"), CLASSES()


def careful(wrong: str = "") -> Any:
    """The same number does something else in Keras."""
    return net(), optimizers.Adam(0.01, epsilon=1e-3), CLASSES()


def adamw(wrong: str = "") -> Any:
    """Decoupled weight decay of kernels."""
    optimizer = optimizers.AdamW(0.01, epsilon=1e-12, weight_decay=0.004 if wrong == "rate" else 0.05)
    if wrong == "plain":
        optimizer = optimizers.Adam(0.01, epsilon=1e-12)
    if wrong != "everywhere":
        optimizer.exclude_from_weight_decay(var_names=["bias"])
    return net(), optimizer, CLASSES()


def coupled(wrong: str = "") -> Any:
    """Keras' weight decay is decoupled; coupled it is a regularizer."""
    if wrong == "decoupled":
        return net(), optimizers.Adam(0.01, epsilon=1e-12, weight_decay=0.05), CLASSES()
    return net(5, 0.025, 0.025), optimizers.Adam(0.01, epsilon=1e-12), CLASSES()


def penalty(wrong: str = "") -> Any:
    """Half of PyTorch's weight decay is the factor of the regularizer."""
    model = net(5, 0.02 if wrong == "factor" else 0.01, 0.01 if wrong == "biases" else 0.0)
    return (net() if wrong == "none" else model), optimizers.SGD(0.1, 0.9), CLASSES()


def steps(wrong: str = "") -> Any:
    """Keras' boundaries are the last steps of the rate before them."""
    begin = 2 if wrong == "late" else 1
    rate: Any = optimizers.schedules.PiecewiseConstantDecay([begin, begin + 2], [0.1, 0.05, 0.025])
    if wrong == "smooth":
        rate = optimizers.schedules.ExponentialDecay(0.1, 2, 0.5)
    if wrong == "constant":
        rate = 0.1
    return net(), optimizers.SGD(rate), CLASSES()


def scheduled(wrong: str = "") -> Any:
    """The same with momentum, which has the learning rate inside in Keras."""
    rate = optimizers.schedules.PiecewiseConstantDecay([1, 3], [0.1, 0.05, 0.025])
    return net(), optimizers.SGD(rate, 0.9), CLASSES()


def clipped(wrong: str = "") -> Any:
    """All gradients cut to a common norm."""
    how = {"variable": {"clipnorm": 0.5}, "limit": {"global_clipnorm": 1.0}, "value": {"clipvalue": 0.5}}
    options = {} if wrong == "never" else how.get(wrong, {"global_clipnorm": 0.5})
    return net(), optimizers.SGD(0.1, 0.9, **options), CLASSES()


def cut(wrong: str = "") -> Any:
    """Where gradients are clipped, a regularizer is not what weight decay is."""
    return net(5, 0.01), optimizers.SGD(0.1, clipvalue=0.01), CLASSES()


def smoothing(wrong: str = "") -> Any:
    """Labels smoothed; smoothing asks for one-hot targets in Keras."""
    loss = losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.0 if wrong == "none" else 0.1)
    return net(), "sgd" if wrong == "default_rate" else optimizers.SGD(0.1), loss


def binary(wrong: str = "") -> Any:
    """A binary choice from logits."""
    return net(1), optimizers.SGD(0.1), losses.BinaryCrossentropy(from_logits=wrong != "logits")


def squared(wrong: str = "") -> Any:
    """Squared errors, and RMSprop with an epsilon too small to be seen."""
    loss = {"absolute": "mae", "sum": losses.MeanSquaredError(reduction="sum")}.get(wrong, "mse")
    return net(1), optimizers.RMSprop(0.01, 0.9 if wrong == "rho" else 0.99, epsilon=1e-14), loss


def huber(wrong: str = "") -> Any:
    """Huber's loss, and Adagrad."""
    return (
        net(1),
        optimizers.Adagrad(0.1, epsilon=1e-14),
        losses.Huber(delta=1.0 if wrong == "delta" else 0.5),
    )


def maps_net(outputs: int) -> keras.Model:
    """An embedding and a convolution, channels last."""
    tokens = keras.Input((4, 3), dtype="int64")
    return keras.Model(tokens, layers.Conv2D(outputs, 3, padding="same")(layers.Embedding(7, 3)(tokens)))


def classes(wrong: str = "") -> Any:
    """A class for each place of a map."""
    loss = losses.CategoricalCrossentropy(from_logits=True) if wrong == "one" else CLASSES()
    return maps_net(5), optimizers.SGD(0.5, 0.9), loss


def tokens(wrong: str = "") -> Any:
    """Adam on an embedding."""
    return maps_net(5), optimizers.Adam(0.01, epsilon=1e-12), CLASSES()


def snipped(wrong: str = "") -> Any:
    """Gradients of an embedding cut to a common norm."""
    return maps_net(5), optimizers.SGD(0.5, global_clipnorm=0.2), CLASSES()


def maps(wrong: str = "") -> Any:
    """Absolute errors of maps of numbers."""
    return maps_net(2), optimizers.SGD(0.5), "mse" if wrong == "squared" else "mae"


def recurrent(wrong: str = "") -> Any:
    """An LSTM, which has one bias in Keras."""
    sequence = keras.Input((5, 3))
    model = keras.Model(sequence, layers.Dense(5, name="last")(layers.LSTM(4, name="rnn")(sequence)))
    return model, optimizers.SGD(0.1, 0.9), CLASSES()


def nadam(wrong: str = "") -> Any:
    """Nadam, whose momentum is fixed in Keras."""
    return net(), optimizers.Nadam(0.01, epsilon=1e-7 if wrong == "epsilon" else 1e-8), CLASSES()


def other(wrong: str = "") -> Any:
    """An optimizer with a maximum, and one that is not known in words."""
    if wrong == "unknown":
        return net(), optimizers.Adafactor(0.01), CLASSES()
    return net(), optimizers.Adamax(0.02 if wrong == "rate" else 0.01, epsilon=1e-12), CLASSES()


def lasso(wrong: str = "") -> Any:
    """The same penalty in regularizers."""
    model = net(1)
    factor = 0.02 if wrong == "rate" else 0.01
    for layer in (model.get_layer("first"), model.get_layer("last")):
        layer.kernel.regularizer = keras.regularizers.L1L2(factor, 0.03)
        if wrong == "biases":
            layer.bias.regularizer = keras.regularizers.L1(0.01)
    return model, optimizers.SGD(0.1), "mse"


def apart(wrong: str = "") -> Any:
    """One rate and one momentum."""
    return net(), optimizers.SGD(0.1, 0.9), CLASSES()


def untrained() -> keras.Model:
    """A model alone."""
    return net()


def __getattr__(name: str) -> Callable[[], Any]:
    """`sgd_nesterov` is `sgd("nesterov")`."""
    original, _, wrong = name.partition("_")
    if not wrong or original not in globals():
        raise AttributeError(name)
    return partial(globals()[original], wrong)
