"""Recipes for the binary classifier and the bag of words, in Keras; `recipe__mistake` has one mistake."""

from typing import Any

import keras
from keras import layers, losses, ops, optimizers
from recipes_nets_keras import (
    NOT_DECAYED,
    Text,
    TorchAdam,
    WarmupLinear,
    binary,
    compiled,
    crossentropy,
    excluding,
)


class DenseRows(keras.Model):
    """The bag of words with a product with one-hot rows, so that the gradient of the table is dense."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = layers.Embedding(23, 8)
        self.fc1 = layers.Dense(12, activation="relu")
        self.fc2 = layers.Dense(5)

    def build(self, shape: Any) -> None:
        """The table, too."""
        self.embedding.build()
        super().build(shape)

    def call(self, x: Any) -> Any:
        """Logits."""
        table = self.embedding.embeddings
        return self.fc2(self.fc1(ops.mean(ops.matmul(ops.one_hot(x, 23, dtype=table.dtype), table), axis=1)))


class Probability(keras.Model):
    """A probability, by a function that leaves no trace of its logits."""

    def __init__(self) -> None:
        super().__init__()
        self.body = binary()

    def call(self, x: Any) -> Any:
        """N x 1."""
        return 1.0 / (1.0 + ops.exp(-self.body(x)))


def binary_logits() -> Any:
    """Right."""
    optimizer = optimizers.SGD(0.1, momentum=0.9)
    return compiled(binary(), optimizer, losses.BinaryCrossentropy(from_logits=True))


def binary_logits__no_logits() -> Any:
    """from_logits forgotten."""
    return compiled(binary(), optimizers.SGD(0.1, momentum=0.9), "binary_crossentropy")


def binary_logits__smoothed() -> Any:
    """Labels smoothed on one side only."""
    loss = losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.1)
    return binary(), optimizers.SGD(0.1, momentum=0.9), loss


def binary_logits__focal() -> Any:
    """Focal cross entropy."""
    return binary(), optimizers.SGD(0.1, momentum=0.9), losses.BinaryFocalCrossentropy(from_logits=True)


def binary_logits__hinge() -> Any:
    """Hinge."""
    return compiled(binary(), optimizers.SGD(0.1, momentum=0.9), "hinge")


def binary_sigmoid() -> Any:
    """Right."""
    return compiled(binary(sigmoid=True), optimizers.SGD(0.1), "binary_crossentropy")


def binary_sigmoid__from_logits() -> Any:
    """Probabilities taken for logits."""
    return binary(sigmoid=True), optimizers.SGD(0.1), losses.BinaryCrossentropy(from_logits=True)


def binary_pos_weight() -> Any:
    """Right."""

    def loss(target: Any, output: Any) -> Any:
        positive, negative = ops.softplus(-output), ops.softplus(output)
        return ops.mean(3.0 * target * positive + (1.0 - target) * negative)

    return binary(), optimizers.SGD(0.1), loss


def binary_pos_weight__forgotten() -> Any:
    """Positives count once."""
    return binary(), optimizers.SGD(0.1), losses.BinaryCrossentropy(from_logits=True)


def binary_sum() -> Any:
    """Right."""
    loss = losses.BinaryCrossentropy(from_logits=True, reduction="sum")
    return binary(), TorchAdam(1e-2, epsilon=1e-8, weight_decay=0.1), loss


def binary_adamw() -> Any:
    """Right."""
    optimizer = excluding(TorchAdam(1e-2, epsilon=1e-8, weight_decay=0.1), NOT_DECAYED)
    return binary(), optimizer, losses.BinaryCrossentropy(from_logits=True)


def binary_adamw__layernorm() -> Any:
    """The layer norm is decayed."""
    optimizer = excluding(optimizers.AdamW(1e-2, epsilon=1e-8, weight_decay=0.1), ["bias"])
    return binary(), optimizer, losses.BinaryCrossentropy(from_logits=True)


def text_sgd() -> Any:
    """Right: a dense gradient of the embedding is measured by clipping."""
    return DenseRows(), optimizers.SGD(0.5, momentum=0.9, global_clipnorm=0.1), crossentropy()


def text_sgd__rows() -> Any:
    """Clipping measures each row of the embedding's gradient by itself."""
    return Text(), optimizers.SGD(0.5, momentum=0.9, global_clipnorm=0.1), crossentropy()


def text_plain() -> Any:
    """Right: SGD adds the rows up."""
    return Text(), optimizers.SGD(0.5, momentum=0.9), crossentropy()


def text_adam() -> Any:
    """Right: the rows are added up."""
    return compiled(Text(), TorchAdam(1e-2, epsilon=1e-8), crossentropy())


def text_adam__rows() -> Any:
    """Keras' Adam squares row by row."""
    return Text(), optimizers.Adam(1e-2, epsilon=1e-8), crossentropy()


def text_warmup() -> Any:
    """Right."""
    optimizer = TorchAdam(WarmupLinear(1e-2, 4, 10), epsilon=1e-8, weight_decay=0.01)
    return Text(), optimizer, crossentropy()


def text_warmup__from_zero() -> Any:
    """The rate begins at zero."""
    optimizer = TorchAdam(WarmupLinear(1e-2, 4, 10, first=0), epsilon=1e-8, weight_decay=0.01)
    return Text(), optimizer, crossentropy()


def text_warmup__shorter() -> Any:
    """Three updates of warmup."""
    optimizer = TorchAdam(WarmupLinear(1e-2, 3, 10), epsilon=1e-8, weight_decay=0.01)
    return Text(), optimizer, crossentropy()


def text_warmup__no_decay() -> Any:
    """Adam for AdamW."""
    return Text(), TorchAdam(WarmupLinear(1e-2, 4, 10), epsilon=1e-8), crossentropy()


def text_frozen() -> Any:
    """Right."""
    return compiled(Text(trained=False), optimizers.SGD(0.1), crossentropy())


def text_frozen__trained() -> Any:
    """The embedding is trained."""
    return compiled(Text(), optimizers.SGD(0.1), crossentropy())


def text_kl() -> Any:
    """Right."""

    def loss(target: Any, output: Any) -> Any:
        return losses.KLDivergence()(ops.softmax(target), ops.softmax(output))

    return Text(), optimizers.SGD(0.1), loss


def text_kl__reversed() -> Any:
    """The other direction."""

    def loss(target: Any, output: Any) -> Any:
        return losses.KLDivergence()(ops.softmax(output), ops.softmax(target))

    return Text(), optimizers.SGD(0.1), loss


def text_kl_plain__batchmean() -> Any:
    """Not divided by the number of classes."""

    def loss(target: Any, output: Any) -> Any:
        return losses.KLDivergence()(ops.softmax(target), ops.softmax(output))

    return Text(), optimizers.SGD(0.5), loss


def binary_sigmoid__functional() -> Any:
    """Probabilities taken for logits."""
    return Probability(), optimizers.SGD(0.1), losses.BinaryCrossentropy(from_logits=True)
