"""Optimizers as data: hyper-parameters that mean the same number on both sides."""

from dataclasses import asdict, dataclass, fields
from itertools import pairwise
from typing import Any

import numpy as np

# What a milestone does to the learning rate.
DROP = 0.1


def require(holds: bool, rule: str, given: object) -> None:
    """Raise ValueError unless it holds; a NaN never does."""
    if not holds:
        raise ValueError(f"{rule}, not {given}")


@dataclass(frozen=True)
class Optimizer:
    """What all optimizers have in common; the order of events in a step is clip, decay, update.

    Attributes:
        learning_rate: after the warmup and before the first milestone.
        l2: lambda of the penalty lambda/2 |w|^2 on kernels; lambda w joins the (clipped) gradient.
        weight_decay: decoupled: kernels lose learning rate x this share of themselves in each step.
        global_norm: the gradient of all parameters together is scaled down to this norm; 0 is off.
        variable_norm: the gradient of each parameter alone is scaled down to this norm; 0 is off.
        warmup_start: learning rate of the first step, from where it rises evenly.
        warmup_steps: after so many steps `learning_rate` is reached; 0 is no warmup.
        milestones: steps before each of which the learning rate falls to a tenth.

    Raises:
        ValueError: a number that makes no sense; PyTorch and Keras each take some that the other refuses.
    """

    learning_rate: float
    l2: float = 0.0
    weight_decay: float = 0.0
    global_norm: float = 0.0
    variable_norm: float = 0.0
    warmup_start: float = 0.0
    warmup_steps: int = 0
    milestones: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        # PORT: Keras passes hyper-parameters through float32, even for float64 weights: 0.9 becomes
        # 0.89999998. Rounding them here hands both frameworks the very same number; float64 steps on
        # given gradients then agree to 1e-15, and to about 1e-7 without, which training amplifies.
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, float):
                object.__setattr__(self, field.name, float(np.float32(value)))
        self._check()

    def _check(self) -> None:
        """Refuse what one framework takes and the other does not, or what makes no sense."""
        require(self.learning_rate > 0, "learning_rate is above 0", self.learning_rate)
        for name in ("l2", "weight_decay", "global_norm", "variable_norm", "warmup_start", "warmup_steps"):
            require(getattr(self, name) >= 0, f"{name} is 0 or more", getattr(self, name))
        rising = all(a < b for a, b in pairwise((-1, *self.milestones)))
        require(rising, "milestones are steps, 0 or more and each after the one before", self.milestones)

    @property
    def constant(self) -> bool:
        """Whether the learning rate never changes."""
        return not (self.warmup_steps or self.milestones)

    def facts(self) -> dict[str, Any]:
        """The name and everything that is not at its default, for files."""
        defaults = {field.name: field.default for field in fields(self)}
        changed = {name: value for name, value in asdict(self).items() if value != defaults[name]}
        return {"name": type(self).__name__, **changed}


@dataclass(frozen=True)
class SGD(Optimizer):
    """Stochastic gradient descent with momentum: m <- momentum m + g, w <- w - learning_rate m.

    Attributes:
        momentum: 0 for none.
        nesterov: w <- w - learning_rate (g + momentum m) instead.
    """

    momentum: float = 0.0
    nesterov: bool = False

    def _check(self) -> None:
        super()._check()
        require(0 <= self.momentum < 1, "momentum is at least 0 and below 1", self.momentum)
        require(bool(self.momentum) or not self.nesterov, "nesterov needs a momentum", self.momentum)


@dataclass(frozen=True)
class Adam(Optimizer):
    """Adam (arXiv 1412.6980): w <- w - learning_rate m' / (sqrt(v') + epsilon).

    m and v are the moving averages of g and g^2, m' and v' the same with their bias corrected.

    Attributes:
        beta_1: weight of the old m.
        beta_2: weight of the old v.
        epsilon: beside the root of the corrected v, as in the paper's algorithm and in PyTorch.
    """

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8

    def _check(self) -> None:
        super()._check()
        for name in ("beta_1", "beta_2"):
            require(0 <= getattr(self, name) < 1, f"{name} is at least 0 and below 1", getattr(self, name))
        require(self.epsilon >= 0, "epsilon is 0 or more", self.epsilon)
