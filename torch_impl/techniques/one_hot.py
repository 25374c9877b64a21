"""One-hot encoding: a class label as a vector of zeros with a single one.

Source: article 002. Contract: crosscheck/specs/one_hot.py
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from torch_impl import adapter


def one_hot(labels: Tensor, classes: int, dtype: torch.dtype | None = None) -> Tensor:
    """A one at the place of the label, zeros elsewhere.

    Input shape: any. Output shape: that of the labels, then (classes,); (N, 1) becomes (N, 1, classes).
    Looking at the labels means waiting for the device they are on.

    Args:
        labels: whole numbers of any width, 0 ... classes - 1.
        classes: how many there are. It is never inferred: a batch may lack the last class.
        dtype: of the output; by default PyTorch's default float.

    Raises:
        ValueError: the labels are not whole numbers or out of range, or there is no class.
    """
    # PORT: F.one_hot takes int64 alone, raises RuntimeError at bad labels (on a GPU it ends all work there)
    # and returns int64, which the cross entropies refuse; ops.one_hot takes anything: a label out of range
    # becomes zeros, and 1.7 is cut down to 1. Hence our own checks.
    require_labels(labels, classes)
    # PORT: the classes come last on both sides. PyTorch's losses want them second where a label stands
    # for a pixel, Keras' want them last.
    return F.one_hot(labels.long(), classes).to(dtype or torch.get_default_dtype())


def require_labels(labels: Tensor, classes: int) -> None:
    """Refuse labels that are no class, rather than count them for none."""
    if not isinstance(classes, int) or classes < 1:
        raise ValueError(f"classes is a whole number above 0, not {classes!r}")
    if labels.is_floating_point() or labels.is_complex() or labels.dtype == torch.bool:
        raise ValueError(f"labels are whole numbers, not {labels.dtype}")
    # As int64: in the labels' own width the number of classes may wrap.
    values = labels.long()
    if values.numel() and not (values.min() >= 0 and values.max() < classes):
        raise ValueError(f"labels are 0 ... {classes - 1}, not {int(values.min())} ... {int(values.max())}")


def encode(labels: Tensor, classes: int) -> dict[str, Tensor | bool]:
    """The encoding in whole numbers, and whether it is one in floats if nothing is said."""
    return {
        "encoded": one_hot(labels, classes, torch.int64),
        "float_by_default": one_hot(labels, classes).is_floating_point(),
    }


def cross_entropies(logits: Tensor, labels: Tensor, classes: int) -> dict[str, Tensor]:
    """Mean cross entropy by labels, and by the same labels one-hot; logits (B, classes), labels (B,)."""
    targets = one_hot(labels, classes, logits.dtype)
    # PORT: one function in PyTorch, which tells labels from probabilities by shape and dtype; two in
    # Keras, which are told `from_logits`.
    return {
        "targets": targets,
        "by_labels": F.cross_entropy(logits, labels),
        "by_one_hot": F.cross_entropy(logits, targets),
    }


def regressions(labels: Tensor, values: Tensor, classes: int) -> dict[str, Tensor]:
    """Least squares of values (N,) on a category, as a number and one-hot.

    Returns:
        what either leaves of the squares, and the rank of (ones, one-hot), whole and without the first
        class.
    """
    ones = torch.ones_like(values)[:, None]
    encoded = one_hot(labels, classes, values.dtype)
    designs = {
        "number": torch.cat([ones, labels[:, None].to(values.dtype)], dim=1),
        "one_hot": torch.cat([ones, encoded[:, 1:]], dim=1),
    }
    left = {
        name: values - x @ torch.linalg.lstsq(x, values[:, None]).solution[:, 0]
        for name, x in designs.items()
    }
    return {
        **{f"left_by_{name}": torch.sum(rest**2) for name, rest in left.items()},
        "rank": torch.linalg.matrix_rank(torch.cat([ones, encoded], dim=1)),
        "rank_less_one": torch.linalg.matrix_rank(designs["one_hot"]),
    }


def native_encodings(labels: np.ndarray, classes: int) -> dict[str, np.ndarray | str]:
    """What the functions there are make of labels, by call: an array, or the error they raise."""
    # On the CPU: on a GPU a bad label ends PyTorch's work on that GPU, and with it this process.
    given = torch.from_numpy(labels)
    calls = {
        "F.one_hot(labels)": lambda: F.one_hot(given),
        "F.one_hot(labels, K)": lambda: F.one_hot(given, classes),
        "ours, torch": lambda: one_hot(adapter.placed(labels), classes),
    }
    found: dict[str, np.ndarray | str] = {}
    for name, call in calls.items():
        try:
            found[name] = adapter.fetched(call())
        except (ValueError, RuntimeError) as error:
            found[name] = type(error).__name__
    return found
