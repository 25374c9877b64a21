"""The files inside a folder, a tar (plain, gz, bz2, xz) or a zip: one way to walk them all."""

import lzma
import os
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from crosscheck.errors import DataError

# The largest file of any packaging is a batch of 10,000 images, 31 MB; more is not one of ours.
LARGEST = 64 * 2**20

# A zip that is encrypted, or compressed in an unknown way, raises a kind of RuntimeError.
_BROKEN = (
    tarfile.TarError,
    zipfile.BadZipFile,
    lzma.LZMAError,
    zlib.error,
    EOFError,
    RuntimeError,
)


class Member(NamedTuple):
    """A file: its path inside the packaging, with "/", and how to get its bytes."""

    name: str
    read: Callable[[], bytes]


def members(path: Path) -> Iterator[Member]:
    """Every regular file, in the order the packaging has them; nothing is unpacked onto the disk.

    A member must be read before the next one is asked for.

    Raises:
        DataError: the path is missing, unreadable, damaged, truncated or of no known kind.
    """
    with _explained(path):
        if path.is_dir():
            found = _in_folder(path)
        elif not path.exists():
            raise DataError(f"{path}: there is no such file or folder")
        elif zipfile.is_zipfile(path):
            found = _in_zip(path)
        elif _is_tar(path):
            found = _in_tar(path)
        else:
            raise DataError(f"{path}: neither a folder nor a whole tar or zip archive")
        for member in found:
            yield Member(member.name, partial(_read, path, member))


def _read(path: Path, member: Member) -> bytes:
    with _explained(path):  # it runs in the caller's code, outside the `with` of `members`
        return member.read()


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except _BROKEN as error:
        raise DataError(f"{path}: damaged or truncated ({error}); get the file again") from None
    except OSError as error:
        raise DataError(f"{error.filename or path}: cannot be read ({error.strerror or error})") from None


def identity(path: Path) -> list[tuple[str, int, int]]:
    """Name, size and time of change of every file: as long as they are the same, so is the content."""
    if not path.exists():
        raise DataError(f"{path}: there is no such file or folder")
    try:
        files = sorted(_files(path)) if path.is_dir() else [path]
        return [(str(file), (stat := file.stat()).st_size, stat.st_mtime_ns) for file in files]
    except OSError as error:
        raise DataError(f"{error.filename or path}: cannot be read ({error.strerror})") from None


def _files(folder: Path) -> Iterator[Path]:
    def fail(error: OSError) -> None:
        raise error

    for parent, _, names in os.walk(folder, onerror=fail):
        yield from (Path(parent, name) for name in names)


def _in_folder(folder: Path) -> Iterator[Member]:
    for file in sorted(_files(folder)):
        if file.stat().st_size <= LARGEST:
            yield Member(file.relative_to(folder).as_posix(), file.read_bytes)


def _in_zip(path: Path) -> Iterator[Member]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if not info.is_dir() and info.file_size <= LARGEST:
                yield Member(info.filename, lambda info=info: archive.read(info))  # type: ignore[misc]


def _is_tar(path: Path) -> bool:
    # `tarfile.is_tarfile` takes an empty or zero-filled file for a tar; it must begin with a member.
    with path.open("rb") as file:
        if not file.read(1):
            raise DataError(f"{path}: the file is empty; get it again")
    return tarfile.is_tarfile(path)


def _in_tar(path: Path) -> Iterator[Member]:
    # Read as a stream: an xz archive cannot be read in any other order without starting over.
    with tarfile.open(path, "r:*") as archive:
        for info in archive:
            if info.isfile() and info.size <= LARGEST:
                yield Member(info.name, lambda info=info: _extract(archive, info))  # type: ignore[misc]


def _extract(archive: tarfile.TarFile, info: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(info)
    content = file.read() if file else b""
    if len(content) != info.size:
        raise EOFError(f"{info.name} ends early")
    return content
