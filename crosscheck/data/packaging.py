"""CIFAR-10 as people have it: pickled batches, binary batches, or folders of images.

Which of them it is shows in the names of the files, whatever holds them (folder, tar, zip).
"""

import io
import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image, UnidentifiedImageError

from crosscheck.data.members import Member, members
from crosscheck.data.split import CLASSES, Split
from crosscheck.data.unpickle import planes_to_images, read_batch
from crosscheck.errors import DataError

SIZE = (32, 32)
RECORD = 1 + 3072  # a label and three planes of 32 x 32
IMAGE_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".webp"}
TRAIN_BATCHES = tuple(f"data_batch_{i}" for i in range(1, 6))
_BATCH = re.compile(r"(data_batch_[1-5]|test_batch)(\.bin)?")

Arrays = tuple[np.ndarray, np.ndarray]
Track = Callable[[Iterable[Member]], Iterable[Member]]


def read(path: Path, track: Track = lambda members: members) -> tuple[dict[str, Split], tuple[str, ...]]:
    """Decode whatever packaging of CIFAR-10 is at `path`.

    Args:
        path: a folder, a tar or a zip.
        track: wraps the files as they are read, to show progress.

    Returns:
        the splits "train" and "test", and the names of the classes in the order of the labels.

    Raises:
        DataError: one line that says what is wrong with which file.
    """
    batches: dict[str, Arrays] = {}
    images: dict[tuple[str, str], list[tuple[str, np.ndarray]]] = defaultdict(list)
    for member in track(members(path)):
        name, where = PurePosixPath(member.name), f"{path}: {member.name}"
        if name.name.startswith("."):  # what file managers leave behind
            continue
        if batch := _BATCH.fullmatch(name.name):
            if batch[1] in batches:
                raise DataError(f"{path}: holds {batch[1]} twice; give one packaging of it")
            decode = _read_binary if batch[2] else read_batch
            batches[batch[1]] = decode(member.read(), where)
        elif name.suffix.lower() in IMAGE_SUFFIXES and len(name.parts) >= 3:
            split, label = name.parts[-3:-1]
            if split in ("train", "test"):
                images[split, label].append((name.name, _read_image(member.read(), where)))
    if batches and images:
        raise DataError(f"{path}: holds both batches and folders of images; give one of them")
    if batches:
        return _from_batches(path, batches), CLASSES
    if images:
        return _from_images(path, images)
    raise DataError(
        f"{path}: no CIFAR-10 found in it; expected data_batch_1 ... test_batch (pickled, or .bin), "
        "or images as train/<class>/*.png and test/<class>/*.png"
    )


def _read_binary(content: bytes, where: str) -> Arrays:
    if not content or len(content) % RECORD:
        raise DataError(f"{where}: truncated: {len(content):,} bytes are not whole records of {RECORD:,}")
    records = np.frombuffer(content, np.uint8).reshape(-1, RECORD)
    return planes_to_images(records[:, 1:]), records[:, 0].astype(np.int64)


def _read_image(content: bytes, where: str) -> np.ndarray:
    try:
        with Image.open(io.BytesIO(content)) as image:
            if image.size != SIZE:
                raise DataError(f"{where}: {image.width}x{image.height} pixels instead of 32x32")
            return np.asarray(image.convert("RGB"))
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError) as error:
        raise DataError(f"{where}: not a whole image ({error})") from None


def _from_batches(path: Path, batches: dict[str, Arrays]) -> dict[str, Split]:
    missing = [name for name in (*TRAIN_BATCHES, "test_batch") if name not in batches]
    if missing:
        raise DataError(f"{path}: incomplete: {', '.join(missing)} missing")
    sizes = {name: len(labels) for name, (_, labels) in batches.items()}
    if len(set(sizes.values())) > 1:
        short = min(sizes, key=lambda name: sizes[name])
        raise DataError(
            f"{path}: truncated: {short} has {sizes[short]:,} images, others {max(sizes.values()):,}"
        )
    for name, (_, labels) in batches.items():
        if labels.min() < 0 or labels.max() >= len(CLASSES):
            raise DataError(f"{path}: {name}: a label is not one of 0 ... 9: this is not CIFAR-10")
    train = [batches[name] for name in TRAIN_BATCHES]
    return {
        "train": Split(np.concatenate([i for i, _ in train]), np.concatenate([y for _, y in train])),
        "test": Split(*batches["test_batch"]),
    }


def _from_images(
    path: Path, images: dict[tuple[str, str], list[tuple[str, np.ndarray]]]
) -> tuple[dict[str, Split], tuple[str, ...]]:
    classes = {split: sorted({label for s, label in images if s == split}) for split in ("train", "test")}
    for split, names in classes.items():
        if len(names) != len(CLASSES):
            found = ", ".join(names) or "none"
            raise DataError(f"{path}: {split}/ has {len(names)} classes instead of 10: {found}")
    if classes["train"] != classes["test"]:
        odd = ", ".join(sorted(set(classes["train"]) ^ set(classes["test"])))
        raise DataError(f"{path}: train/ and test/ have different classes: {odd}")
    splits = {}
    for split, names in classes.items():
        # By name and not as the archive has them, so that every packaging gives the same order.
        rows = [
            (image, label)
            for label, name in enumerate(names)
            for _, image in sorted(images[split, name], key=lambda row: row[0])
        ]
        splits[split] = Split(np.stack([i for i, _ in rows]), np.array([y for _, y in rows], np.int64))
    return splits, tuple(classes["train"])
