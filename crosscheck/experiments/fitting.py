"""Training a small net on both sides at once, from the same weights on the same batches."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from crosscheck import console
from crosscheck.data import batches
from crosscheck.data.split import Split
from crosscheck.experiments.experiment import Setting
from crosscheck.layouts import Weights
from crosscheck.optimizers import Optimizer
from crosscheck.parameters import initial_weights
from crosscheck.sides import Both
from crosscheck.technique import technique

CHUNK_IMAGES = 4_000


class Fit:
    """A net in training on both sides; use `fitting`.

    Args:
        setting: of the experiment.
        key: under which the sides keep their trainers.
        dtype: of the net.
    """

    def __init__(self, setting: Setting, key: str, dtype: str):
        self.sides = setting.sides
        self.key = key
        self.dtype = dtype

    def both(self, function: str, *arguments: object) -> Both:
        """Call a function of `crosscheck.training.session` over there, on both sides at once."""
        target = f"crosscheck.training.session:{function}"
        futures = [side.submit(target, self.key, *arguments) for side in (self.sides.torch, self.sides.keras)]
        return Both(self.sides.torch.result(futures[0]), self.sides.keras.result(futures[1]))

    def steps(self, x: np.ndarray, y: np.ndarray) -> Both:
        """Train on batches (steps, batch, ...); the loss of every step on either side."""
        longest = max(1, CHUNK_IMAGES // x.shape[1])  # what the trainers were made for
        parts = [
            self.both("train", x[n : n + longest], y[n : n + longest]) for n in range(0, len(x), longest)
        ]
        return Both(*(np.concatenate([part[side][0] for part in parts]) for side in (0, 1)))

    def epochs(self, split: Split, batch_size: int, epochs: int, seed: int) -> Both:
        """Train for whole epochs, the last partial batch included; pixels from 0 to 1.

        Returns:
            the loss of every step on either side.
        """
        losses: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
        longest = max(1, CHUNK_IMAGES // batch_size)
        for epoch in range(1, epochs + 1):
            order = batches.epoch_order(len(split), seed, epoch)
            for indices in batches.chunks(order, batch_size, longest):
                console.raise_if_interrupted()
                found = self.steps(*batches.gather(split, indices, 0, 1, self.dtype))
                losses[0].append(found.torch)
                losses[1].append(found.keras)
        return Both(*(np.concatenate(side) for side in losses))

    def predict(self, x: np.ndarray) -> Both:
        """The outputs in evaluation mode."""
        return self.both("predict", x)

    def accuracy(self, split: Split) -> Both:
        """The share of the images whose class is found, pixels from 0 to 1."""
        x, y = batches.gather(split, np.arange(len(split)), 0, 1, self.dtype)
        return Both(*(float((side.argmax(axis=1) == y).mean()) for side in self.predict(x)))

    def weights(self) -> Both:
        """Parameters and buffers."""
        return self.both("weights")


@contextmanager
def fitting(
    setting: Setting,
    net: tuple[str, str],
    optimizer: Optimizer,
    batch_size: int,
    weights: Weights | None = None,
    dtype: str = "float32",
) -> Iterator[Fit]:
    """A net ready to be trained on both sides.

    Args:
        setting: of the experiment.
        net: technique and case.
        optimizer: with its hyper-parameters.
        batch_size: of the batches that `Fit.epochs` will be asked for.
        weights: to start from; by default those of the experiment's seed.
        dtype: "float32" or "float64".
    """
    if weights is None:
        weights = initial_weights(dict(technique(net[0]).model(net[1]).parameters), setting.seed)
    weights = {name: value.astype(dtype) for name, value in weights.items()}
    key = f"{'/'.join(net)}/{optimizer}"
    longest = max(1, CHUNK_IMAGES // batch_size)
    begin, sides = "crosscheck.training.session:begin", setting.sides
    arguments = (key, *net, dtype, optimizer, weights, longest)
    futures = [side.submit(begin, side.name, *arguments) for side in (sides.torch, sides.keras)]
    for side, future in zip((sides.torch, sides.keras), futures, strict=True):
        side.result(future)
    fit = Fit(setting, key, dtype)
    try:
        yield fit
    finally:
        fit.both("end")


def subset(split: Split, size: int) -> Split:
    """Some images of a split, of all classes: files are often sorted by class."""
    chosen = np.sort(np.random.default_rng(0).permutation(len(split))[:size])
    return Split(split.images[chosen], split.labels[chosen])
