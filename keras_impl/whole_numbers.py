"""Whole numbers of Python's under float64, which Keras makes int64: a user's code may rely on int32."""

from typing import Any

import keras


def keep_int32() -> None:
    """From now on `ops.arange(5)` is int32 whatever `floatx` is, as it is by default."""
    dtypes = keras.src.backend.common.dtypes
    own = dtypes._resolve_weak_type
    if not hasattr(own, "of_whole_numbers"):
        dtypes._resolve_weak_type = _short(own)


def _short(own: Any) -> Any:
    def resolve(dtype: str, precision: str = "32") -> str:
        return str(own(dtype, precision="32" if dtype.startswith(("int", "uint")) else precision))

    resolve.of_whole_numbers = True  # type: ignore[attr-defined]
    return resolve
