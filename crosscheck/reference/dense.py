"""Dense layers and the order in which feature maps are flattened."""

import numpy as np


def dense(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray | None = None) -> np.ndarray:
    """y = x @ kernel + bias on the last axis; x (..., I), kernel (I, O), bias (O,) -> (..., O)."""
    y = x @ kernel
    return y if bias is None else y + bias


def block_dense(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray | None = None) -> np.ndarray:
    """A dense layer of its own for every block; x (B, S, I), kernel (S, I, O), bias (S, O) -> (B, S, O)."""
    y = np.einsum("bsi,sio->bso", x, kernel)
    return y if bias is None else y + bias


def flatten_channels_first(x: np.ndarray) -> np.ndarray:
    """(B, H, W, C) -> (B, C H W), channel by channel: the order in which PyTorch flattens."""
    return x.transpose(0, 3, 1, 2).reshape(len(x), -1)
