"""Small copies of CIFAR-10's packagings, made from random images, for the tests of reading them."""

import io
import pickle
import struct
import tarfile
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from crosscheck.data.split import CLASSES

BATCH = 20  # images in each of the six batches
NAMES = (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch")
Files = dict[str, bytes]


def arrays() -> tuple[np.ndarray, np.ndarray]:
    """Images (6 BATCH, 32, 32, 3) and labels; the last BATCH are the test split."""
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (6 * BATCH, 32, 32, 3), np.uint8)
    return images, np.concatenate([generator.permutation(np.arange(BATCH) % 10) for _ in NAMES])


def planes(images: np.ndarray) -> np.ndarray:
    """Rows of 3,072 bytes, red, green, blue, as the official files have them."""
    return images.transpose(0, 3, 1, 2).reshape(len(images), -1)


def pickled() -> Files:
    """The Python version; protocol 2 as published."""
    images, labels = arrays()
    files = {}
    for i, name in enumerate(NAMES):
        part = slice(i * BATCH, (i + 1) * BATCH)
        batch = {b"data": planes(images[part]), b"labels": [int(y) for y in labels[part]]}
        files[f"cifar-10-batches-py/{name}"] = pickle_of_python_2(batch)
    return files


class _Python2Pickler(pickle._Pickler):  # type: ignore[name-defined]
    """Writes every string as Python 2 did, which is how the official batches were written."""

    def _save_string(self, value: str | bytes) -> None:
        content = value.encode("latin1") if isinstance(value, str) else value
        self.write(pickle.BINSTRING + struct.pack("<i", len(content)) + content)
        self.memoize(value)

    dispatch = {**pickle._Pickler.dispatch, bytes: _save_string, str: _save_string}  # type: ignore[attr-defined]  # noqa: RUF012


def pickle_of_python_2(value: object) -> bytes:
    """A pickle as Python 2 and the numpy of its time wrote it."""
    buffer = io.BytesIO()
    _Python2Pickler(buffer, protocol=2).dump(value)
    return buffer.getvalue().replace(b"cnumpy._core.", b"cnumpy.core.")


def binary() -> Files:
    """The binary version."""
    images, labels = arrays()
    rows = np.concatenate([labels[:, None].astype(np.uint8), planes(images)], axis=1)
    return {
        f"cifar-10-batches-bin/{name}.bin": rows[i * BATCH : (i + 1) * BATCH].tobytes()
        for i, name in enumerate(NAMES)
    }


def folders(suffix: str = "png") -> Files:
    """One folder a class, with what file managers leave behind."""
    images, labels = arrays()
    files = {".DS_Store": b"\0", "train/cat/._0001.png": b"\0", "README.txt": b"hello"}
    for i in reversed(range(len(labels))):
        split = "train" if i < 5 * BATCH else "test"
        buffer = io.BytesIO()
        Image.fromarray(images[i]).save(buffer, format="JPEG" if suffix == "jpg" else suffix)
        files[f"{split}/{CLASSES[labels[i]]}/{i:04}.{suffix}"] = buffer.getvalue()
    return files


def as_folder(files: Files, path: Path) -> Path:
    """Write the files as they are."""
    for name, content in files.items():
        file = path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return path


def as_tar(files: Files, path: Path) -> Path:
    """Pack the files; the kind of compression is the path's last suffix."""
    kind = {".gz": "w:gz", ".xz": "w:xz", ".tar": "w"}[path.suffix]
    with tarfile.open(path, kind) as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def as_zip(files: Files, path: Path) -> Path:
    """Pack the files."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path
