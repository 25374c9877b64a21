"""The small nets for CIFAR-10 of article 004: wider, deeper, with batch norm, residual.

Source: article 004 (tricks02_cifar10.ipynb). Contract: crosscheck/specs/cifar_cnn.py
"""

import keras
from keras import KerasTensor as Tensor
from keras import layers, ops

from keras_impl.layers import flatten_channels_first, max_pool
from keras_impl.techniques.normalization import BatchNorm
from keras_impl.techniques.prelu import PReLU

BLOCKS = ("plain", "bn_before", "bn_after", "residual", "no_shortcut")


class ConvBlock(layers.Layer):
    """Convolution 3x3, activation, pooling; batch norm before or after the activation, or none.

    Input shape: (B, H, W, in). Output shape: (B, H/2, W/2, channels).

    Args:
        channels: of the output.
        norm: where batch norm stands: "plain" (nowhere), "bn_before" or "bn_after".
        activation: "relu", or "prelu_" and how PReLU's slopes are shared.
    """

    def __init__(self, channels: int, norm: str, activation: str, **kwargs):
        super().__init__(**kwargs)
        self.norm = norm
        # PORT: padding=1 of PyTorch and "same" of Keras agree for a 3x3 kernel with stride 1; with stride 2
        # and an even size they look at other places.
        # PORT: by default PyTorch draws kernel and bias from U(-b, b), b = 1 / sqrt(fan_in); Keras draws the
        # kernel from glorot_uniform and sets the bias to 0. Here initial weights come from outside.
        self.conv = layers.Conv2D(channels, 3, padding="same", name="conv")
        if norm != "plain":
            self.bn = BatchNorm(name="bn")
        self.act = _activation(activation, "act")

    def call(self, x: Tensor, training: bool | None = None) -> Tensor:
        x = self.conv(x)
        x = self.bn(x, training=training) if self.norm == "bn_before" else x
        x = self.act(x)
        x = self.bn(x, training=training) if self.norm == "bn_after" else x
        return max_pool(x, 2)


class ResidualBlock(layers.Layer):
    """Two convolutions with batch norm beside a 1x1 convolution; ReLU of the sum, pooling.

    Input shape: (B, H, W, in). Output shape: (B, H/2, W/2, channels).

    Args:
        channels: of the output.
        shortcut: whether there is a 1x1 convolution beside; without, it is the article's block less
            its shortcut.
    """

    def __init__(self, channels: int, shortcut: bool, **kwargs):
        super().__init__(**kwargs)
        self.conv1 = layers.Conv2D(channels, 3, padding="same", name="conv1")
        self.bn1 = BatchNorm(name="bn1")
        self.conv2 = layers.Conv2D(channels, 3, padding="same", name="conv2")
        self.bn2 = BatchNorm(name="bn2")
        self.shortcut = layers.Conv2D(channels, 1, name="shortcut") if shortcut else None

    def call(self, x: Tensor, training: bool | None = None) -> Tensor:
        y = ops.relu(self.bn1(self.conv1(x), training=training))
        y = self.bn2(self.conv2(y), training=training)
        y = y if self.shortcut is None else y + self.shortcut(x)
        return max_pool(ops.relu(y), 2)


class CifarNet(keras.Model):
    """Three blocks, each of which halves the image, then dense layers.

    Input shape: (B, H, W, 3). Output shape: (B, 10), logits.

    Args:
        channels: of the three blocks; 32, 64, 64 in the article.
        hidden: units of the dense layers before the last one.
        block: "plain", "bn_before", "bn_after", "residual" or, for the ablation, "no_shortcut".
        activation: "relu", or "prelu_channel", "prelu_layer", "prelu_element"; not in residual blocks.

    Raises:
        ValueError: there is no such block or activation.
    """

    def __init__(
        self,
        channels: tuple[int, int, int],
        hidden: tuple[int, ...],
        block: str = "plain",
        activation: str = "relu",
        **kwargs,
    ):
        super().__init__(**kwargs)
        require_block(block, activation)
        self.blocks = []
        for number, outputs in enumerate(channels, start=1):
            name = f"block{number}"
            if block in ("residual", "no_shortcut"):
                self.blocks.append(ResidualBlock(outputs, block == "residual", name=name))
            else:
                self.blocks.append(ConvBlock(outputs, block, activation, name=name))
        self.fc = [layers.Dense(units, name=f"fc{n}") for n, units in enumerate((*hidden, 10), start=1)]
        self.act = [_activation(activation, f"act{n}") for n in range(1, len(hidden) + 1)]

    def call(self, x: Tensor, training: bool | None = None) -> Tensor:
        for block in self.blocks:
            x = block(x, training=training)
        x = flatten_channels_first(x)
        for dense, activate in zip(self.fc[:-1], self.act, strict=True):
            # The article has dropout here, with probability 0.
            x = activate(dense(x))
        # PORT: the article ends in a log-softmax and feeds it to PyTorch's CrossEntropyLoss, which takes
        # logits; a second log-softmax changes nothing. Keras' loss is told `from_logits=True`.
        return self.fc[-1](x)


def _activation(activation: str, name: str) -> layers.Layer:
    if activation == "relu":
        return layers.ReLU(name=name)
    return PReLU(activation.removeprefix("prelu_"), name=name)


def require_block(block: str, activation: str) -> None:
    """Refuse what is no block of these nets."""
    if block not in BLOCKS:
        raise ValueError(f"block is one of {', '.join(BLOCKS)}, not {block!r}")
    if activation != "relu" and block in ("residual", "no_shortcut"):
        raise ValueError(f"{block!r} blocks have ReLU, not {activation!r}")
