"""Mistakes in porting the check of one batch: a check that does not notice is no check."""

from typing import Any

from parity_tests.faults import patch
from parity_tests.planted import fault

TORCH, KERAS = "torch_impl.techniques.overfit_one_batch", "keras_impl.techniques.overfit_one_batch"
TORCH_VERDICT, KERAS_VERDICT = "result/verdict/torch-oracle", "result/verdict/keras-oracle"


def softmax_before_logits() -> None:
    """A softmax before a loss that takes logits."""
    from keras_impl.techniques import overfit_one_batch as check

    patch(KERAS, "LOSSES", lambda losses: {**losses, "cross_entropy": check.softmax_twice})


def frozen_layer_not_noticed() -> None:
    """A frozen layer is taken for one that trains."""
    patch(KERAS, "is_frozen", lambda _: lambda layer: False)


def labels_moved_on() -> None:
    """The labels are shuffled from step to step, the images are not."""

    def change(learn: Any) -> Any:
        import torch

        def changed(model: Any, loss: Any, x: Any, labels: Any, plan: Any) -> Any:
            rolled = torch.stack([row.roll(step) for step, row in enumerate(labels)])
            return learn(model, loss, x, rolled, plan)

        return changed

    patch(TORCH, "learn", change)


FAULTS = (
    fault(
        "softmax_before_logits",
        "keras",
        "passes",
        {KERAS_VERDICT, "result/losses/torch-keras"},
        {TORCH_VERDICT, "result/initial_loss/torch-oracle"},
    ),
    fault(
        "frozen_layer_not_noticed",
        "keras",
        "frozen",
        {KERAS_VERDICT},
        {TORCH_VERDICT, "result/losses/torch-keras"},
    ),
    fault(
        "labels_moved_on",
        "torch",
        "passes",
        {TORCH_VERDICT, "result/hits/torch-oracle", "result/losses/torch-keras"},
        {KERAS_VERDICT, "result/hits/keras-oracle", "result/initial_loss/torch-oracle"},
    ),
)
