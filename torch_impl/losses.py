"""The losses of the cases, by name."""

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor

from crosscheck.technique import Case
from torch_impl import implementation


def loss_function(technique_name: str, case: Case) -> Callable[[Tensor, Tensor], Tensor]:
    """The case's loss of (output, target), averaged over the batch."""
    if case.loss == "cross_entropy":
        return F.cross_entropy
    if case.loss == "squared_error":
        return F.mse_loss
    return getattr(implementation(technique_name), case.loss)
