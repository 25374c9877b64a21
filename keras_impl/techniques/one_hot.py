"""One-hot encoding: a class label as a vector of zeros with a single one.

Source: article 002. Contract: crosscheck/specs/one_hot.py
"""

import keras
import numpy as np
from keras import KerasTensor as Tensor
from keras import losses, ops


def one_hot(labels: Tensor, classes: int, dtype: str | None = None) -> Tensor:
    """A one at the place of the label, zeros elsewhere.

    Input shape: any. Output shape: that of the labels, then (classes,); (N, 1) becomes (N, 1, classes).
    Looking at the labels means waiting for the device they are on.

    Inside a compiled graph values cannot be looked at, and nothing can be raised: a label out of range
    becomes a row of NaN there, which the loss shows; in whole numbers it becomes a row of zeros.

    Args:
        labels: whole numbers of any width, 0 ... classes - 1.
        classes: how many there are. It is never inferred: a batch may lack the last class.
        dtype: of the output; by default Keras' default float.

    Raises:
        ValueError: the labels are not whole numbers or out of range, or there is no class.
    """
    # PORT: F.one_hot takes int64 alone, raises RuntimeError at bad labels (on a GPU it ends all work there)
    # and returns int64, which the cross entropies refuse; ops.one_hot takes anything: a label out of range
    # becomes zeros, and 1.7 is cut down to 1. Hence our own checks.
    require_labels(labels, classes)
    labels, dtype = ops.cast(labels, "int64"), dtype or keras.config.floatx()
    # PORT: the classes come last on both sides. PyTorch's losses want them second where a label stands
    # for a pixel, Keras' want them last.
    encoded = ops.one_hot(labels, classes, dtype=dtype)
    if not keras.backend.is_float_dtype(dtype):
        return encoded
    known = ops.logical_and(labels >= 0, labels < classes)
    return ops.where(known[..., None], encoded, ops.cast(float("nan"), dtype))


def require_labels(labels: Tensor, classes: int) -> None:
    """Refuse labels that are no class, rather than count them for none."""
    if not isinstance(classes, int) or classes < 1:
        raise ValueError(f"classes is a whole number above 0, not {classes!r}")
    dtype = keras.backend.standardize_dtype(labels.dtype)
    if not dtype.startswith(("int", "uint")):
        raise ValueError(f"labels are whole numbers, not {dtype}")
    # As int64: in the labels' own width the number of classes may wrap.
    values = _values(labels).astype(np.int64)
    if values.size and not (values.min() >= 0 and values.max() < classes):
        raise ValueError(f"labels are 0 ... {classes - 1}, not {values.min()} ... {values.max()}")


def _values(labels: Tensor) -> np.ndarray:
    """The labels to look at; none inside a compiled graph."""
    try:
        return ops.convert_to_numpy(labels)
    except (NotImplementedError, TypeError, ValueError):  # TensorFlow's, jax', and a Functional model's
        return np.empty(0)


def encode(labels: Tensor, classes: int) -> dict[str, Tensor | bool]:
    """The encoding in whole numbers, and whether it is one in floats if nothing is said."""
    return {
        "encoded": one_hot(labels, classes, "int64"),
        "float_by_default": keras.backend.is_float_dtype(one_hot(labels, classes).dtype),
    }


def cross_entropies(logits: Tensor, labels: Tensor, classes: int) -> dict[str, Tensor]:
    """Mean cross entropy by labels, and by the same labels one-hot; logits (B, classes), labels (B,)."""
    targets = one_hot(labels, classes, logits.dtype)
    # PORT: one function in PyTorch, which tells labels from probabilities by shape and dtype; two in
    # Keras, which are told `from_logits`.
    return {
        "targets": targets,
        "by_labels": losses.SparseCategoricalCrossentropy(from_logits=True)(labels, logits),
        "by_one_hot": losses.CategoricalCrossentropy(from_logits=True)(targets, logits),
    }


def regressions(labels: Tensor, values: Tensor, classes: int) -> dict[str, Tensor]:
    """Least squares of values (N,) on a category, as a number and one-hot.

    Returns:
        what either leaves of the squares, and the rank of (ones, one-hot), whole and without the first
        class.
    """
    ones = ops.ones_like(values)[:, None]
    encoded = one_hot(labels, classes, values.dtype)
    designs = {
        "number": ops.concatenate([ones, ops.cast(labels[:, None], values.dtype)], axis=1),
        "one_hot": ops.concatenate([ones, encoded[:, 1:]], axis=1),
    }
    left = {name: values - ops.matmul(x, ops.lstsq(x, values)) for name, x in designs.items()}
    return {
        **{f"left_by_{name}": ops.sum(ops.square(rest)) for name, rest in left.items()},
        "rank": ops.matrix_rank(ops.concatenate([ones, encoded], axis=1)),
        "rank_less_one": ops.matrix_rank(designs["one_hot"]),
    }


def native_encodings(labels: np.ndarray, classes: int) -> dict[str, np.ndarray | str]:
    """What the functions there are make of labels, by call: an array, or the error they raise."""
    calls = {
        "to_categorical(labels)": lambda: keras.utils.to_categorical(labels),
        "to_categorical(labels, K)": lambda: keras.utils.to_categorical(labels, classes),
        "ops.one_hot(labels, K)": lambda: ops.one_hot(labels, classes),
        "ours, keras": lambda: one_hot(ops.convert_to_tensor(labels), classes),
    }
    found: dict[str, np.ndarray | str] = {}
    for name, call in calls.items():
        try:
            found[name] = ops.convert_to_numpy(call())
        except (ValueError, IndexError, TypeError) as error:
            found[name] = type(error).__name__
    return found
