"""PReLU: a ReLU whose slope for negative inputs is learned.

Source: article 002, arXiv 1502.01852. Contract: crosscheck/specs/prelu.py
"""

import numpy as np
from keras import KerasTensor as Tensor
from keras import initializers, layers, ops

from keras_impl.probe import Probe


def prelu(x: Tensor, alpha: Tensor) -> Tensor:
    """x where it is positive, alpha x elsewhere; alpha broadcasts against x."""
    # PORT: at exactly 0 the gradient is alpha, as in PyTorch's own PReLU and in the paper's formula.
    # Keras' layer computes relu(x) - alpha relu(-x), whose gradient at 0 is 0.
    return ops.where(x > 0, x, alpha * x)


class PReLU(layers.Layer):
    """A learned slope for each channel, for the whole layer, or for each element.

    Input and output shape: (B, H, W, C) or (B, C).

    Args:
        sharing: "channel" (a slope a channel, the paper's), "layer" (one in all) or "element".

    Raises:
        ValueError: there is no such sharing, or the input has another shape.
    """

    # PORT: by default PyTorch's PReLU shares one slope in the layer and begins at 0.25; Keras' shares
    # none, so that every element has its own, and begins at 0.
    def __init__(self, sharing: str, **kwargs):
        super().__init__(**kwargs)
        require_sharing(sharing)
        self.sharing = sharing

    def build(self, input_shape):
        in_shape = tuple(input_shape[1:])
        ones = (1,) * (len(in_shape) - 1)
        # PORT: PyTorch's channels come before the pixels, so that a slope a channel must be given axes
        # to broadcast over; Keras keeps those axes, of length 1, in the parameter itself.
        shape = {"channel": (*ones, in_shape[-1]), "layer": (*ones, 1), "element": in_shape}[self.sharing]
        self.alpha = self.add_weight(shape=shape, initializer=initializers.Constant(0.25), name="alpha")
        axes = dict(enumerate(in_shape, start=1))
        self.input_spec = layers.InputSpec(ndim=len(input_shape), axes=axes)

    def call(self, x: Tensor) -> Tensor:
        return prelu(x, self.alpha)


def require_sharing(sharing: str) -> None:
    """Refuse what is no way to share slopes."""
    if sharing not in ("channel", "layer", "element"):
        raise ValueError(f'sharing is "channel", "layer" or "element", not {sharing!r}')


def native_gradient_at_zero(alpha: float) -> float:
    """The gradient of the framework's own PReLU at an input of exactly 0."""
    layer = layers.PReLU(alpha_initializer=initializers.Constant(alpha))
    layer.build((1, 1))
    probe = Probe(layer, (1, 1), (1, 1), lambda _, y: y)
    probe.run(np.zeros((1, 1), "float32"), np.zeros((1, 1), "float32"))
    return float(ops.convert_to_numpy(probe.input_gradient()).item())
