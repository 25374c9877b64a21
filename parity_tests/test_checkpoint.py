"""Files: whole or not there, verified when read, never pickled."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from crosscheck import checkpoint
from crosscheck.errors import CheckpointError

ARRAYS = {"fc1.kernel": np.arange(12.0).reshape(3, 4), "step": np.array(7, np.int32)}


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    checkpoint.save(path, ARRAYS, {"epoch": 3})
    found = checkpoint.read(path)
    assert found.facts == {"epoch": 3}
    for name, array in ARRAYS.items():
        assert found.arrays[name].dtype == array.dtype
        assert np.array_equal(found.arrays[name], array)
    assert path.stat().st_mode & 0o777 == 0o644


def test_the_manifest_says_what_it_was_made_with(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    checkpoint.save(path, ARRAYS, {})
    header = path.read_bytes()
    manifest = json.loads(
        json.loads(header[8 : 8 + int.from_bytes(header[:8], "little")])["__metadata__"]["manifest"]
    )
    assert manifest["versions"].keys() >= {"torch", "keras", "numpy"}
    assert len(manifest["sha256"]["fc1.kernel"]) == 64
    assert "channels last" in manifest["layout"]


def test_damage_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    checkpoint.save(path, ARRAYS, {})
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="the checksum is wrong for"):
        checkpoint.read(path)
    path.write_bytes(content[:-5])
    with pytest.raises(CheckpointError, match="not a whole safetensors file"):
        checkpoint.read(path)
    with pytest.raises(CheckpointError, match="no such file"):
        checkpoint.read(tmp_path / "nothing")
    save_file({"a": np.ones(2)}, path)
    with pytest.raises(CheckpointError, match="not written by crosscheck"):
        checkpoint.read(path)


def test_a_write_that_breaks_off_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    checkpoint.save(path, ARRAYS, {"epoch": 1})
    before = path.read_bytes()

    def interrupted() -> None:
        with checkpoint.atomic(path) as temporary:
            temporary.write_bytes(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_each_result_needs_a_file_of_its_own(tmp_path: Path) -> None:
    one = tmp_path / "one.json"
    checkpoint.require_writable(one, None, tmp_path / "two.json")
    with pytest.raises(CheckpointError, match=r"one\.json: is named twice"):
        checkpoint.require_writable(one, None, tmp_path / "." / "one.json")
