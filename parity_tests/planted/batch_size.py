"""Mistakes in porting another batch size."""

from typing import Any

from parity_tests.faults import patch
from parity_tests.planted import fault

TORCH, KERAS = "torch_impl.techniques.batch_size", "keras_impl.techniques.batch_size"


def partial_batch_dropped() -> None:
    """The number of batches is rounded down."""
    patch(KERAS, "_Epoch.__len__", lambda _: lambda self: len(self.order) // self.batch_size)


def shuffled_by_itself() -> None:
    """PyTorch's loader is told to shuffle, and the order that was given is not used."""

    def change(_: Any) -> Any:
        import torch
        from torch.utils.data import DataLoader, TensorDataset

        def batches(images: Any, labels: Any, order: Any, batch_size: int) -> Any:
            seeded = torch.Generator().manual_seed(0)
            return DataLoader(TensorDataset(images, labels), batch_size, shuffle=True, generator=seeded)

        return batches

    patch(TORCH, "batches", change)


def every_batch_alike() -> None:
    """The mean of the batches' means, as in the article, where images should count."""
    patch(TORCH, "weighted_mean", lambda _: lambda figures, sizes: sum(figures) / len(figures))


TORCH_SIZES, KERAS_SIZES = "result/sizes/torch-oracle", "result/sizes/keras-oracle"
TORCH_MEAN, KERAS_MEAN = "result/weighted/torch-oracle", "result/weighted/keras-oracle"

FAULTS = (
    fault(
        "partial_batch_dropped",
        "keras",
        "epoch_8",
        {KERAS_SIZES, KERAS_MEAN},
        {TORCH_SIZES, TORCH_MEAN, "result/over_all_images/keras-oracle"},
    ),
    fault(
        "shuffled_by_itself", "torch", "epoch_8", {"result/labels/torch-oracle"}, {TORCH_SIZES, TORCH_MEAN}
    ),
    fault("every_batch_alike", "torch", "epoch_16", {TORCH_MEAN}, {KERAS_MEAN, TORCH_SIZES}),
    fault(
        "every_batch_alike",
        "torch",
        "parts",
        {"result/weighted_16_is_whole/torch-oracle", "result/weighted_16_fc3_bias/torch-oracle"},
        {"result/weighted_8_is_whole/torch-oracle", "result/weighted_16_is_whole/keras-oracle"},
    ),
)
