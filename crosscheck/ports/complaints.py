"""What a framework complains of, in one short line."""

import os
import re
from pathlib import Path

from crosscheck.errors import CallError, CrosscheckError, SideError

LONGEST = 300
# Sentences are kept until there are so many characters: "Inputs have incompatible shapes." says too little.
SHORTEST = 60
_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_CALLING = re.compile(
    r"Exception encountered when calling (?:layer )?['\"]?(\w+)(?:\.call\(\))?['\"]?[.:]?\s*"
)
# What follows is the state of the framework, not the mistake.
_AFTERMATH = re.compile(
    r"\s*(Arguments received by|\[Op:|Call arguments received|Stack trace for op|"
    r"Detected at node|Original stack trace|Exception raised from|\(most recent call last\)).*",
    re.DOTALL,
)
_INNER_NAMES = re.compile(r"\{\{[^}]*\}\}\s*|\[enforce fail at [^\]]*\] [^.]*\.\s*")
# Keras' own words around what went wrong inside a layer.
_WRAPPED = re.compile(r"Could not automatically infer the output shape.*?Error encountered:\s*")
# What TensorFlow tells of itself when it starts: I0000 00:00:1795531388.577815 16952 cudart_stub.cc:31] ...
_GREETING = re.compile(r"[IW]\d{4} |WARNING: All log messages before ")
_FRAME = re.compile(r'File "([^"]+)", line (\d+)')
_HERE, _PYTHON = Path(__file__).parents[2], Path(os.__file__).parent
_SIDES = ("crosscheck", "torch_impl", "keras_impl")
_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z\"'])")


def brief(message: str) -> str:
    """The first sentence of a framework's message, without colours and without its own inner names."""
    text = " ".join(_COLOURS.sub("", message).split())
    text = _AFTERMATH.sub("", text)
    text = _WRAPPED.sub("", text)
    text = _INNER_NAMES.sub("", _CALLING.sub(r"in \1: ", text))
    kept = ""
    for sentence in _END.split(text):
        kept = f"{kept} {sentence}".strip()
        if len(kept) >= SHORTEST:
            break
    kept = kept.rstrip(" :")
    return kept if len(kept) <= LONGEST else f"{kept[:LONGEST]} ..."


def own_line(details: str) -> str:
    """The last line of a traceback that is the user's and no library's, in brackets; empty if none is."""
    frames = [(Path(file), line) for file, line in _FRAME.findall(details)]
    for file, line in reversed(frames):
        if is_own(file):
            return f" ({file.name}, line {line})"
    return ""


def is_own(file: Path) -> bool:
    """Whether a file is the user's: no library's, no part of Python, and none of this package's sides."""
    name = str(file)
    if name.startswith("<") or {"site-packages", "dist-packages"} & set(file.parts):
        return False
    return not name.startswith((str(_PYTHON), *(str(_HERE / side) for side in _SIDES)))


def in_one_line(error: CrosscheckError) -> CrosscheckError:
    """An error that is to be shown beside two models: one line, whatever was raised."""
    if isinstance(error, SideError):
        first, *rest = str(error).splitlines()
        lines = [line for text in rest if not _GREETING.match(line := text.strip())]
        told = lines[-1:] if lines != ["(it printed nothing)"] else []
        said = first.removesuffix("; its last lines:")
        return SideError(f"{said}; the last it printed: {brief(told[0])}" if told else said)
    if isinstance(error, CallError):
        return CallError(brief(str(error)) + own_line(error.details), error.kind, error.details)
    return error
