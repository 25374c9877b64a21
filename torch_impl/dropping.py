"""Dropout of a user's PyTorch model: switched off, and noted; `keras_impl/dropping.py` is its mirror."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor

from crosscheck.ports.program import Drop

# Functions that drop, also called by the modules: what they drop, and whether they do so unless told.
FUNCTIONS = {
    "dropout": ("elements", True),
    "dropout1d": ("maps", True),
    "dropout2d": ("maps", True),
    "dropout3d": ("maps", True),
    "alpha_dropout": ("elements as in SELU nets", False),
    "feature_alpha_dropout": ("maps as in SELU nets", False),
}


@contextmanager
def dropping_nothing(noted: list[Drop] | None = None) -> Iterator[None]:
    """Within the block PyTorch's functions drop nothing.

    Args:
        noted: is given what would be dropped otherwise.
    """
    noted = [] if noted is None else noted
    attention = F.scaled_dot_product_attention
    kept = {name: getattr(F, name) for name in FUNCTIONS} | {"scaled_dot_product_attention": attention}
    for name, (what, unless_told) in FUNCTIONS.items():
        setattr(F, name, _kept_whole(what, unless_told, noted))

    # Its fourth argument is a mask, the fifth the rate of dropout.
    def attending(q, k, v, mask=None, dropout_p=0.0, *rest, **named):
        if dropout_p > 0:
            noted.append(Drop("elements", dropout_p))
        return attention(q, k, v, named.pop("attn_mask", mask), 0.0, *rest, **named)

    F.scaled_dot_product_attention = attending
    try:
        yield
    finally:
        for name, function in kept.items():
            setattr(F, name, function)


def _kept_whole(what: str, unless_told: bool, noted: list[Drop]) -> Callable[..., Tensor]:
    # Named as PyTorch does: any may be given by name.
    def dropout(input: Tensor, p: float = 0.5, training: bool = unless_told, inplace: bool = False):  # noqa: A002
        if training and p > 0:
            noted.append(Drop(what, p))
        return torch.dropout(input, 0.0, False)

    return dropout
