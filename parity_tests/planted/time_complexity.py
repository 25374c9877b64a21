"""Mistakes in counting multiplications."""

from typing import Any

from parity_tests.faults import patch
from parity_tests.planted import fault

TORCH, KERAS = "torch_impl.techniques.time_complexity", "keras_impl.techniques.time_complexity"


def groups_ignored() -> None:
    """Every output is a sum over all inputs, though a group sees its own only."""

    def change(cost: Any) -> Any:
        def changed(step: Any, batch: int) -> Any:
            from dataclasses import replace

            return [replace(c, macs=c.macs * getattr(step.called, "groups", 1)) for c in cost(step, batch)]

        return changed

    patch(KERAS, "_costs", change)


def map_of_the_input() -> None:
    """The size of the input map is used, which is another wherever the map shrinks."""

    def change(cost: Any) -> Any:
        def changed(step: Any, batch: int) -> Any:
            from dataclasses import replace
            from math import prod

            found = cost(step, batch)
            if step.operation != "conv":
                return found
            x, y = step.arguments[0][0].shape[2:], step.results.shape[2:]
            return replace(found, macs=found.macs // prod(y) * prod(x))

        return changed

    patch(TORCH, "_cost", change)


def dense_forgotten() -> None:
    """Convolutions only, as in the paper's formula."""
    patch(TORCH, "DENSE", lambda _: ())


TORCH_MACS, KERAS_MACS = "result/macs/torch-oracle", "result/macs/keras-oracle"

FAULTS = (
    fault("groups_ignored", "keras", "cost_foldable", {KERAS_MACS}, {TORCH_MACS}),
    fault("map_of_the_input", "torch", "cost_rectangular", {TORCH_MACS}, {KERAS_MACS}),
    fault("dense_forgotten", "torch", "cost_rectangular", {TORCH_MACS, "result/names"}, {KERAS_MACS}),
)
