"""Large batches: linear scaling of the learning rate, gradual warmup, momentum correction.

Source: article 003, arXiv 1706.02677. Contract: crosscheck/specs/lr_scaling.py
"""

import keras
import numpy as np
from keras import KerasTensor as Tensor
from keras import ops

from crosscheck import optimizers
from crosscheck.optimizers import DROP


def scaled_learning_rate(base: float, batch_size: int, base_batch_size: int) -> float:
    """The linear scaling rule: k times the batch, k times the learning rate."""
    if batch_size < 1 or base_batch_size < 1:
        raise ValueError(f"a batch has 1 image or more, not {min(batch_size, base_batch_size)}")
    return base * batch_size / base_batch_size


def learning_rate(step: Tensor, peak: float, start: float, steps: int, milestones: tuple[int, ...]) -> Tensor:
    """An even rise from `start` to `peak` over the first steps; a tenth from each milestone on."""
    step = ops.cast(step, "float64")
    # Numpy scalars keep their 64 bits on every backend; Python's floats become float32 on some.
    rise = ops.minimum(step / np.float64(max(steps, 1)), np.float64(1)) if steps else np.float64(1)
    rate = np.float64(start) + np.float64(peak - start) * rise if steps else np.float64(peak)
    for milestone in milestones:
        rate = rate * ops.where(step >= np.float64(milestone), np.float64(DROP), np.float64(1))
    return rate


class WarmupSchedule(keras.optimizers.schedules.LearningRateSchedule):
    """`learning_rate` as Keras' schedules are: called by the optimizer with the number of steps so far.

    Args:
        peak: learning rate after the warmup.
        start: learning rate of the first step.
        steps: length of the warmup.
        milestones: steps at which the learning rate falls to a tenth.
    """

    def __init__(self, peak: float, start: float, steps: int, milestones: tuple[int, ...]):
        self.shape = peak, start, steps, milestones

    # PORT: PyTorch keeps the learning rate in the optimizer, as a Python float that the schedule writes
    # after each step; a Keras optimizer calls its schedule in each step, with the number of steps so far.
    def __call__(self, step: Tensor) -> Tensor:
        return learning_rate(step, *self.shape)


def corrected_momentum(velocity: Tensor, rate: Tensor, previous: Tensor) -> Tensor:
    """A velocity that contains the learning rate, brought from the last step's to this one's (eq. 10)."""
    # PORT: PyTorch's momentum buffer is free of the learning rate and needs no correction; Keras' SGD
    # keeps learning rate x gradient in it, and needs one whenever the learning rate changes.
    return velocity * (rate / previous)


def rates(settings: optimizers.Optimizer, steps: int) -> np.ndarray:
    """The learning rate that the optimizer has in each of the first steps."""
    shape = settings.warmup_start, settings.warmup_steps, settings.milestones
    schedule = WarmupSchedule(settings.learning_rate, *shape)
    return np.array([float(ops.convert_to_numpy(schedule(ops.convert_to_tensor(s)))) for s in range(steps)])


def native_steps(
    settings: optimizers.SGD, weight: np.ndarray, gradients: list[np.ndarray]
) -> dict[str, np.ndarray]:
    """The weight after some steps of the framework's own SGD under the schedule."""
    found = {}
    for name, corrected in (("SGD", False), ("SGD, corrected", True)):
        variable = keras.Variable(weight, dtype=str(weight.dtype))
        shape = settings.warmup_start, settings.warmup_steps, settings.milestones
        schedule = WarmupSchedule(settings.learning_rate, *shape)
        optimizer = keras.optimizers.SGD(schedule, momentum=settings.momentum)
        optimizer.build([variable])
        previous = None
        for rate, gradient in zip(rates(settings, len(gradients)), gradients, strict=True):
            if corrected and previous:
                for velocity in optimizer.momentums:
                    velocity.assign(corrected_momentum(velocity, rate, previous))
            optimizer.apply([ops.convert_to_tensor(gradient)], [variable])
            previous = rate
        found[name] = np.array(ops.convert_to_numpy(variable))
    return found
