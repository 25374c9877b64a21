"""How large a difference may be and still be rounding: the tolerance policy, as data.

Float64. Summing n products in another order changes the result by a small multiple of eps times
the size of the sums. That size is measured: weights and input are moved by a relative `STEP`, at
random and independently, and the response divided by `STEP` is how strongly the result hangs on
each of its terms. It is measured on both frameworks and the smaller one counts, so that a side
that has gone wrong cannot widen its own allowance.

Float32. Each side's own rounding on that very case is known: the difference of its float32 and its
float64 result. The quieter side's counts, for the same reason: a side that computes in TF32 or
bfloat16 is noisy, and must not be excused by its own noise.
"""

from collections.abc import Sequence

import numpy as np

STEP = 2.0**-30
PERTURBATIONS = 3

# Correct ports were seen to use up to 32 % of these; planted faults use thousands of times as much.
# The response to random moves is the root of the sum of squares of the terms, not the sum of their
# sizes, and rounding gathers along the way: hence factors and not 1.
FLOAT64_FACTOR = 64.0
FLOAT32_FACTOR = 32.0


def perturbed(array: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Every element moved by its own share, at most `STEP`, of itself."""
    return array * (1 + STEP * generator.uniform(-1, 1, array.shape))


def sensitivity(base: np.ndarray, moved: Sequence[np.ndarray]) -> np.ndarray:
    """The size of the sums behind each element, from the responses to perturbations."""
    response = np.max([np.abs(result - base) for result in moved], axis=0) / STEP
    return _with_typical(response)


def by_sums(dtype: str, value: np.ndarray, *sensitivities: np.ndarray) -> np.ndarray:
    """The allowance by the size of the sums, for float64 and for comparing float32 with an oracle."""
    # `fmin` passes over NaN: a side that gives none does not take the other's allowance away.
    size = np.maximum(np.fmin.reduce(sensitivities), np.abs(value))
    return FLOAT64_FACTOR * np.finfo(dtype).eps * size


def by_own_rounding(value: np.ndarray, *errors: np.ndarray) -> np.ndarray:
    """The float32 allowance from each side's own float32-against-float64 error."""
    noise = np.fmin.reduce([_with_typical(np.abs(error)) for error in errors])
    return FLOAT32_FACTOR * np.fmax(noise, np.finfo(np.float32).eps * np.abs(value))


def _with_typical(values: np.ndarray) -> np.ndarray:
    """At least the tensor's typical (root mean square) value: an element may be small by luck."""
    return np.maximum(values, np.sqrt(np.mean(np.square(values)))) if values.size else values
