"""Both sides' courses of training, in terms of PyTorch's names and layouts."""

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from crosscheck.layouts import Weights
from crosscheck.ports import copying
from crosscheck.ports.comparison import KEY, Ports
from crosscheck.ports.divergence import keras_order
from crosscheck.ports.recipe import THEIRS, Loss, LossValue, Recipe, Steps
from crosscheck.ports.training_steps import DOUBLE, SINGLE, Precision, StepParted, parted


class Courses:
    """Trains the models that are open, and leaves them as they are.

    Args:
        ports: the models.
        target: as PyTorch's loss takes it.
        steps: how many.
    """

    def __init__(self, ports: Ports, target: np.ndarray, steps: int) -> None:
        self.ports, self.target, self.steps = ports, target, steps
        self.held, self.there = copying.names(ports.pairs)
        self.rows = ports.rows
        self.precision = DOUBLE if ports.sides.backend == "tensorflow" else SINGLE
        self.torch = (KEY, ports.inputs, target, self.held)
        self.keras = (KEY, ports.keras_inputs, target, self.there)

    def both(self, function: str) -> tuple[Any, Any]:
        """What a function of `recipes.py` says on either side."""
        torch = self.ports.sides.torch.submit(f"torch_impl.recipes:{function}", *self.torch, self.steps)
        keras = self.ports.sides.keras.submit(f"keras_impl.recipes:{function}", *self.keras, self.steps)
        try:
            found = self.ports.sides.torch.result(torch)
        finally:
            there = self.ports.sides.keras.result(keras)
        if function == "train":
            weights = tuple(self.rows.from_keras(weights) for weights in there.weights)
            there = Steps(there.losses, weights, there.penalties)
        return found, there

    def emulated(self, recipe: Recipe, steps: int = 0) -> Steps:
        """PyTorch's model trained by a recipe."""
        values: list[LossValue] = []
        steps = steps or self.steps
        while recipe.loss.kind == THEIRS and len(values) < steps:
            output = self._emulated(recipe, len(values) + 1, values).output
            assert output is not None
            values += self.keras_losses([output])
        return self._emulated(recipe, steps, values)

    def _emulated(self, recipe: Recipe, steps: int, values: list[LossValue]) -> Steps:
        given = (*self.torch, steps, recipe, values)
        return self.ports.sides.torch.call("torch_impl.retraining:emulate", *given)

    def nudged(self, weights: Weights, precision: Precision) -> Steps:
        """PyTorch's course when it begins with other last digits: rounding as training amplifies it."""
        generator, digit = np.random.default_rng(0), precision.digit
        moved = {n: w * (1 + digit * generator.choice((-1, 1), w.shape)) for n, w in weights.items()}
        side = self.ports.sides.torch
        side.call("torch_impl.trace:set_weights", KEY, self.held, moved)
        try:
            return side.call("torch_impl.recipes:train", *self.torch, self.steps)
        finally:
            side.call("torch_impl.trace:set_weights", KEY, self.held, weights)

    def parted(self, torch: Steps, keras: Steps, names: list[str]) -> list[StepParted]:
        """How far apart they are, as exactly as Keras computes."""
        return parted(torch, keras, names, self.precision)

    def output(self) -> np.ndarray | None:
        """PyTorch's before the first step; None where it is not one tensor."""
        return self.ports.sides.torch.call("torch_impl.loss_values:first", *self.torch[:2])

    def torch_losses(self, outputs: list[np.ndarray], words: Loss | None = None) -> list[LossValue]:
        """PyTorch's loss, or one in words, at outputs."""
        given = (KEY, outputs, self.target, words)
        return self.ports.sides.torch.call("torch_impl.loss_values:values", *given)

    def keras_losses(self, outputs: list[np.ndarray]) -> list[LossValue]:
        """Keras' loss at outputs that PyTorch has, and gradients in their order."""
        order = self._order
        there = [order(output) for output in outputs]
        found = self.ports.sides.keras.call("keras_impl.loss_values:values", KEY, there, self.target)
        places = order(np.arange(outputs[0].size).reshape(outputs[0].shape)).ravel()
        return [LossValue(f.loss, _put(f.gradient, places, outputs[0].shape)) for f in found]

    @cached_property
    def _order(self) -> Callable[[np.ndarray], np.ndarray]:
        """What brings PyTorch's output into Keras' order: seen in evaluation mode."""
        sides = self.ports.sides
        ours = sides.torch.call("torch_impl.trace:run", KEY, self.ports.inputs, True)
        there = sides.keras.call("keras_impl.trace:outputs", KEY, self.ports.keras_inputs)[0]
        return keras_order(ours.values[self.ports.torch.outputs[0]], there.shape, there)


def _put(values: np.ndarray, places: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Values back where they come from."""
    found = np.empty(values.size, values.dtype)
    found[places] = values.ravel()
    return found.reshape(shape)
