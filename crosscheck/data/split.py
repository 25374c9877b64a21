"""Images with their labels."""

from dataclasses import dataclass

import numpy as np

# In the order of CIFAR-10's labels, which is also that of the alphabet.
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


@dataclass(frozen=True)
class Split:
    """One part of a data set.

    Attributes:
        images: (N, 32, 32, 3) uint8, channels last.
        labels: (N,) int64, 0 ... 9.
    """

    images: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)
