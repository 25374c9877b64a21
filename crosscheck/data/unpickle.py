"""Reading the pickled batches of the official Python version without running what a pickle says.

A pickle may name any function to call. This reader admits the three names that a batch needs to
build its array, and refuses every other.
"""

import io
import pickle
from typing import Any

import numpy as np

from crosscheck.errors import DataError

_ADMITTED = {
    ("numpy.core.multiarray", "_reconstruct"): np._core.multiarray._reconstruct,  # type: ignore[attr-defined]
    ("numpy._core.multiarray", "_reconstruct"): np._core.multiarray._reconstruct,  # type: ignore[attr-defined]
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
}


class _RefusedError(Exception):
    """The pickle asked for a name that a batch does not need."""


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        try:
            return _ADMITTED[module, name]
        except KeyError:
            raise _RefusedError(f"{module}.{name}") from None


def read_batch(content: bytes, where: str) -> tuple[np.ndarray, np.ndarray]:
    """The images and labels of one pickled batch.

    Args:
        content: bytes of the file, as published (a pickle of Python 2).
        where: name for messages.

    Returns:
        images (N, 32, 32, 3) uint8 and labels (N,).

    Raises:
        DataError: the bytes are damaged, or ask for anything but a batch.
    """
    try:
        batch = _Unpickler(io.BytesIO(content), encoding="bytes").load()
    except _RefusedError as refused:
        raise DataError(
            f"{where}: refused, since its pickle asks for {refused}, which no CIFAR-10 batch needs"
        ) from None
    except Exception as error:  # a damaged pickle may raise anything at all
        raise DataError(f"{where}: damaged or truncated ({type(error).__name__}: {error})") from None
    if not isinstance(batch, dict) or not {b"data", b"labels"} <= batch.keys():
        raise DataError(f"{where}: not a CIFAR-10 batch: it holds no data and labels")
    data, labels = batch[b"data"], batch[b"labels"]
    if not isinstance(data, np.ndarray) or data.dtype != np.uint8 or data.ndim != 2 or data.shape[1] != 3072:
        raise DataError(f"{where}: not a CIFAR-10 batch: its data are not rows of 3,072 bytes")
    if not isinstance(labels, list) or not all(type(label) is int for label in labels):
        raise DataError(f"{where}: not a CIFAR-10 batch: its labels are not a list of whole numbers")
    if len(labels) != len(data):
        raise DataError(f"{where}: {len(data)} images but {len(labels)} labels")
    if not labels or min(labels) < 0 or max(labels) > 9:
        raise DataError(f"{where}: not a CIFAR-10 batch: a label is not one of 0 ... 9, or there are none")
    return planes_to_images(data), np.array(labels, np.int64)


def planes_to_images(rows: np.ndarray) -> np.ndarray:
    """(N, 3072) with the red, green and blue planes one after another -> (N, 32, 32, 3)."""
    return np.ascontiguousarray(rows.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))
