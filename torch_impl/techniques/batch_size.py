"""Batches of another size: cutting an epoch, and what its means and gradients weigh.

Source: article 004. Contract: crosscheck/specs/batch_size.py
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset


def batches(images: Tensor, labels: Tensor, order: Tensor, batch_size: int) -> DataLoader:
    """An epoch in a given order, cut into batches; the last one may be smaller and is kept.

    Args:
        images: (N, C, H, W).
        labels: (N,).
        order: (n,) which image comes when; whole numbers, 0 ... N - 1.
        batch_size: images of a batch.

    Returns:
        yields (images, labels) of each batch.

    Raises:
        ValueError: there are not as many labels as images, the order is none, or the size is below 1.
    """
    require_epoch(images, labels, order, batch_size)
    # PORT: the order is handed over, since the frameworks' own shuffling never agrees. PyTorch's loader
    # takes it as a sampler. Keras' `fit` shuffles the batches of a PyDataset unless told
    # `shuffle=False`, and the partial batch with them.
    # PORT: PyTorch drops the partial batch if told `drop_last=True`; Keras if `__len__` rounds down.
    return DataLoader(TensorDataset(images, labels), batch_size, sampler=order.tolist())


def require_epoch(images: Tensor, labels: Tensor, order: Tensor, batch_size: int) -> None:
    """Refuse what cannot be cut into batches."""
    if labels.shape != images.shape[:1]:
        raise ValueError(f"labels of shape {tuple(labels.shape)} do not fit {len(images)} images")
    whole = not (order.is_floating_point() or order.is_complex() or order.dtype == torch.bool)
    if order.ndim != 1 or not whole:
        raise ValueError(f"an order is (n,) whole numbers, not {tuple(order.shape)} {order.dtype}")
    named = order.long()
    if not (named.numel() and named.min() >= 0 and named.max() < len(images)):
        raise ValueError(f"the order names images that are not among the {len(images)}, or none")
    if not isinstance(batch_size, int) or batch_size < 1:
        raise ValueError(f"batch_size is a whole number above 0, not {batch_size!r}")


def weighted_mean(figures: list[Tensor], sizes: list[int]) -> Tensor:
    """The mean of the batches' means, each as often as it has images: the mean over all images."""
    # PORT: a loop in PyTorch must weigh by itself. Keras' metrics do, and so does the loss that `fit`
    # and `evaluate` report.
    return sum(figure * size for figure, size in zip(figures, sizes, strict=True)) / sum(sizes)


def unweighted_mean(figures: list[Tensor]) -> Tensor:
    """The article's mean of an epoch: a partial batch counts as much as a whole one."""
    return sum(figures) / len(figures)


def epoch(images: Tensor, labels: Tensor, order: Tensor, batch_size: int) -> dict[str, Tensor | list[int]]:
    """An epoch's batches, with the mean square of the pixels for a figure."""
    cut = list(batches(images, labels, order, batch_size))
    sizes = [len(x) for x, _ in cut]
    figures = [torch.sum(x**2) / x.numel() for x, _ in cut]
    chosen = images[order.long()]  # PyTorch takes whole numbers of a byte for a mask
    return {
        "sizes": sizes,
        "weighted": weighted_mean(figures, sizes),
        "unweighted": unweighted_mean(figures),
        "over_all_images": torch.sum(chosen**2) / chosen.numel(),
        "labels": torch.cat([y for _, y in cut]),
        "images": torch.cat([x for x, _ in cut]),
    }


def split_gradient(
    model: nn.Module, images: Tensor, labels: Tensor, order: Tensor, batch_sizes: tuple[int, ...]
) -> dict[str, Tensor | bool]:
    """The gradient of a whole batch in training mode, and what becomes of it from its parts.

    Args:
        model: of cifar_cnn.
        images, labels, order: of the batch, see `batches`.
        batch_sizes: the sizes of the parts that it is cut into, one after the other.

    Returns:
        of the biases of the dense layers, the gradient of the whole batch and, for each size, the mean
        of the parts' gradients weighted by their images, and unweighted; and whether either mean is the
        whole one to rounding, in all parameters.
    """
    cuts = [list(batches(images, labels, order, size)) for size in (len(order), *batch_sizes)]
    found = iter(gradients(model, [batch for cut in cuts for batch in cut]))
    (whole,), *parted = [[next(found) for _ in cut] for cut in cuts]
    means, same_as_whole = {"whole": whole}, {}
    for size, cut, parts in zip(batch_sizes, cuts[1:], parted, strict=True):
        sizes = [len(x) for x, _ in cut]
        for kind, mean in (
            ("weighted", {name: weighted_mean([part[name] for part in parts], sizes) for name in whole}),
            ("unweighted", {name: unweighted_mean([part[name] for part in parts]) for name in whole}),
        ):
            means[f"{kind}_{size}"] = mean
            same_as_whole[f"{kind}_{size}_is_whole"] = same(mean, whole)
    biases = [name for name in whole if name.startswith("fc") and name.endswith("bias")]
    return same_as_whole | {
        f"{kind}_{name.replace('.', '_')}": mean[name] for kind, mean in means.items() for name in biases
    }


def gradients(model: nn.Module, cut: list[tuple[Tensor, Tensor]]) -> list[dict[str, Tensor]]:
    """For each batch the gradient of its mean cross entropy in training mode, by parameter.

    The model is left in training mode, and its moving statistics have moved with every batch.
    """
    # PORT: PyTorch differentiates on the spot; Keras has no call for that which all its backends share,
    # so that a training step with an optimizer that only writes down is taken.
    named, found = dict(model.train().named_parameters()), []
    for images, labels in cut:
        loss = F.cross_entropy(model(images), labels)
        found.append(dict(zip(named, torch.autograd.grad(loss, list(named.values())), strict=True)))
    return found


def same(found: dict[str, Tensor], expected: dict[str, Tensor]) -> bool:
    """Whether gradients agree to rounding: to 64 eps of the largest element."""
    largest = max(float(torch.max(torch.abs(value))) for value in expected.values())
    apart = max(float(torch.max(torch.abs(found[name] - value))) for name, value in expected.items())
    dtype = next(iter(expected.values())).dtype
    return apart <= 64 * torch.finfo(dtype).eps * largest


def native_means(figures: np.ndarray, batch_size: int) -> dict[str, float]:
    """What an epoch's mean is to those who report one, of a figure for each image (N,)."""
    loader = DataLoader(TensorDataset(torch.from_numpy(figures)), batch_size)
    means = [batch.mean().item() for (batch,) in loader]
    return {"the article's loop": sum(means) / len(loader)}
