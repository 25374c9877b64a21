"""How large a difference may be and still be rounding: the tolerance policy, as data.

Float64. Summing n products in another order changes the result by a small multiple of eps times
the size of the sums. That size is measured: weights and input are moved by a relative `STEP`, at
random and independently, and the response divided by `STEP` is how strongly the result hangs on
each of its terms. It is measured on both frameworks and the smaller one counts, so that a side
that has gone wrong cannot widen its own allowance.

Float32. Each side's own rounding on that very case is known: the difference of its float32 and its
float64 result. The quieter side's counts, for the same reason: a side that computes in TF32 or
bfloat16 is noisy, and must not be excused by its own noise. Nor may both be noisy: no allowance is
larger than the one by the size of the sums.
"""

from collections.abc import Sequence

import numpy as np

STEP = 2.0**-30
PERTURBATIONS = 8

# Correct ports were seen to use up to 35 % (float64) and 60 % (float32) of these, over two backends
# and two seeds; planted faults use thousands of times as much.
# The response to random moves is the root of the sum of squares of the terms, not the sum of their
# sizes, and rounding gathers along the way: hence factors and not 1.
FLOAT64_FACTOR = 64.0
FLOAT32_FACTOR = 32.0
# Mixed bfloat16, of a whole tensor's norm: how far off a side may be, and how many times as far from the
# other side as the more exact of them is from float64. The frameworks differ in what they leave in float32
# (PyTorch's list of operations, Keras' layers), so that one side may round where the other does not.
# Correct ports were seen to be up to 30 % off (the gradient of the input, through three poolings), and the
# sides to be apart by up to 91 % of what is allowed, and in one of four draws of one net by 104 %: hence the
# middle one of three draws counts. A single tensor may be farther off, since one maximum that ties with
# another decides over much of a small one: correct ports were seen 63 % off. One that is missing, or is
# doubled, is 100 % off.
BFLOAT16_EPS, BFLOAT16_LOSS, BFLOAT16_FACTOR = 2.0**-7, 0.5, 4.0
BFLOAT16_TENSOR = 0.9


def perturbed(array: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Every element moved by its own share, at most `STEP`, of itself."""
    return array * (1 + STEP * generator.uniform(-1, 1, array.shape))


def sensitivity(base: np.ndarray, moved: Sequence[np.ndarray]) -> np.ndarray:
    """The size of the sums behind each element, from the responses to perturbations."""
    response = np.max([np.abs(result - base) for result in moved], axis=0) / STEP
    return with_typical(response)


def by_sums(dtype: str, value: np.ndarray, *sensitivities: np.ndarray) -> np.ndarray:
    """The allowance by the size of the sums, for float64 and for comparing float32 with an oracle."""
    return FLOAT64_FACTOR * np.finfo(dtype).eps * _size(value, sensitivities)


def by_own_rounding(
    value: np.ndarray, errors: Sequence[np.ndarray], sensitivities: Sequence[np.ndarray]
) -> np.ndarray:
    """The float32 allowance from each side's own float32-against-float64 error.

    The error of a single element is chance. What counts is how noisy a side is over the whole
    tensor, in units of the rounding that each element's sums would explain.
    """
    unit = np.finfo(np.float32).eps * _size(value, sensitivities)
    relative = [np.abs(error[unit > 0]) / unit[unit > 0] for error in errors]
    noise = np.fmin.reduce([np.sqrt(np.mean(np.square(side))) if side.size else 0.0 for side in relative])
    own = FLOAT32_FACTOR * np.fmax(noise * unit, np.finfo(np.float32).eps * np.abs(value))
    return np.fmin(own, by_sums("float32", value, *sensitivities))


def _size(value: np.ndarray, sensitivities: Sequence[np.ndarray]) -> np.ndarray:
    # `fmin` passes over NaN: a side that gives none does not take the other's allowance away.
    return np.maximum(np.fmin.reduce(sensitivities), np.abs(value))


def with_typical(values: np.ndarray) -> np.ndarray:
    """At least the tensor's typical value: an element may be small by luck.

    The median of what is not zero, and not a mean: a few large elements must not excuse the small.
    """
    some = values[values > 0]
    return np.maximum(values, np.median(some)) if some.size else values
