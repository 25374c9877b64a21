"""Calling the functions of techniques with neutral arrays; called in Keras' own process."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from keras import ops

from crosscheck.layouts import Weights
from crosscheck.technique import Call, technique
from keras_impl import adapter, implementation

Point = tuple[Weights, Mapping[str, np.ndarray]]


def call(
    technique_name: str, case_name: str, dtype: str, points: Sequence[Point]
) -> list[dict[str, np.ndarray]]:
    """Call a technique's function at each point (weights of its model, arrays).

    Returns:
        for each point what the function returned, by name: floats in the dtype, whole numbers as
        int64, strings.
    """
    case = technique(technique_name).function(case_name)
    found = []
    for weights, inputs in points:
        first = [adapter.model_with(*case.model, dtype, weights)] if case.model else []
        found.append(_run(technique_name, case, dtype, inputs, {}, first))
    return found


def call_refusals(technique_name: str, case_name: str, dtype: str, point: Point) -> list[str]:
    """For each bad set of arguments the name of the exception, or "" if the function takes it."""
    case = technique(technique_name).function(case_name)
    weights, inputs = point
    # Built once, since building takes Keras long: what is refused leaves the model as it is.
    first = [adapter.model_with(*case.model, dtype, weights)] if case.model else []
    found = []
    for changes in case.refused:
        try:
            _run(technique_name, case, dtype, inputs, changes, first)
            found.append("")
        except (ValueError, RuntimeError) as error:
            found.append(type(error).__name__)
    return found


def _run(
    technique_name: str,
    case: Call,
    dtype: str,
    inputs: Mapping[str, np.ndarray],
    changes: Mapping[str, Any],
    first: Sequence[Any],
) -> dict[str, np.ndarray]:
    adapter.use_precision(dtype)
    arguments: dict[str, Any] = {**inputs, **case.arguments, **changes}
    for name, value in arguments.items():
        if isinstance(value, np.ndarray):
            arguments[name] = ops.convert_to_tensor(value.astype(dtype) if value.dtype.kind == "f" else value)
    returned = getattr(implementation(technique_name), case.function)(*first, **arguments)
    return {name: neutral(value) for name, value in returned.items()}


def neutral(value: Any) -> np.ndarray:
    """A tensor, number, string or list of them as a neutral array; whole numbers become int64."""
    found = adapter.array(value) if ops.is_tensor(value) else np.asarray(value)
    return found.astype(np.int64) if found.dtype.kind in "iub" else found
