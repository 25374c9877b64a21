"""Optimizers as data: hyper-parameters that mean the same number on both sides."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class SGD:
    """Stochastic gradient descent with momentum: m <- momentum m + g, w <- w - learning_rate m.

    Attributes:
        learning_rate: constant.
        momentum: 0 for none; not Nesterov's.
    """

    learning_rate: float
    momentum: float = 0.0

    def __post_init__(self) -> None:
        # PORT: Keras passes hyper-parameters through float32, even for float64 weights: 0.9 becomes
        # 0.89999998. Rounding them here hands both frameworks the very same number; a float64
        # trajectory then agrees to 1e-15, and to no better than 1e-3 without.
        for name in ("learning_rate", "momentum"):
            object.__setattr__(self, name, float(np.float32(getattr(self, name))))


Optimizer = SGD
