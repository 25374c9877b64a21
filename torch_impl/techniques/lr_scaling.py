"""Large batches: linear scaling of the learning rate, gradual warmup, momentum correction.

Source: article 003, arXiv 1706.02677. Contract: crosscheck/specs/lr_scaling.py
"""

import numpy as np
import torch

from crosscheck import optimizers
from crosscheck.optimizers import DROP
from torch_impl import adapter


def scaled_learning_rate(base: float, batch_size: int, base_batch_size: int) -> float:
    """The linear scaling rule: k times the batch, k times the learning rate."""
    if batch_size < 1 or base_batch_size < 1:
        raise ValueError(f"a batch has 1 image or more, not {min(batch_size, base_batch_size)}")
    return base * batch_size / base_batch_size


def learning_rate(step: int, peak: float, start: float, steps: int, milestones: tuple[int, ...]) -> float:
    """An even rise from `start` to `peak` over the first steps; a tenth from each milestone on."""
    rate = start + (peak - start) * min(step / steps, 1) if steps else peak
    return rate * DROP ** sum(step >= milestone for milestone in milestones)


class WarmupSchedule(torch.optim.lr_scheduler.LRScheduler):
    """`learning_rate` as PyTorch's schedules are: stepped by hand, after the optimizer.

    Args:
        optimizer: whose learning rate is set.
        peak: learning rate after the warmup.
        start: learning rate of the first step.
        steps: length of the warmup.
        milestones: steps at which the learning rate falls to a tenth.
    """

    def __init__(
        self,
        optimizer: torch.optim.Optimizer,
        peak: float,
        start: float,
        steps: int,
        milestones: tuple[int, ...],
    ):
        self.shape = peak, start, steps, milestones
        super().__init__(optimizer)

    # PORT: PyTorch keeps the learning rate in the optimizer, as a Python float that the schedule writes
    # after each step; a Keras optimizer calls its schedule in each step, with the number of steps so far.
    def get_lr(self) -> list[float]:
        """The learning rate of the coming step, for each group."""
        return [learning_rate(self.last_epoch, *self.shape) for _ in self.optimizer.param_groups]

    def go_to(self, step: int) -> None:
        """Go on as if so many steps had been taken."""
        self.last_epoch = step
        for group, rate in zip(self.optimizer.param_groups, self.get_lr(), strict=True):
            group["lr"] = rate


def rates(settings: optimizers.Optimizer, steps: int) -> np.ndarray:
    """The learning rate that the optimizer has in each of the first steps."""
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], settings.learning_rate)
    shape = settings.warmup_start, settings.warmup_steps, settings.milestones
    schedule = WarmupSchedule(optimizer, settings.learning_rate, *shape)
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return np.array(found)


def native_steps(
    settings: optimizers.SGD, weight: np.ndarray, gradients: list[np.ndarray]
) -> dict[str, np.ndarray]:
    """The weight after some steps of the framework's own SGD under the schedule."""
    # PORT: PyTorch's momentum buffer is free of the learning rate and needs no correction; Keras' SGD
    # keeps learning rate x gradient in it, and needs one whenever the learning rate changes.
    parameter = torch.nn.Parameter(adapter.placed(weight))
    optimizer = torch.optim.SGD([parameter], settings.learning_rate, settings.momentum)
    for rate, gradient in zip(rates(settings, len(gradients)), gradients, strict=True):
        optimizer.param_groups[0]["lr"] = float(rate)
        parameter.grad = adapter.placed(gradient)
        optimizer.step()
    return {"SGD": adapter.fetched(parameter)}
