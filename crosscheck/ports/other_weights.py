"""A second look at models that are equal: a ReLU that never met a negative number does not show."""

from math import prod

from crosscheck.ports.comparison import Ports
from crosscheck.ports.divergence import TOLERANCE, apart

# From the seed of the first weights to that of others; how many are drawn, for models that make few numbers.
OTHERS, DRAWS, FEW = 1000, 3, 2e6
# Weights of models that take too long to be given others.
MOST = 3e7


def differ_with_others(ports: Ports) -> bool:
    """Whether the outputs differ with other weights, which stay then."""
    weights = sum(prod(tensor.shape) for tensor in ports.held[0].values())
    if ports.keep_weights or not ports.redrawable or weights > MOST:
        return False
    first, size = ports.seed, sum(array.size for array in ports.values[0].values.values())
    for seed in range(first + OTHERS, first + OTHERS + (DRAWS if size < FEW else 1)):
        torch, keras = ports.redrawn(seed)
        outputs = zip(ports.torch.outputs, ports.keras.outputs, strict=True)
        if any(apart(torch.values[a], keras.values[b]) > TOLERANCE for a, b in outputs):
            return True
    ports.redrawn(first)
    return False
