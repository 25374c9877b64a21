"""Weight decay and L2 regularisation for SGD, SGD with momentum, and Adam.

Source: article 002, arXiv 1711.05101. Contract: crosscheck/specs/weight_decay.py
"""

import math

import keras
import numpy as np
from keras import KerasTensor as Tensor
from keras import Variable, ops

from crosscheck import optimizers
from keras_impl.techniques.gradient_clipping import Clipping
from keras_impl.techniques.lr_scaling import WarmupSchedule


def options(settings: optimizers.Optimizer, decayed: list[Variable]) -> dict:
    """What all optimizers are told: the schedule, decoupled weight decay, L2 and clipping."""
    schedule = WarmupSchedule(
        settings.learning_rate, settings.warmup_start, settings.warmup_steps, settings.milestones
    )
    return {
        "learning_rate": settings.learning_rate if settings.constant else schedule,
        # PORT: `weight_decay` of PyTorch's SGD and Adam is L2, added to the gradient; of Keras' SGD and
        # Adam it is decoupled. L2 is a penalty on the loss there (`kernel_regularizer=L2(l2 / 2)`, since
        # Keras' has no 1/2), or, as here, added to the gradient after clipping.
        "weight_decay": settings.weight_decay or None,
        "l2": settings.l2,
        "decayed": decayed,
        "global_norm": settings.global_norm,
        "variable_norm": settings.variable_norm,
    }


class L2(Clipping):
    """L2 on some of the variables, added to the clipped gradient: mix it in before the optimizer.

    Args:
        decayed: the variables that it applies to.
        l2: what their values are multiplied by; 0 is off.
        options: of `Clipping` and of the optimizer.
    """

    def __init__(self, decayed: list[Variable], l2: float, **options):
        super().__init__(**options)
        self.l2 = l2
        # Not the list itself: Keras would take its variables for the optimizer's own state.
        self.decayed = frozenset(id(variable) for variable in decayed)

    def build(self, variables: list[Variable]) -> None:
        """What Keras calls before the first step."""
        super().build(variables)
        # By number: some backends hand `update_step` their own variables instead of Keras'.
        self.penalized = frozenset(n for n, variable in enumerate(variables) if id(variable) in self.decayed)

    def with_l2(self, gradient: Tensor, variable: Variable) -> Tensor:
        """The gradient, with L2 where it applies."""
        penalized = self.l2 and self._get_variable_index(variable) in self.penalized
        return gradient + self.l2 * variable if penalized else gradient


class SGD(L2, keras.optimizers.SGD):
    """SGD whose momentum is free of the learning rate, with L2 on some of the variables.

    Args:
        settings: the hyper-parameters.
        decayed: the variables that L2 applies to.
    """

    def __init__(self, settings: optimizers.SGD, decayed: list[Variable]):
        shared = options(settings, decayed)
        super().__init__(**shared, momentum=settings.momentum, nesterov=settings.nesterov)

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Tensor) -> None:
        """One step of one variable."""
        rate = ops.cast(learning_rate, variable.dtype)
        gradient = self.with_l2(gradient, variable)
        if self.momentum:
            # Keras' own keeps learning rate x gradient in the momentum, which goes wrong when the
            # learning rate changes; see `corrected_momentum`.
            buffer = self.momentums[self._get_variable_index(variable)]
            velocity = self.momentum * buffer + gradient
            self.assign(buffer, velocity)
            gradient = gradient + self.momentum * velocity if self.nesterov else velocity
        self.assign_sub(variable, rate * gradient)


class Adam(L2, keras.optimizers.Adam):
    """Adam with the paper's (and PyTorch's) epsilon, and L2 on some of the variables.

    Args:
        settings: the hyper-parameters.
        decayed: the variables that L2 applies to.
    """

    def __init__(self, settings: optimizers.Adam, decayed: list[Variable]):
        betas = {"beta_1": settings.beta_1, "beta_2": settings.beta_2}
        super().__init__(**options(settings, decayed), **betas, epsilon=settings.epsilon)

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Tensor) -> None:
        """One step of one variable."""
        rate = ops.cast(learning_rate, variable.dtype)
        index = self._get_variable_index(variable)
        gradient = self.with_l2(gradient, variable)
        mean, square = self._momentums[index], self._velocities[index]
        # Not the old ones plus a share of the difference: where a beta is near 0, that cancels.
        self.assign(mean, self.beta_1 * mean + (1 - self.beta_1) * gradient)
        self.assign(square, self.beta_2 * square + (1 - self.beta_2) * ops.square(gradient))
        # PORT: PyTorch's epsilon stands beside the root of the corrected v, Keras' beside the root of the
        # uncorrected one, so that no constant makes them equal; and their defaults are 1e-8 and 1e-7.
        root = ops.sqrt(square) / ops.sqrt(self.correction(self.beta_2, variable.dtype)) + self.epsilon
        self.assign_sub(variable, rate / self.correction(self.beta_1, variable.dtype) * mean / root)

    def correction(self, beta: float, dtype: str) -> Tensor:
        """1 - beta^step, without the cancellation that costs float32 four digits at beta = 0.999."""
        step = ops.cast(self.iterations + 1, dtype)
        return -ops.expm1(step * math.log(beta)) if beta else ops.ones((), dtype)


def make_optimizer(
    settings: optimizers.Optimizer, decayed: list[Variable], others: list[Variable]
) -> keras.Optimizer:
    """The Keras optimizer of these hyper-parameters; only `decayed` feel L2 and weight decay.

    Raises:
        ValueError: PyTorch's Adam cannot do both, L2 and decoupled weight decay, at once.
    """
    rule = SGD if isinstance(settings, optimizers.SGD) else Adam
    if rule is Adam and settings.l2 and settings.weight_decay:
        raise ValueError("Adam takes l2 or weight_decay, not both")
    optimizer = rule(settings, decayed)
    # PORT: PyTorch's weight decay reaches every parameter of a group, biases and slopes of PReLU as
    # well; Keras' every variable that is not excluded. So the parameters are told apart on both sides.
    if settings.weight_decay and others:
        optimizer.exclude_from_weight_decay(var_list=others)
    return optimizer


def native_steps(weight: np.ndarray, gradients: list[np.ndarray], decay: float) -> dict[str, np.ndarray]:
    """The weight after some steps of the framework's own optimizers, by their names and arguments."""
    # Numbers that float32 holds exactly, since Keras passes them through it.
    rules = {
        "SGD(weight_decay)": lambda: keras.optimizers.SGD(0.0625, 0.875, weight_decay=decay),
        "Adam(weight_decay)": lambda: keras.optimizers.Adam(2**-7, weight_decay=decay),
        "Adam()": lambda: keras.optimizers.Adam(2**-7),
    }
    found = {}
    for name, rule in rules.items():
        variable, optimizer = Variable(weight, dtype=str(weight.dtype)), rule()
        for gradient in gradients:
            optimizer.apply([ops.convert_to_tensor(gradient)], [variable])
        found[name] = np.array(ops.convert_to_numpy(variable))
    return found
