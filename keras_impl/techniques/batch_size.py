"""Batches of another size: cutting an epoch, and what its means and gradients weigh.

Source: article 004. Contract: crosscheck/specs/batch_size.py
"""

from math import prod

import keras
import numpy as np
from keras import KerasTensor as Tensor
from keras import losses, ops
from keras.utils import PyDataset

from keras_impl.probe import GradientRecorder


def batches(images: Tensor, labels: Tensor, order: Tensor, batch_size: int) -> PyDataset:
    """An epoch in a given order, cut into batches; the last one may be smaller and is kept.

    Args:
        images: (N, H, W, C).
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
    return _Epoch(images, labels, ops.convert_to_numpy(order), batch_size)


class _Epoch(PyDataset):
    """Batches in a given order, for `fit` and for loops."""

    def __init__(self, images: Tensor, labels: Tensor, order: np.ndarray, batch_size: int):
        super().__init__()
        self.images, self.labels, self.order, self.batch_size = images, labels, order, batch_size

    def __len__(self) -> int:
        # PORT: PyTorch drops the partial batch if told `drop_last=True`; Keras if `__len__` rounds down.
        return -(-len(self.order) // self.batch_size)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        chosen = self.order[index * self.batch_size : (index + 1) * self.batch_size]
        return ops.take(self.images, chosen, axis=0), ops.take(self.labels, chosen, axis=0)


def require_epoch(images: Tensor, labels: Tensor, order: Tensor, batch_size: int) -> None:
    """Refuse what cannot be cut into batches."""
    if tuple(labels.shape) != tuple(images.shape[:1]):
        raise ValueError(f"labels of shape {tuple(labels.shape)} do not fit {len(images)} images")
    named = ops.convert_to_numpy(order)
    if named.ndim != 1 or named.dtype.kind not in "iu":
        raise ValueError(f"an order is (n,) whole numbers, not {named.shape} {named.dtype}")
    if not (named.size and named.min() >= 0 and named.max() < len(images)):
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
    figures = [ops.sum(ops.square(x)) / prod(x.shape) for x, _ in cut]
    chosen = ops.take(images, order, axis=0)
    return {
        "sizes": sizes,
        "weighted": weighted_mean(figures, sizes),
        "unweighted": unweighted_mean(figures),
        "over_all_images": ops.sum(ops.square(chosen)) / prod(chosen.shape),
        "labels": ops.concatenate([y for _, y in cut]),
        "images": ops.concatenate([x for x, _ in cut]),
    }


def split_gradient(
    model: keras.Layer, images: Tensor, labels: Tensor, order: Tensor, batch_sizes: tuple[int, ...]
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
        f"{kind}_{name.replace('/', '_')}": mean[name] for kind, mean in means.items() for name in biases
    }


def gradients(model: keras.Layer, cut: list[tuple[Tensor, Tensor]]) -> list[dict[str, Tensor]]:
    """For each batch the gradient of its mean cross entropy in training mode, by variable.

    The model's moving statistics have moved with every batch.
    """
    # PORT: PyTorch differentiates on the spot; Keras has no call for that which all its backends share,
    # so that a training step with an optimizer that only writes down is taken.
    stepper, recorder = keras.Sequential([model]), GradientRecorder()
    loss, found = losses.SparseCategoricalCrossentropy(from_logits=True), []
    compiled = keras.backend.backend() == "jax"
    stepper.compile(optimizer=recorder, loss=loss, run_eagerly=not compiled, jit_compile=compiled)
    names = [variable.path.partition("/")[2] for variable in model.trainable_variables]
    for images, labels in cut:
        stepper.train_on_batch(images, labels)
        found.append(dict(zip(names, map(ops.copy, recorder.recorded), strict=True)))
    return found


def same(found: dict[str, Tensor], expected: dict[str, Tensor]) -> bool:
    """Whether gradients agree to rounding: to 64 eps of the largest element."""
    largest = max(float(ops.max(ops.abs(value))) for value in expected.values())
    apart = max(float(ops.max(ops.abs(found[name] - value))) for name, value in expected.items())
    dtype = next(iter(expected.values())).dtype
    return apart <= 64 * float(np.finfo(keras.backend.standardize_dtype(dtype)).eps) * largest


def native_means(figures: np.ndarray, batch_size: int) -> dict[str, float]:
    """What an epoch's mean is to those who report one, of a figure for each image (N,)."""
    metric = keras.metrics.Mean()
    for start in range(0, len(figures), batch_size):
        metric.update_state(figures[start : start + batch_size])
    # A net without layers, whose absolute error against 0 is the figure itself.
    nothing = keras.Sequential([keras.layers.Identity()])
    nothing.compile(loss=keras.losses.MeanAbsoluteError())
    targets = np.zeros((len(figures), 1))
    reported = nothing.evaluate(figures[:, None], targets, batch_size=batch_size, verbose=0)
    return {"keras.metrics.Mean": float(metric.result()), "loss of evaluate": float(reported)}
