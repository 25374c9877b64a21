"""Keras' masks, which travel unseen with tensors, as tensors that steps make and layers are given."""

import inspect
from typing import Any

import keras
from keras.src.backend.common.masking import get_keras_mask, set_keras_mask


class Masks:
    """The masks of one call of a layer, as `Layer.__call__` finds them and hands them on.

    Args:
        layer: that is called.
        args: what it is called with.
        kwargs: by name.
    """

    def __init__(self, layer: keras.Layer, args: Any, kwargs: dict[str, Any]) -> None:
        self._layer = layer
        signature = inspect.signature(layer.call)
        bound = signature.bind_partial(
            *args, **{n: v for n, v in kwargs.items() if n in signature.parameters}
        )
        bound.apply_defaults()
        arguments = bound.arguments
        having = {name: value for name, value in arguments.items() if _are_tensors(value)}
        # PORT: with one tensor Keras looks for an argument "mask", with several for one mask each by name.
        names = {f"{name}_mask" if len(having) > 1 else "mask": name for name in having}
        self.given = {
            mask: of
            for mask, name in names.items()
            if mask in arguments and arguments[mask] is None and (of := _of(having[name])) is not None
        }
        self._first = next(iter(arguments.values()), None)
        told = self.given.get("mask", kwargs.get("mask"))
        self._before = keras.tree.map_structure(get_keras_mask, self._first) if told is None else told

    def hand_on(self, results: Any) -> None:
        """Give what comes out the mask that the layer makes of those that came in."""
        found = [value for value in keras.tree.flatten(results) if isinstance(value, keras.KerasTensor)]
        if not self._layer.supports_masking or all(get_keras_mask(value) is not None for value in found):
            return
        masks = self._layer.compute_mask(self._first, self._before)
        for value, mask in zip(found, keras.tree.flatten(masks), strict=False):
            if mask is not None and get_keras_mask(value) is None:
                set_keras_mask(value, mask)


def clear(results: Any) -> None:
    """Take the masks from tensors: layers are given them by name."""
    for value in keras.tree.flatten(results):
        if get_keras_mask(value) is not None:
            set_keras_mask(value, None)


def _of(value: Any) -> Any:
    """The masks of a tensor, or of several in their structure; None if there is none."""
    found = keras.tree.map_structure(get_keras_mask, value)
    return found if any(mask is not None for mask in keras.tree.flatten(found)) else None


def _are_tensors(value: Any) -> bool:
    found = [item for item in keras.tree.flatten(value) if item is not None]
    return bool(found) and all(isinstance(item, keras.KerasTensor) for item in found)
