"""Weights and training state on disk: one safetensors file that carries its own manifest.

The manifest (versions, layout, a sha256 for every tensor, and what the caller adds) is the file's
metadata, so that there is one file to move into place and none to be left half-written. Nothing
is ever pickled.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as to_bytes

from crosscheck.environment import versions
from crosscheck.errors import CheckpointError
from crosscheck.layouts import Weights

FORMAT = 1


@dataclass(frozen=True)
class Checkpoint:
    """What a file held: arrays by name, and the facts the caller stored beside them."""

    arrays: Weights
    facts: dict[str, Any]


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """A temporary path that takes `path`'s place when the block ends well, and vanishes if not."""
    path = Path(os.path.realpath(path))  # a link keeps pointing to its file
    if path.exists() and not path.is_file():  # a pipe or a device: there is nothing to replace
        yield path
        return
    # One name for each target: what a killed process left is written over by the next.
    temporary = path.with_name(f".{path.name}.part")
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def require_writable(*paths: Path | None) -> None:
    """Make sure that files can be written there, before the work whose results they are to hold.

    Args:
        paths: of the files; None is one that was not asked for.

    Raises:
        CrosscheckError: a folder does not exist, or cannot be written to; or two of them are one file.
    """
    asked = [path for path in paths if path]
    for number, path in enumerate(asked):
        _require_writable(path)
        if path.resolve() in [other.resolve() for other in asked[:number]]:
            raise CheckpointError(f"{path}: is named twice; each result needs a file of its own")


def _require_writable(path: Path) -> None:
    folder = Path(os.path.realpath(path)).parent
    if not folder.is_dir():
        raise CheckpointError(f"{path}: there is no folder {folder}")
    if not os.access(folder, os.W_OK):
        raise CheckpointError(f"{path}: the folder {folder} cannot be written to")
    if path.is_dir():
        raise CheckpointError(f"{path}: is a folder")
    try:
        tempfile.TemporaryFile(dir=folder).close()  # some folders say so and yet take no file
    except OSError as error:
        raise CheckpointError(
            f"{path}: the folder {folder} cannot be written to ({error.strerror})"
        ) from None


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all."""
    with atomic(path) as temporary:
        temporary.write_text(text)


def save(
    path: Path,
    arrays: Mapping[str, np.ndarray],
    facts: Mapping[str, Any],
    layout: str = "neutral (channels last)",
) -> None:
    """Write arrays with a manifest; the file appears whole or not at all.

    Args:
        path: of the .safetensors file.
        arrays: by name.
        facts: anything JSON can hold: side, recipe, epoch, seed.
        layout: of the arrays, in words.
    """
    # (`ascontiguousarray` would turn a number into a vector of one)
    contiguous = {name: np.array(array, order="C") for name, array in arrays.items()}
    manifest = {
        "format": FORMAT,
        "layout": layout,
        "versions": versions(),
        "sha256": {name: _digest(array) for name, array in contiguous.items()},
        "facts": dict(facts),
    }
    with atomic(path) as temporary:
        temporary.write_bytes(to_bytes(contiguous, {"manifest": json.dumps(manifest)}))


def read(path: Path) -> Checkpoint:
    """Read a file written by `save` and check every tensor against the manifest.

    Raises:
        CheckpointError: the file is missing, is no checkpoint of ours, or was damaged.
    """
    try:
        with safe_open(str(path), framework="numpy") as file:
            metadata = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except FileNotFoundError:
        raise CheckpointError(f"{path}: there is no such file") from None
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path}: not a whole safetensors file ({error})") from None
    try:
        manifest = json.loads(metadata["manifest"])
        digests, facts, version = manifest["sha256"], manifest["facts"], manifest["format"]
    except (KeyError, ValueError, TypeError):
        raise CheckpointError(
            f"{path}: has no crosscheck manifest; it was not written by crosscheck"
        ) from None
    if version != FORMAT:
        raise CheckpointError(f"{path}: format {version}; this version reads format {FORMAT}")
    damaged = [name for name in digests.keys() | arrays.keys() if not _intact(name, digests, arrays)]
    if damaged:
        raise CheckpointError(f"{path}: damaged: the checksum is wrong for {', '.join(sorted(damaged))}")
    return Checkpoint(arrays, facts)


def _digest(array: np.ndarray) -> str:
    shape = f"{array.dtype.str}{array.shape}".encode()
    return hashlib.sha256(shape + array.tobytes()).hexdigest()


def _intact(name: str, digests: Mapping[str, str], arrays: Mapping[str, np.ndarray]) -> bool:
    return name in arrays and digests.get(name) == _digest(arrays[name])
