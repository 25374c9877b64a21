"""Positions that a mask hides: what stands there may differ as long as nothing reads it."""

import numpy as np

from crosscheck.ports.divergence import TOLERANCE, Parted, in_keras_order, relative_error
from crosscheck.ports.program import Trace


def without_hidden(parted: tuple[Parted, ...], traces: tuple[Trace, Trace]) -> tuple[Parted, ...]:
    """The places of models with equal outputs but those that differ at positions which a mask hides alone."""
    masks = [array for array in traces[1].values.values() if array.dtype == bool and array.ndim == 2]
    return tuple(one for one in parted if one.equal or not _is_hidden(one, masks, traces))


def _is_hidden(parted: Parted, masks: list[np.ndarray], traces: tuple[Trace, Trace]) -> bool:
    place = parted.place
    found = traces[1].values[place.keras.ends]
    expected = in_keras_order(traces[0].values[place.torch.ends], found.shape, found)
    if expected.shape != found.shape:
        return False
    fitting = [mask for mask in masks if mask.shape == found.shape[:2] and mask.any()]
    return any(relative_error(expected[mask], found[mask]) <= TOLERANCE for mask in fitting)
