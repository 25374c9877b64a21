"""Which layer is which, as a file that `--map` reads."""

import json
from collections import Counter
from pathlib import Path

from crosscheck import checkpoint
from crosscheck.ports.pairing import Pairing


def as_map(pairing: Pairing) -> dict[str, str]:
    """The Keras path of each PyTorch layer, such that giving it leads to the same pairs.

    Left out is what paths cannot say, and pairing finds again when all else is given: layers of one side that
    are one layer on the other, layers that hold other tensors than their counterpart (a given pair counts as
    right), and several layers of one path, as a separable convolution's two.
    """
    pairs = [pair for pair in pairing.pairs if pair.mismatch != "sharing.parameters"]
    torch = Counter([*(pair.torch.path for pair in pairs), *(node.path for node in pairing.torch)])
    keras = Counter([*(pair.keras.path for pair in pairs), *(node.path for node in pairing.keras)])
    return {
        pair.torch.path: pair.keras.path
        for pair in pairs
        if not pair.mismatch and torch[pair.torch.path] == keras[pair.keras.path] == 1
    }


def save_map(file: Path, pairing: Pairing) -> None:
    """Write what `as_map` gives, as JSON that `--map` reads; the file appears whole or not at all."""
    checkpoint.write_text(file, json.dumps(as_map(pairing), indent=1) + "\n")
