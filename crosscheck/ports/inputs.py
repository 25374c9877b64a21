"""Inputs of two models, as the command line describes them."""

import json
import re
import zipfile
from math import prod
from pathlib import Path

import numpy as np

from crosscheck.errors import CrosscheckError

_SPEC = re.compile(r"^(?P<shape>\d+(x\d+)*)(:(?P<dtype>[a-z]+\d+))?(:(?P<low>\d+)\.\.(?P<high>\d+))?$")
FLOATS = ("float64", "float32", "float16")
WHOLE = ("int64", "int32", "int16", "int8", "uint8", "uint16", "uint32")
# Numbers in one input.
MOST = 10**8
EXAMPLES = "2x3x32x32, 4x11:int64:0..29, or a file FILE.npz"


def read(specifications: tuple[str, ...], seed: int = 0, option: str = "--input") -> list[np.ndarray]:
    """Inputs as PyTorch sees them: float64, or whole numbers.

    Args:
        specifications: one for each input, or one .npz file that holds them in order.
        seed: of what is drawn.
        option: of the command line, as complaints name it.

    Raises:
        CrosscheckError: one is none.
    """
    generator = np.random.default_rng(seed)
    found: list[np.ndarray] = []
    for text in specifications:
        found += _from_file(Path(text)) if text.endswith(".npz") else [_drawn(text, generator, option)]
    if not found:
        raise CrosscheckError(f"say what goes in with {option}: {EXAMPLES}")
    return found


def one(specification: str, seed: int, option: str) -> np.ndarray:
    """The only array that a specification stands for; it is drawn apart from the inputs.

    Args:
        specification: as for `read`.
        seed: of the inputs.
        option: of the command line.

    Raises:
        CrosscheckError: there are more or none.
    """
    found = read((specification,), seed + 1, option)
    if len(found) != 1:
        raise CrosscheckError(f"{option} {specification}: holds {len(found)} arrays; expected one")
    return found[0]


def _drawn(text: str, generator: np.random.Generator, option: str) -> np.ndarray:
    match = _SPEC.match(text)
    if match is None:
        raise CrosscheckError(f"{option} {text}: not a shape; give for example {EXAMPLES}")
    shape = tuple(int(size) for size in match["shape"].split("x"))
    if 0 in shape:
        raise CrosscheckError(f"{option} {text}: a size is 1 or more")
    if prod(shape) > MOST:
        raise CrosscheckError(f"{option} {text}: {prod(shape):,} numbers are too many; give a smaller shape")
    dtype = match["dtype"] or FLOATS[0]
    if dtype not in (*FLOATS, *WHOLE):
        raise CrosscheckError(
            f"{option} {text}: there is no dtype {dtype}; there are {', '.join(FLOATS + WHOLE)}"
        )
    if dtype in FLOATS:
        if match["low"]:
            raise CrosscheckError(f"{option} {text}: only whole numbers have a range")
        return generator.normal(size=shape)
    if not match["low"]:
        raise CrosscheckError(f"{option} {text}: whole numbers need a range, such as {text}:0..9")
    low, high = int(match["low"]), int(match["high"])
    most = int(np.iinfo(dtype).max)
    if not low <= high <= most:
        raise CrosscheckError(f"{option} {text}: a range goes up, such as 0..9, and {dtype} ends at {most:,}")
    values = generator.integers(low, high, shape, dtype=dtype, endpoint=True)
    values.flat[0] = low  # a token for padding, if there is one, is among them
    return values


def _from_file(file: Path) -> list[np.ndarray]:
    try:
        if not zipfile.is_zipfile(file):
            file.open("rb").close()  # what is not there is said to be
            raise CrosscheckError(f"{file}: is no .npz file (written by numpy.savez)")
        with np.load(file, allow_pickle=False) as archive:
            arrays = [archive[name] for name in archive.files]
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise CrosscheckError(f"{file}: cannot be read as .npz: {error}") from None
    return [exact(array, str(file)) for array in arrays]


def exact(array: np.ndarray, where: str) -> np.ndarray:
    """Floats in float64, all else as it is.

    Args:
        array: an input, or the target.
        where: it comes from, as a complaint says it.

    Raises:
        CrosscheckError: it holds NaN, which is equal to nothing.
    """
    if array.dtype.kind == "f" and np.isnan(array).any():
        raise CrosscheckError(f"{where}: holds NaN, of which no comparison can be made")
    return array.astype(np.float64) if array.dtype.kind == "f" else array


def pairs(file: Path | None) -> dict[str, str]:
    """Pairs of layers that the user gives: {"torch path": "keras path"}.

    Raises:
        CrosscheckError: the file holds no such thing.
    """
    if file is None:
        return {}
    try:
        found = json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise CrosscheckError(f"{file}: cannot be read as JSON: {error}") from None
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise CrosscheckError(f'{file}: expected {{"torch path": "keras path", ...}}')
    return found
