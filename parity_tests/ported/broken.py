"""Models of both frameworks that cannot be compared. Each function imports its own framework."""

from typing import Any


def torch_dense() -> Any:
    """PyTorch: dense."""
    from torch import nn

    return nn.Linear(6, 3)


def keras_dense() -> Any:
    """Keras: dense."""
    from keras import Input, Model, layers

    x = Input((6,))
    return Model(x, layers.Dense(3)(x))


def torch_drawing() -> Any:
    """PyTorch: drawing."""
    import torch
    from torch import nn

    class Drawing(nn.Linear):
        def forward(self, x: Any) -> Any:
            return super().forward(x) + torch.randn(3)

    return nn.Sequential(Drawing(6, 3), nn.Linear(3, 3))


def keras_drawing() -> Any:
    """Keras: drawing."""
    from keras import Input, Model, layers, ops, random

    class Drawing(layers.Layer):
        def call(self, x: Any) -> Any:
            return x + random.normal(ops.shape(x))

    x = Input((6,))
    return Model(x, Drawing(name="drawing")(layers.Dense(3)(x)))


def keras_inside() -> Any:
    """Keras: inside."""
    from keras import Input, Model, layers, ops

    class Inside(layers.Layer):
        def call(self, x: Any) -> Any:
            return ops.matmul(x, x)

    x = Input((6,), batch_size=4)
    return Model(x, Inside()(layers.Dense(3)(x)))


def torch_too_large() -> Any:
    """PyTorch: too large."""
    import torch
    from torch import nn

    class TooLarge(nn.Linear):
        def forward(self, x: Any) -> Any:
            torch.empty(10**15)
            return super().forward(x)

    return TooLarge(6, 3)


def killed() -> Any:
    """Killed."""
    import os
    import signal

    os.kill(os.getpid(), signal.SIGKILL)


def leaving() -> Any:
    """Leaving."""
    raise SystemExit(3)
