"""Names of functions: those that both frameworks share, and what is said for those that differ."""

from typing import Any

# What may be inside a Keras layer, and stands behind a PyTorch one.
ACTIVATIONS = (
    *("relu", "relu6", "leaky_relu", "elu", "gelu", "silu", "hard_silu", "hard_sigmoid", "mish", "softplus"),
    *("sigmoid", "tanh", "softmax", "log_softmax", "selu"),
)

# Functions whose names differ between the frameworks, without underscores: what they are called here.
FUNCTIONS = {
    "leakyrelu": "leaky_relu",
    "hardswish": "hard_silu",
    "hardsilu": "hard_silu",
    "swish": "silu",
    "hardsigmoid": "hard_sigmoid",
    "logsoftmax": "log_softmax",
    "maxpool": "max_pool",
    "avgpool": "avg_pool",
    "averagepool": "avg_pool",
    "adaptiveavgpool": "adaptive_avg_pool",
    "adaptivemaxpool": "adaptive_max_pool",
    "scaleddotproductattention": "dot_product_attention",
    "dotproductattention": "dot_product_attention",
    "cat": "concatenate",
    "concat": "concatenate",
    "amax": "max",
    "truediv": "divide",
    "truedivide": "divide",
    "div": "divide",
    "pow": "power",
    "clamp": "clip",
    "hardtanh": "clip",
    "rescaling": "rescale",
    "interpolate": "resize",
    "upsample": "resize",
    "upsamplenearest": "resize",
    "sub": "subtract",
    "mul": "multiply",
    "permute": "transpose",
    "get": "transpose",  # `x.T`: the only attribute of a tensor that makes another one
}


def slices_as_crop(
    key: Any, shape: tuple[int, ...], first: int, last: int
) -> tuple[tuple[int, int], ...] | None:
    """What slices cut off the places of a map or signal; None if the key does anything else.

    Args:
        key: of `x[key]`.
        shape: of x.
        first: its first axis of places.
        last: how many axes are behind the places.
    """
    keys = key if isinstance(key, tuple) else (key,)
    if Ellipsis in keys:
        at = keys.index(Ellipsis)
        keys = (*keys[:at], *(slice(None),) * (len(shape) - len(keys) + 1), *keys[at + 1 :])
    keys = (*keys, *(slice(None),) * (len(shape) - len(keys)))
    if len(shape) < 3 or len(keys) != len(shape) or not all(isinstance(one, slice) for one in keys):
        return None
    ranges = [one.indices(size) for one, size in zip(keys, shape, strict=True)]
    if any(step != 1 for *_, step in ranges):
        return None
    cut = [(start, size - stop) for (start, stop, _), size in zip(ranges, shape, strict=True)]
    places = range(first, len(shape) - last)
    if any(pair != (0, 0) for axis, pair in enumerate(cut) if axis not in places):
        return None
    found = tuple(cut[axis] for axis in places)
    return found if any(pair != (0, 0) for pair in found) else None
