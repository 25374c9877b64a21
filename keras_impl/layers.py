"""Pieces that several techniques are built from."""

from keras import KerasTensor as Tensor
from keras import ops


def flatten_channels_first(x: Tensor) -> Tensor:
    """A feature map -> (B, C H W), channel by channel, as in the articles."""
    # PORT: PyTorch's feature maps are (B, C, H, W) already; Keras' are (B, H, W, C) and must be
    # transposed first, or the dense layer behind would be given its features in another order.
    _, H, W, C = x.shape
    x = ops.transpose(x, (0, 3, 1, 2))  # (B, C, H, W)
    return ops.reshape(x, (-1, C * H * W))  # (B, C H W)


def max_pool(x: Tensor, size: int) -> Tensor:
    """The largest value of each size x size window; incomplete windows are dropped."""
    # PORT: PyTorch's stride defaults to the window; on jax `ops.max_pool` fails unless it is given.
    return ops.max_pool(x, size, strides=size)
