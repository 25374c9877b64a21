"""PReLU: a ReLU whose slope for negative inputs is learned.

Source: article 002, arXiv 1502.01852. Contract: crosscheck/specs/prelu.py
"""

import torch
from torch import Tensor, nn


def prelu(x: Tensor, alpha: Tensor) -> Tensor:
    """x where it is positive, alpha x elsewhere; alpha broadcasts against x."""
    # PORT: at exactly 0 the gradient is alpha, as in PyTorch's own PReLU and in the paper's formula.
    # Keras' layer computes relu(x) - alpha relu(-x), whose gradient at 0 is 0.
    return torch.where(x > 0, x, alpha * x)


class PReLU(nn.Module):
    """A learned slope for each channel, for the whole layer, or for each element.

    Input and output shape: (B, C, H, W) or (B, C).

    Args:
        in_shape: (C, H, W) or (C,), of one image.
        sharing: "channel" (a slope a channel, the paper's), "layer" (one in all) or "element".

    Raises:
        ValueError: there is no such sharing, or the input has another shape.
    """

    # PORT: by default PyTorch's PReLU shares one slope in the layer and begins at 0.25; Keras' shares
    # none, so that every element has its own, and begins at 0.
    def __init__(self, in_shape: tuple[int, ...], sharing: str):
        super().__init__()
        require_sharing(sharing)
        self.in_shape = tuple(in_shape)
        self.sharing = sharing
        shape = {"channel": self.in_shape[:1], "layer": (1,), "element": self.in_shape}[sharing]
        self.weight = nn.Parameter(torch.full(shape, 0.25))

    def forward(self, x: Tensor) -> Tensor:
        if x.shape[1:] != self.in_shape:
            raise ValueError(f"expected an input of shape (batch, *{self.in_shape}), got {tuple(x.shape)}")
        # PORT: PyTorch's channels come before the pixels, so that a slope a channel must be given axes
        # to broadcast over; Keras keeps those axes, of length 1, in the parameter itself.
        spread = self.sharing == "channel" and x.ndim == 4
        return prelu(x, self.weight[:, None, None] if spread else self.weight)


def require_sharing(sharing: str) -> None:
    """Refuse what is no way to share slopes."""
    if sharing not in ("channel", "layer", "element"):
        raise ValueError(f'sharing is "channel", "layer" or "element", not {sharing!r}')


def native_gradient_at_zero(alpha: float) -> float:
    """The gradient of the framework's own PReLU at an input of exactly 0."""
    x = torch.zeros(1, 1, requires_grad=True)
    nn.PReLU(init=alpha)(x).sum().backward()
    return float(x.grad)
