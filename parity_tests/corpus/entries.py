"""What an entry of the catalogue is."""

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Pair:
    """A PyTorch model, a port of it, and inputs as `crosscheck compare` takes them."""

    torch: str
    keras: str
    inputs: tuple[str, ...]


@dataclass(frozen=True)
class Mistake:
    """A port with one mistake.

    `where`: acceptable module paths of PyTorch's layer at which the first divergence is reported, or "the
    output". `cause`: acceptable identifiers. `seen`: in the "outputs" of evaluation mode, in the outputs or
    statistics of "training" mode only, in the "gradients" only, or, being random, in the "settings".
    """

    pair: Pair
    where: tuple[str, ...]
    cause: tuple[str, ...]
    note: str = ""
    seen: str = "outputs"


def source(text: str) -> str:
    """`residual_torch:build` as an absolute `file.py:function`."""
    file, _, function = text.partition(":")
    return f"{FOLDER / file}.py:{function}"


def _listed(text: str) -> tuple[str, ...]:
    return tuple(text.split(", "))


def pair(torch: str, keras: str, *inputs: str) -> Pair:
    """A pair by the short names of its two sources."""
    return Pair(source(torch), source(keras), inputs)


def planted(of: Pair, port: str, where: str, cause: str, note: str = "", seen: str = "outputs") -> Mistake:
    """Another port of the same original: `style__mistake`, and lists with commas."""
    keras = f"{of.keras.partition(':')[0]}:{port}"
    return Mistake(
        Pair(of.torch, keras, of.inputs), tuple(where.split(", ")), tuple(cause.split(", ")), note, seen
    )
