"""A second look at models that are equal: a ReLU that never met a negative number does not show."""

from time import monotonic

from crosscheck.ports.comparison import Ports
from crosscheck.ports.divergence import TOLERANCE, apart

# From the seed of the first weights to that of others; how many are drawn, within how many seconds.
OTHERS, DRAWS, PATIENCE = 1000, 3, 5.0


def differ_with_others(ports: Ports) -> bool:
    """Whether the outputs differ with other weights, which stay then."""
    if ports.keep_weights or not ports.redrawable:
        return False
    first, until = ports.seed, monotonic() + PATIENCE
    for seed in range(first + OTHERS, first + OTHERS + DRAWS):
        torch, keras = ports.redrawn(seed)
        outputs = zip(ports.torch.outputs, ports.keras.outputs, strict=True)
        if any(apart(torch.values[a], keras.values[b]) > TOLERANCE for a, b in outputs):
            return True
        if monotonic() > until:
            break
    ports.redrawn(first)
    return False
