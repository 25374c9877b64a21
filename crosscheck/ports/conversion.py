"""The weights of one model, put into its port and written as the port's framework has them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save as to_bytes

from crosscheck import checkpoint
from crosscheck.environment import versions
from crosscheck.errors import CrosscheckError
from crosscheck.layouts import TORCH_BOOKKEEPING, Weights
from crosscheck.ports.carrying import neutral, rounded
from crosscheck.ports.comparison import KEY, Ports
from crosscheck.ports.divergence import TOLERANCE, in_keras_order, relative_error
from crosscheck.sides import Side, Sides

# What each side's files are called.
SUFFIXES = {"torch": (".pt", ".pth", ".safetensors"), "keras": (".weights.h5", ".keras", ".safetensors")}
OTHER = {"torch": "keras", "keras": "torch"}


def require_suffix(file: Path, side: str, option: str) -> None:
    """Refuse a file that a side cannot read or write.

    Raises:
        CrosscheckError: its name ends otherwise.
    """
    if not file.name.endswith(SUFFIXES[side]):
        raise CrosscheckError(f"{option} {file}: {side}'s weights are in files {', '.join(SUFFIXES[side])}")


class Conversion(Ports):
    """Both models, the one holding the other's weights.

    Args:
        sides: both frameworks.
        torch: "file.py:function" that returns the one model.
        keras: "file.py:function" that returns the other.
        inputs: as PyTorch sees them, float64 or whole numbers.
        origin: the side whose weights are taken.
        weights: a file of that side's; without one, its function's own weights are taken.
        dtype: of the weights.
        given: the Keras path of PyTorch layers, where it is known.

    Raises:
        CrosscheckError: as for `Ports`, or the file does not fit.
    """

    def __init__(
        self,
        sides: Sides,
        torch: str,
        keras: str,
        inputs: list[np.ndarray],
        origin: str,
        weights: Path | None = None,
        dtype: str = "float32",
        given: dict[str, str] | None = None,
    ) -> None:
        self.origin, self.target, self.dtype = origin, OTHER[origin], dtype
        self.sources = {"torch": torch, "keras": keras}
        self.file = weights
        super().__init__(sides, torch, keras, inputs, 0, given)

    def _copy(self, seed: int) -> None:
        """Put the weights of the one into the other; `Ports` draws some for both."""
        if self.file:
            self._call(self.origin, "load", str(self.file.resolve()))
        own = {side: rounded(self._call(side, "state"), self.dtype) for side in SUFFIXES}
        super()._copy(seed)  # pairs tensors and rows; what it draws is replaced
        held = dict(zip(SUFFIXES, self.held, strict=True))
        for side, state in own.items():
            self._call(side, "restore", state)
        weights = neutral(own[self.origin], held[self.origin], self.origin)
        weights = self.rows.for_keras(weights) if self.origin == "torch" else self.rows.from_keras(weights)
        self._call(self.target, "put", held[self.target], rounded(weights, self.dtype))

    def alone(self) -> dict[str, list[str]]:
        """For each side the tensors that have no counterpart, by their own names."""
        found = {}
        for side, lone in zip(SUFFIXES, self.lone, strict=True):
            names = {name for tensor in lone.values() for name in (str(tensor), tensor.also) if name}
            found[side] = sorted(names | set(getattr(self, side).unused))
        return {side: names for side, names in found.items() if names}

    def left(self) -> list[str]:
        """What the target holds besides, as constants do, and keeps as its function made it."""
        program = getattr(self, self.target)
        held = [tensor for node in program.nodes for tensor in (*node.held.values(), *node.tied.values())]
        known = {name for tensor in held for name in (tensor.name, tensor.also)}
        known |= self._call(self.target, "tied").keys() | set(program.unused)
        return [
            name
            for name in self._call(self.target, "state")
            if name not in known and not name.endswith(TORCH_BOOKKEEPING)
        ]

    def errors(self) -> list[float]:
        """How far the outputs of the two models are apart.

        Raises:
            CrosscheckError: they return different numbers of tensors, or other numbers each time.
        """
        torch, keras = self._steady()
        if len(self.torch.outputs) != len(self.keras.outputs):
            raise CrosscheckError(
                f"torch returns {len(self.torch.outputs)} tensors, keras {len(self.keras.outputs)}"
            )
        both = zip(self.torch.outputs, self.keras.outputs, strict=True)
        pairs = [(torch.values[a], keras.values[b]) for a, b in both]
        return [relative_error(in_keras_order(a, b.shape, b), b) for a, b in pairs]

    def equal(self, errors: list[float]) -> bool:
        """Whether outputs that far apart are the same."""
        return all(error <= TOLERANCE for error in errors)

    def write(self, file: Path) -> int:
        """Write the target's weights, whole or not at all.

        Returns:
            the number of tensors.

        Raises:
            CrosscheckError: the framework cannot save this model.
        """
        state: Weights = self._call(self.target, "state")
        tied: dict[str, str] = self._call(self.target, "tied")
        with checkpoint.atomic(file) as temporary:
            place = str(temporary.absolute())
            if file.suffix == ".safetensors":
                temporary.write_bytes(self._bytes(state, tied))
            elif self.target == "torch":
                self._call("torch", "write", place, self.dtype)
            else:
                self._write_keras(file, place, state)
        return len(state.keys() - tied.keys())

    def _bytes(self, state: Weights, tied: Mapping[str, str]) -> bytes:
        arrays = {
            name: np.ascontiguousarray(array.astype(self.dtype) if array.dtype.kind == "f" else array)
            for name, array in state.items()
            if name not in tied  # once, as safetensors' own `save_model` does
        }
        facts = {"from": self.origin, "versions": versions(), "sources": self.sources}
        # "pt" is what other readers of a PyTorch model's file ask for.
        kind = "pt" if self.target == "torch" else "keras"
        return to_bytes(arrays, {"format": kind, "crosscheck": json.dumps(facts), **tied})

    def _write_keras(self, file: Path, place: str, state: Weights) -> None:
        names = self.sides.torch.call("torch_impl.trace:input_names", KEY)[: len(self.inputs)]
        suffix = ".keras" if file.suffix == ".keras" else ".weights.h5"
        arrays = {
            path: array.astype(self.dtype) if array.dtype.kind == "f" else array
            for path, array in state.items()
        }
        arguments = (self.sources["keras"], self.keras_inputs, names, arrays, self.dtype, suffix, place)
        self.sides.keras.call("keras_impl.weights:write", *arguments)

    def _call(self, side: str, function: str, *arguments: Any) -> Any:
        framework: Side = getattr(self.sides, side)
        return framework.call(f"{side}_impl.weights:{function}", KEY, *arguments)
