"""A run of one model on disk: what it does, every tensor on the way, its weights, and how it was run."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

from crosscheck import checkpoint
from crosscheck.errors import CheckpointError, CrosscheckError
from crosscheck.layouts import Weights
from crosscheck.ports.program import Held, Node, Program

SUFFIX = ".safetensors"
KIND = "trace"
_KINDS = {kind.__name__: kind for kind in (Program, Node, Held)}


@dataclass(frozen=True)
class Recording:
    """One run of one model.

    Attributes:
        program: what it does.
        values: every tensor on the way, by its number, as the side itself has it.
        weights: what it holds, by its own names.
        inputs: as PyTorch sees them.
        names: what PyTorch's model calls its inputs.
        declared: shapes of the inputs, as far as Keras' model says them.
        facts: source, dtype, TF32, seed, versions, settings of the side and the machine.
    """

    program: Program
    values: dict[int, np.ndarray]
    weights: Weights
    inputs: list[np.ndarray]
    names: tuple[str, ...]
    declared: tuple[tuple[int | None, ...], ...]
    facts: dict[str, Any]

    @property
    def side(self) -> str:
        """ "torch" or "keras"."""
        return self.program.side


def is_trace(text: str) -> bool:
    """Whether an argument of the command is a trace, and not a source."""
    return text.endswith(SUFFIX)


def require_suffix(file: Path) -> None:
    """Refuse a name that `compare` would not know as a trace's.

    Raises:
        CrosscheckError: it ends otherwise.
    """
    if file.suffix != SUFFIX:
        raise CrosscheckError(f"{file}: a trace is a file {SUFFIX}")


def save(file: Path, recording: Recording) -> None:
    """Write a recording; the file appears whole or not at all."""
    arrays = {f"value/{number}": array for number, array in recording.values.items()}
    arrays |= {f"weight/{name}": array for name, array in recording.weights.items()}
    arrays |= {f"input/{number}": array for number, array in enumerate(recording.inputs)}
    facts = recording.facts | {
        "kind": KIND,
        "program": as_json(recording.program),
        "names": recording.names,
        "declared": recording.declared,
    }
    checkpoint.save(file, arrays, facts, layout="as the side has it; inputs as PyTorch sees them")


def read(file: Path) -> Recording:
    """Read a recording, and check every tensor against its checksum.

    Raises:
        CheckpointError: the file is missing, damaged, or no trace.
    """
    found = checkpoint.read(file)
    facts = dict(found.facts)
    if facts.pop("kind", "") != KIND:
        raise CheckpointError(f"{file}: not a trace; write one with crosscheck record")
    try:
        program = from_json(facts.pop("program"))
        names, declared = tuple(facts.pop("names")), from_json(facts.pop("declared"))
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{file}: a trace of another version of crosscheck ({error})") from None
    parts: dict[str, dict[str, np.ndarray]] = {"value": {}, "weight": {}, "input": {}}
    for name, array in found.arrays.items():
        kind, _, rest = name.partition("/")
        parts[kind][rest] = array
    values = {int(number): array for number, array in parts["value"].items()}
    inputs = [parts["input"][str(index)] for index in range(len(parts["input"]))]
    return Recording(program, values, parts["weight"], inputs, names, declared, facts)


def as_json(value: Any) -> Any:
    """A program, or a part of one, as JSON can hold it."""
    if is_dataclass(value) and not isinstance(value, type):
        found = {field.name: as_json(getattr(value, field.name)) for field in fields(value)}
        return {"~": type(value).__name__, **found}
    if isinstance(value, slice):
        return {"~": "slice", "between": [value.start, value.stop]}
    if isinstance(value, Mapping):
        return {str(name): as_json(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(item) for item in value]
    return value


def from_json(value: Any) -> Any:
    """The inverse of `as_json`; lists are tuples, as in programs."""
    if isinstance(value, list):
        return tuple(from_json(item) for item in value)
    if not isinstance(value, dict):
        return value
    kind = value.get("~")
    if kind == "slice":
        return slice(*value["between"])
    found = {name: from_json(item) for name, item in value.items() if name != "~"}
    return _KINDS[kind](**found) if kind else found
