"""Outputs that agree only with axes of equal size exchanged, where the flow of data exchanges none."""

from collections.abc import Iterator

import numpy as np

from crosscheck.ports.channels import channels_first
from crosscheck.ports.comparison import Ports
from crosscheck.ports.divergence import TOLERANCE, other_orders, relative_error

TURNED = "Axes in doubt"


def turned(ports: Ports) -> Iterator[str]:
    """A line for each output that a port may have turned, or Keras' layout: that cannot be told."""
    torch, keras = ports.values
    shapes = [{number: array.shape for number, array in trace.values.items()} for trace in ports.values]
    first = channels_first((ports.torch, shapes[0]), (ports.keras, shapes[1]))
    for place, (a, b) in enumerate(zip(ports.torch.outputs, ports.keras.outputs, strict=True), 1):
        ours, theirs = torch.values[a], keras.values[b]
        fitting = other_orders(ours, theirs)
        if len(fitting) < 2 or not any(relative_error(one, theirs) <= TOLERANCE for one in fitting):
            continue
        expected = np.moveaxis(ours, 1, -1) if a in first else ours
        expected = expected if expected.shape == theirs.shape else ours
        if relative_error(expected, theirs) > TOLERANCE:
            shape = "x".join(map(str, ours.shape))
            yield (
                f"{TURNED}: output {place}, {shape}, agrees only with axes of equal size exchanged, which is "
                "a mistake if the port has done it. To be sure, choose an --input whose sizes all differ."
            )
