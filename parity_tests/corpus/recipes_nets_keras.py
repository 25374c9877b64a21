"""Four tiny models, and what several recipes share, in Keras."""

import math
from collections.abc import Callable
from typing import Any

import keras
from keras import layers, losses, ops, optimizers
from keras.optimizers import schedules
from keras.regularizers import L2

NOT_DECAYED = ["bias", "gamma", "beta"]


def convnet(
    kernels: float = 0.0, others: float = 0.0, momentum: float = 0.9, softmax: bool = False, skipped: str = ""
) -> keras.Model:
    """The classifier of images, with L2 on kernels, and on biases and norms."""

    def kernel(name: str) -> Any:
        return L2(kernels) if kernels and name != skipped else None

    def other() -> Any:
        return L2(others) if others else None

    def norm(name: str) -> Any:
        return layers.BatchNormalization(
            momentum=momentum, epsilon=1e-5, gamma_regularizer=other(), beta_regularizer=other(), name=name
        )

    image = keras.Input((12, 10, 3))
    x = layers.Conv2D(
        6, 3, padding="same", kernel_regularizer=kernel("conv1"), bias_regularizer=other(), name="conv1"
    )(image)
    x = layers.MaxPooling2D(2)(layers.ReLU()(norm("bn1")(x)))
    x = layers.Conv2D(
        10, 3, padding="same", use_bias=False, kernel_regularizer=kernel("conv2"), name="conv2"
    )(x)
    x = layers.GlobalAveragePooling2D()(layers.ReLU()(norm("bn2")(x)))
    x = layers.Dense(
        7,
        activation="softmax" if softmax else None,
        kernel_regularizer=kernel("fc"),
        bias_regularizer=other(),
        name="fc",
    )(x)
    return keras.Model(image, x)


def regressor(kernels: float = 0.0, others: float = 0.0) -> keras.Model:
    """Eleven features to two numbers."""

    def dense(size: int, activation: str | None) -> Any:
        return layers.Dense(
            size,
            activation=activation,
            kernel_regularizer=L2(kernels) if kernels else None,
            bias_regularizer=L2(others) if others else None,
        )

    return keras.Sequential([keras.Input((11,)), dense(13, "tanh"), dense(9, "relu"), dense(2, None)])


def binary(sigmoid: bool = False) -> keras.Model:
    """Nine features to a logit, or to a probability."""
    return keras.Sequential(
        [
            keras.Input((9,)),
            layers.Dense(12),
            layers.LayerNormalization(epsilon=1e-5),
            layers.Activation("elu"),
            layers.Dense(1, activation="sigmoid" if sigmoid else None),
        ]
    )


class Text(keras.Model):
    """A bag of words."""

    def __init__(self, trained: bool = True) -> None:
        super().__init__()
        self.embedding = layers.Embedding(23, 8, trainable=trained)
        self.fc1 = layers.Dense(12, activation="relu")
        self.fc2 = layers.Dense(5)

    def call(self, x: Any) -> Any:
        """Logits."""
        return self.fc2(self.fc1(ops.mean(self.embedding(x), axis=1)))


class TorchAdam(optimizers.Adam):
    """Adam as PyTorch has it: epsilon behind the correction of the second moment."""

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """One update of one variable."""
        dtype = variable.dtype
        index = self._get_variable_index(variable)
        gradient = ops.cast(gradient, dtype) + ops.zeros_like(variable)
        m, v = self._momentums[index], self._velocities[index]
        t = ops.cast(self.iterations + 1, dtype)
        self.assign(m, self.beta_1 * m + (1 - self.beta_1) * gradient)
        self.assign(v, self.beta_2 * v + (1 - self.beta_2) * ops.square(gradient))
        first = m / (1 - self.beta_1**t)
        second = v / (1 - self.beta_2**t)
        self.assign_sub(variable, ops.cast(learning_rate, dtype) * first / (ops.sqrt(second) + self.epsilon))


class TorchAdamCast(optimizers.Adam):
    """The same, with betas cast as Keras' own code casts them: through float32."""

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """One update of one variable."""
        dtype = variable.dtype
        index = self._get_variable_index(variable)
        m, v = self._momentums[index], self._velocities[index]
        t = ops.cast(self.iterations + 1, dtype)
        self.assign_add(m, ops.multiply(ops.subtract(gradient, m), 1 - self.beta_1))
        self.assign_add(v, ops.multiply(ops.subtract(ops.square(gradient), v), 1 - self.beta_2))
        first = m / (1 - ops.power(ops.cast(self.beta_1, dtype), t))
        second = v / (1 - ops.power(ops.cast(self.beta_2, dtype), t))
        self.assign_sub(variable, ops.cast(learning_rate, dtype) * first / (ops.sqrt(second) + self.epsilon))


class TorchSGD(optimizers.SGD):
    """Momentum as PyTorch has it: the rate is applied to the buffer."""

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """One update of one variable."""
        buffer = self.momentums[self._get_variable_index(variable)]
        self.assign(buffer, self.momentum * buffer + gradient)
        self.assign_sub(variable, ops.cast(learning_rate, variable.dtype) * buffer)


class TorchRMSprop(optimizers.RMSprop):
    """RMSprop as PyTorch has it: epsilon outside the root."""

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """One update of one variable."""
        v = self._velocities[self._get_variable_index(variable)]
        self.assign(v, self.rho * v + (1 - self.rho) * ops.square(gradient))
        rate = ops.cast(learning_rate, variable.dtype)
        self.assign_sub(variable, rate * gradient / (ops.sqrt(v) + self.epsilon))


class OneCycle(schedules.LearningRateSchedule):
    """Two halves of cosines, up and down, as `OneCycleLR` has them."""

    def __init__(
        self, highest: float, total: int, start: float = 0.3, div: float = 25.0, final: float = 1e4
    ) -> None:
        super().__init__()
        self.highest, self.total, self.start, self.div, self.final = highest, total, start, div, final

    def __call__(self, step: Any) -> Any:
        """The rate at a step."""
        step = ops.cast(step, keras.config.floatx())
        first, low = self.start * self.total - 1, self.highest / self.div
        least = low / self.final

        def cosine(begin: float, end: float, share: Any) -> Any:
            return end + (begin - end) / 2 * (1 + ops.cos(math.pi * share))

        up = cosine(low, self.highest, step / first)
        down = cosine(self.highest, least, (step - first) / (self.total - 1 - first))
        return ops.where(step <= first, up, down)


class WarmupLinear(schedules.LearningRateSchedule):
    """A rise over `warmup` updates, and a linear fall to zero; `first` is the number of the first update."""

    def __init__(self, rate: float, warmup: int, total: int, first: int = 1) -> None:
        super().__init__()
        self.rate, self.warmup, self.total, self.first = rate, warmup, total, first

    def __call__(self, step: Any) -> Any:
        """The rate at a step."""
        step = ops.cast(step, keras.config.floatx())
        up = (step + self.first) / self.warmup
        down = (self.total - step) / (self.total - self.warmup)
        return self.rate * ops.where(step < self.warmup, up, down)


def crossentropy(**options: Any) -> Any:
    """Cross entropy of logits."""
    return losses.SparseCategoricalCrossentropy(from_logits=True, **options)


def compiled(model: keras.Model, optimizer: Any, loss: Any) -> keras.Model:
    """A model ready for fit."""
    model.compile(optimizer=optimizer, loss=loss)
    return model


def excluding(optimizer: Any, names: list[str]) -> Any:
    """The optimizer, which does not decay variables of these names."""
    optimizer.exclude_from_weight_decay(var_names=names)
    return optimizer


def smoothed(smoothing: float) -> Callable[[Any, Any], Any]:
    """Cross entropy with smoothed labels."""

    def loss(target: Any, output: Any) -> Any:
        hot = ops.one_hot(ops.reshape(target, (-1,)), 7, dtype=output.dtype)
        return losses.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing)(hot, output)

    return loss


def weighted(normalised: bool) -> Callable[[Any, Any], Any]:
    """Weighted classes; the mean is over weights, or over examples."""

    def loss(target: Any, output: Any) -> Any:
        target = ops.cast(ops.reshape(target, (-1,)), "int32")
        weights = ops.take(ops.cast([1.0, 2.0, 0.5, 1.0, 3.0, 1.5, 0.25], output.dtype), target)
        each = weights * losses.sparse_categorical_crossentropy(target, output, from_logits=True)
        return ops.sum(each) / ops.sum(weights) if normalised else ops.mean(each)

    return loss
