"""Batch norm made of plain operations, whose sums are taken axis by axis; `keras_impl` needs none."""

import numpy as np
import torch
from torch import Tensor, nn

from crosscheck.layouts import Weights
from crosscheck.optimizers import Optimizer
from torch_impl.training import courses, trainer_for


class AxiswiseBatchNorm(nn.BatchNorm2d):
    """What `nn.BatchNorm2d` computes, rounded less (float64, or channels last in memory).

    Input and output shape: (B, C, H, W).
    """

    def total(self, x: Tensor) -> Tensor:
        """The sum of every channel, (C,)."""
        return x.sum(3).sum(2).sum(0)

    def count(self, x: Tensor) -> Tensor:
        """How many values each channel has."""
        return x.new_tensor(x[:, 0].numel())

    def forward(self, x: Tensor) -> Tensor:
        """x and result: (B, C, H, W)."""
        if not self.training:
            return super().forward(x)
        given, x = x, x.to(self.running_mean.dtype)  # moments of bfloat16 would lose too much
        n = self.count(x)
        mean = self.total(x) / n
        centred = x - mean[:, None, None]
        variance = self.total(centred.square()) / n
        with torch.no_grad():
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * (n / (n - 1)), self.momentum)
            self.num_batches_tracked.add_(1)
        y = centred / torch.sqrt(variance + self.eps)[:, None, None]
        y = y * self.weight[:, None, None] + self.bias[:, None, None] if self.affine else y
        return y.to(given.dtype)


def replace_norms(model: nn.Module, kind: type[AxiswiseBatchNorm]) -> None:
    """Make every batch norm of a model one of this class; parameters and names stay as they are."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.__class__ = kind


def trajectory(
    technique_name: str,
    case_name: str,
    dtype: str,
    optimizer: Optimizer,
    starts: list[Weights],
    x: np.ndarray,
    y: np.ndarray,
    states: list[Weights] | None = None,
) -> list[tuple[np.ndarray, Weights, Weights]]:
    """As `training.trajectory`, with every batch norm summed axis by axis."""
    trainer = trainer_for(technique_name, case_name, dtype, optimizer, starts[0], len(x))
    replace_norms(trainer.model, AxiswiseBatchNorm)
    return courses(trainer, starts, x, y, states)
