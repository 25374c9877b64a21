"""From what the user names to arrays: decoded once, cached, memory-mapped."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from platformdirs import user_cache_path

from crosscheck import console
from crosscheck.data import generated, packaging
from crosscheck.data.members import identity
from crosscheck.data.split import Split
from crosscheck.environment import framework_environment
from crosscheck.errors import DataError
from crosscheck.sides import Side

FORMAT = 1  # of the cache; a new number leaves old entries alone
# Images that are known, by the checksum of their pixels and labels.
KNOWN = {
    "e00b28a47d65123fee89ae47a62acc70fb6ccb9ce577b9cdfc3225ad1f402b1c": "CIFAR-10, JPEG re-encoded",
    "800e431540d09e94433a87bb4ff6dee2345ca320196aaca916c634ff5fe96a8d": "generated images",
}
DOWNLOAD_TIMEOUT = 3600


@dataclass(frozen=True)
class Dataset:
    """Images to train on and to test on.

    Attributes:
        source: what the user asked for.
        train, test: the splits; their images are mapped from the cache, not held in memory.
        classes: names in the order of the labels.
        sha256: of all images and labels, so that a result says what it was trained on.
    """

    source: str
    train: Split
    test: Split
    classes: tuple[str, ...]
    sha256: str


def described(sha256: str) -> str:
    """What images of this checksum are, in words."""
    return KNOWN.get(sha256, f"images with the SHA-256 {sha256[:12]}...")


def cache_folder() -> Path:
    """Where decoded data are kept: CROSSCHECK_CACHE, or the system's place for caches."""
    chosen = os.environ.get("CROSSCHECK_CACHE")
    return Path(chosen) if chosen else user_cache_path("crosscheck")


def load(source: str) -> Dataset:
    """The data set that `source` names.

    Args:
        source: "generated", "cifar10" (downloads the official archive), or a path to CIFAR-10 in
            any packaging that `crosscheck.data.packaging` knows.

    Raises:
        DataError: missing, corrupt, truncated, unreadable, or not CIFAR-10.
    """
    if source == "generated":
        return _cached(source, f"generated {generated.SIZES} 0")
    path = download() if source == "cifar10" else Path(os.path.expanduser(source))
    return _cached(source, json.dumps(identity(path.absolute())), path)


def download() -> Path:
    """The official archive, downloaded through torchvision unless it is there already."""
    folder = cache_folder() / "downloads"
    side = Side("torch", framework_environment("torch", "cpu", 1), DOWNLOAD_TIMEOUT)
    try:
        return Path(side.call("torch_impl.download:cifar10", str(folder)))
    finally:
        side.close()


def _cached(source: str, key: str, path: Path | None = None) -> Dataset:
    folder = cache_folder() / "data" / hashlib.sha256(f"{FORMAT} {key}".encode()).hexdigest()[:32]
    found = _open(source, folder)
    if found:
        return found
    try:
        _fill(folder, path)
    except OSError as error:
        raise DataError(f"{folder}: cannot keep the decoded images ({error}); set CROSSCHECK_CACHE") from None
    found = _open(source, folder)
    if not found:
        raise DataError(f"{folder}: the decoded images cannot be read back; set CROSSCHECK_CACHE")
    return found


def _fill(folder: Path, path: Path | None) -> None:
    if path is None:
        splits, classes = generated.generate(), generated.CLASSES
    else:
        splits, classes = packaging.read(path, lambda files: console.track(files, f"Reading {path.name}"))
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f"{folder.name}."))
    try:
        for name, split in splits.items():
            np.save(temporary / f"{name}_images.npy", split.images)
            np.save(temporary / f"{name}_labels.npy", split.labels)
        facts = {"classes": classes, "sha256": _checksum(splits.values())}
        (temporary / "facts.json").write_text(json.dumps(facts))
        temporary.chmod(0o755)  # a cache may be shared
        _publish(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _checksum(splits: Iterable[Split]) -> str:
    digest = hashlib.sha256()
    for split in splits:
        for array in (split.images, split.labels):
            digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _publish(temporary: Path, folder: Path) -> None:
    """Move a whole entry into place; another process may be doing the same."""
    try:
        temporary.rename(folder)
    except OSError:
        if _open("", folder):
            return  # the other was faster
        shutil.rmtree(folder, ignore_errors=True)  # what is there is damaged
        temporary.rename(folder)


def _open(source: str, folder: Path) -> Dataset | None:
    """The entry, or nothing if it is not there or damaged."""
    try:
        facts = json.loads((folder / "facts.json").read_text())
        train, test = (
            Split(
                np.load(folder / f"{name}_images.npy", mmap_mode="r"), np.load(folder / f"{name}_labels.npy")
            )
            for name in ("train", "test")
        )
        found = Dataset(source, train, test, tuple(facts["classes"]), facts["sha256"])
    except (OSError, ValueError, KeyError, TypeError, EOFError):
        return None
    whole = all(s.images.shape == (len(s.labels), 32, 32, 3) for s in (train, test))
    # Looked at each time (a third of a second): a file may be of the right size and hold nothing.
    return found if whole and _checksum((train, test)) == found.sha256 else None
