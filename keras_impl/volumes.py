"""Pooling of volumes in float64, which TensorFlow has not on the CPU: first over each image, then over depth.

That is the same: the largest of the largest, and the mean of means over equally many.
"""

from typing import Any

import keras
from keras import ops


def pool_volumes_in_float64() -> None:
    """From now on Keras' pooling takes volumes of float64, too."""
    functions = keras.src.backend.nn
    for name in ("max_pool", "average_pool"):
        own = getattr(functions, name)
        if keras.backend.backend() == "tensorflow" and not hasattr(own, "of_volumes"):
            setattr(functions, name, _also_volumes(own))


def _also_volumes(own: Any) -> Any:
    def pool(x: Any, size: Any, strides: Any = None, padding: str = "valid", data_format: Any = None) -> Any:
        last = (data_format or keras.config.image_data_format()) == "channels_last"
        if len(x.shape) != 5 or keras.backend.standardize_dtype(x.dtype) != "float64" or not last:
            return own(x, size, strides, padding, data_format)
        sizes = (size,) * 3 if isinstance(size, int) else tuple(size)
        steps = sizes if strides is None else (strides,) * 3 if isinstance(strides, int) else tuple(strides)
        _, depth, *image = x.shape
        y = own(ops.reshape(x, (-1, *image)), sizes[1:], steps[1:], padding)
        _, height, width, channels = y.shape
        y = ops.reshape(y, (-1, depth, height * width, channels))
        y = own(y, (sizes[0], 1), (steps[0], 1), padding)
        return ops.reshape(y, (-1, y.shape[1], height, width, channels))

    pool.of_volumes = True  # type: ignore[attr-defined]
    return pool
