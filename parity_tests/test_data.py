"""CIFAR-10 in every packaging, whole and broken."""

import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from crosscheck.data import batches, dataset
from crosscheck.data.split import CLASSES
from crosscheck.errors import DataError
from crosscheck.sides import Sides
from parity_tests import packagings as p

IMAGES, LABELS = p.arrays()
TRAIN = 5 * p.BATCH


@pytest.mark.parametrize(
    "pack",
    [
        lambda path: p.as_tar(p.pickled(), path / "cifar-10-python.tar.gz"),
        lambda path: p.as_folder(p.pickled(), path),
        lambda path: p.as_folder(p.pickled(), path) / "cifar-10-batches-py",
        lambda path: p.as_tar(p.binary(), path / "cifar-10-binary.tar.gz"),
        lambda path: p.as_folder(p.binary(), path),
        lambda path: p.as_zip(p.binary(), path / "batches.zip"),
    ],
)
def test_official_packagings(pack: Callable[[Path], Path], tmp_path: Path) -> None:
    found = dataset.load(str(pack(tmp_path)))
    np.testing.assert_array_equal(found.train.images, IMAGES[:TRAIN])
    np.testing.assert_array_equal(found.train.labels, LABELS[:TRAIN])
    np.testing.assert_array_equal(found.test.images, IMAGES[TRAIN:])
    np.testing.assert_array_equal(found.test.labels, LABELS[TRAIN:])
    assert found.classes == CLASSES
    assert isinstance(found.train.images, np.memmap)


@pytest.mark.parametrize(
    "pack",
    [
        lambda path: p.as_folder(p.folders(), path),
        lambda path: p.as_tar(p.folders(), path / "images.tar"),
        lambda path: p.as_tar(p.folders(), path / "images.tar.xz"),
        lambda path: p.as_zip({f"cifar/{n}": c for n, c in p.folders().items()}, path / "images.zip"),
    ],
)
def test_folders_of_images(pack: Callable[[Path], Path], tmp_path: Path) -> None:
    found = dataset.load(str(pack(tmp_path)))
    # by class and then by name, however the archive had them
    order = sorted(range(TRAIN), key=lambda i: (LABELS[i], i))
    np.testing.assert_array_equal(found.train.images, IMAGES[order])
    np.testing.assert_array_equal(found.train.labels, LABELS[order])
    assert len(found.test) == p.BATCH


def test_jpeg_images(tmp_path: Path) -> None:
    found = dataset.load(str(p.as_folder(p.folders("jpg"), tmp_path)))
    assert found.train.images.shape == (TRAIN, 32, 32, 3)


def test_every_packaging_of_one_content_has_one_checksum(tmp_path: Path) -> None:
    first = dataset.load(str(p.as_folder(p.pickled(), tmp_path / "a")))
    second = dataset.load(str(p.as_tar(p.binary(), tmp_path / "b.tar.gz")))
    assert first.sha256 == second.sha256


def test_decoded_once_until_the_file_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = p.as_tar(p.binary(), tmp_path / "b.tar")
    before = dataset.load(str(path))
    with monkeypatch.context() as patch:
        patch.setattr(dataset.packaging, "read", lambda *_: pytest.fail("decoded again"))
        assert dataset.load(str(path)).sha256 == before.sha256
    changed = p.binary()
    changed["cifar-10-batches-bin/test_batch.bin"] = bytes(p.BATCH * 3073)
    p.as_tar(changed, path)
    os.utime(path, (1, 1))
    assert dataset.load(str(path)).sha256 != before.sha256


def test_a_damaged_cache_is_made_anew(tmp_path: Path, cache: Path) -> None:
    path = p.as_tar(p.binary(), tmp_path / "b.tar")
    dataset.load(str(path))
    newest = max((cache / "data").iterdir(), key=lambda folder: folder.stat().st_mtime_ns)
    (newest / "train_images.npy").write_bytes(b"\x93NUMPY")
    first = dataset.load(str(path))
    assert len(first.train) == TRAIN
    # As after a power failure: the file is there and of the right size, and holds nothing.
    pixels = np.array(first.train.images)
    np.save(newest / "train_images.npy", np.zeros_like(pixels))
    assert np.array_equal(dataset.load(str(path)).train.images, pixels)


def test_several_processes_may_decode_at_once(tmp_path: Path) -> None:
    path = p.as_tar(BINARY, tmp_path / "b.tar")
    code = f"from crosscheck.data import dataset; print(dataset.load({str(path)!r}).sha256)"
    environment = {**os.environ, "CROSSCHECK_CACHE": str(tmp_path / "cold")}
    commands = [[sys.executable, "-c", code] for _ in range(6)]
    running = [subprocess.Popen(c, stdout=subprocess.PIPE, env=environment, text=True) for c in commands]
    assert len({process.communicate()[0] for process in running}) == 1
    assert all(process.returncode == 0 for process in running)
    assert len(list((tmp_path / "cold" / "data").iterdir())) == 1


def without(files: p.Files, part: str) -> p.Files:
    return {name: content for name, content in files.items() if part not in name}


def replaced(files: p.Files, part: str, content: bytes) -> p.Files:
    return {name: content if part in name else old for name, old in files.items()}


class Evil:
    """Unpickling this would run a command."""

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, ("touch /tmp/crosscheck-was-here",)


BINARY, PICKLED, FOLDERS = p.binary(), p.pickled(), p.folders()
WHOLE = BINARY["cifar-10-batches-bin/data_batch_3.bin"]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (without(PICKLED, "data_batch_3"), "incomplete: data_batch_3 missing"),
        (without(BINARY, "test_batch"), "incomplete: test_batch missing"),
        (replaced(BINARY, "data_batch_3", WHOLE[:-1]), "data_batch_3.bin: truncated: 61,459 bytes"),
        (replaced(BINARY, "data_batch_3", WHOLE[:-3073]), "truncated: data_batch_3 has 19 images, others 20"),
        (replaced(BINARY, "data_batch_3", b""), "data_batch_3.bin: truncated: 0 bytes"),
        (replaced(BINARY, "data_batch_3", b"\x0a" + WHOLE[1:]), "a label is not one of 0 ... 9"),
        (replaced(PICKLED, "data_batch_3", b"nonsense"), "data_batch_3: damaged or truncated"),
        (replaced(PICKLED, "data_batch_3", PICKLED["cifar-10-batches-py/data_batch_3"][:-9]), "damaged"),
        (replaced(PICKLED, "data_batch_3", pickle.dumps(Evil())), "refused, since its pickle asks for "),
        (replaced(PICKLED, "data_batch_3", p.pickle_of_python_2([1, 2])), "holds no data and labels"),
        (
            replaced(PICKLED, "data_batch_3", p.pickle_of_python_2({b"data": 3, b"labels": []})),
            "its data are not rows of 3,072 bytes",
        ),
        (without(FOLDERS, "/frog/"), "train/ has 9 classes instead of 10"),
        (without(FOLDERS, "test/"), "test/ has 0 classes instead of 10: none"),
        (
            {name.replace("test/frog", "test/toad"): content for name, content in FOLDERS.items()},
            "different classes: frog, toad",
        ),
        (replaced(FOLDERS, "0033.png", b"GIF89a"), "0033.png: not a whole image"),
        (replaced(FOLDERS, "0033.png", FOLDERS["README.txt"]), "0033.png: not a whole image"),
        (BINARY | PICKLED, "twice; give one packaging of it"),
        (
            replaced(
                PICKLED,
                "data_batch_3",
                p.pickle_of_python_2({b"data": IMAGES[:0].reshape(0, 3072), b"labels": []}),
            ),
            "a label is not one of 0 ... 9, or there are none",
        ),
        (FOLDERS | PICKLED, "both batches and folders of images"),
        ({"notes.txt": b"nothing here"}, "no CIFAR-10 found in it; expected data_batch_1"),
    ],
)
def test_what_is_broken_is_one_clear_line(files: p.Files, message: str, tmp_path: Path) -> None:
    for path in (p.as_folder(files, tmp_path / "folder"), p.as_tar(files, tmp_path / "a.tar.gz")):
        with pytest.raises(DataError) as caught:
            dataset.load(str(path))
        assert message in str(caught.value)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)
    assert not Path("/tmp/crosscheck-was-here").exists()


def test_an_image_of_another_size(tmp_path: Path) -> None:
    import io

    from PIL import Image

    buffer = io.BytesIO()
    Image.new("RGB", (33, 32)).save(buffer, format="png")
    path = p.as_folder(replaced(FOLDERS, "0033.png", buffer.getvalue()), tmp_path)
    with pytest.raises(DataError, match="33x32 pixels instead of 32x32"):
        dataset.load(str(path))


def test_broken_archives(tmp_path: Path) -> None:
    whole = p.as_tar(BINARY, tmp_path / "whole.tar.gz").read_bytes()
    for name, content in {
        "half.tar.gz": whole[: len(whole) // 2],
        "half.tar.xz": p.as_tar(BINARY, tmp_path / "w.tar.xz").read_bytes()[:200_000],
        "half.zip": p.as_zip(BINARY, tmp_path / "w.zip").read_bytes()[:-100],
        "empty.tar.gz": b"",
        "text.tar": b"this is no archive",
    }.items():
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(DataError, match=f"{name}: (damaged or truncated|neither|the file is empty)"):
            dataset.load(str(path))
    with pytest.raises(DataError, match="there is no such file or folder"):
        dataset.load(str(tmp_path / "nowhere"))


def test_generated_images_are_the_same_everywhere() -> None:
    found = dataset.load("generated")
    assert (len(found.train), len(found.test)) == (10_000, 2_000)
    assert found.sha256.startswith("800e431540d09e94")
    counts = np.bincount(found.train.labels, minlength=10)
    assert counts.min() > 900


def test_generated_images_are_not_trivially_separable() -> None:
    found = dataset.load("generated")

    def design(images: np.ndarray) -> np.ndarray:
        rows = images.reshape(len(images), -1).astype(np.float32) / 255
        return np.hstack([rows, np.ones((len(rows), 1), np.float32)])

    x = design(found.train.images)
    gram = x.T @ x + 10 * np.eye(x.shape[1], dtype=np.float32)
    fit = np.linalg.solve(gram, x.T @ np.eye(10, dtype=np.float32)[found.train.labels])
    accuracy = (design(found.test.images) @ fit).argmax(1) == found.test.labels
    assert 0.1 < accuracy.mean() < 0.35


@pytest.mark.images
def test_the_real_images(images: dataset.Dataset) -> None:
    assert (len(images.train), len(images.test)) == (50_000, 10_000)
    assert images.classes == CLASSES
    assert (np.bincount(images.train.labels) == 5_000).all()
    assert (np.bincount(images.test.labels) == 1_000).all()


def test_batches_are_a_function_of_seed_and_epoch() -> None:
    first = batches.epoch_order(1000, 1, 1)
    assert sorted(first) == list(range(1000))
    assert np.array_equal(first, batches.epoch_order(1000, 1, 1))
    assert not np.array_equal(first, batches.epoch_order(1000, 1, 2))
    assert not np.array_equal(first, batches.epoch_order(1000, 2, 1))
    cut = list(batches.chunks(first, 64, 5))
    assert [part.shape for part in cut] == [(5, 64), (5, 64), (5, 64), (1, 40)]
    assert np.array_equal(np.concatenate([part.ravel() for part in cut]), first)


def test_pixels_are_scaled_as_torchvision_does(sides: Sides) -> None:
    pixels = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1).repeat(3, axis=-1)
    found = batches.normalize(pixels, 0.5, 0.5)
    assert found.dtype == np.float32
    assert (found.min(), found.max()) == (-1, 1)
    expected = sides.torch.call("parity_tests.faults:torchvision_scaling", pixels)
    assert np.array_equal(found, expected)
