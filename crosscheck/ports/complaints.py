"""What a framework complains of, in one short line."""

import re

from crosscheck.errors import CallError, CrosscheckError, SideError

LONGEST = 300
# A first sentence that is shorter says too little: the next one is kept as well.
SHORTEST = 30
_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_CALLING = re.compile(
    r"Exception encountered when calling (?:layer )?['\"]?(\w+)\S*?(?:\(\)|['\"]|\.)[.:]?\s*"
)
# What follows is the state of the framework, not the mistake.
_AFTERMATH = re.compile(
    r"\s*(Arguments received by|\[Op:|Call arguments received|Stack trace for op|"
    r"Detected at node|Original stack trace|Exception raised from|\(most recent call last\)).*",
    re.DOTALL,
)
_INNER_NAMES = re.compile(r"\{\{[^}]*\}\}\s*")
_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z\"'])")


def brief(message: str) -> str:
    """The first sentence of a framework's message, without colours and without its own inner names."""
    text = " ".join(_COLOURS.sub("", message).split())
    text = _AFTERMATH.sub("", text)
    text = _INNER_NAMES.sub("", _CALLING.sub(r"in \1: ", text))
    kept = ""
    for sentence in _END.split(text):
        kept = f"{kept} {sentence}".strip()
        if len(kept) >= SHORTEST:
            break
    kept = kept.rstrip(" :")
    return kept if len(kept) <= LONGEST else f"{kept[:LONGEST]} ..."


def in_one_line(error: CrosscheckError) -> CrosscheckError:
    """An error that is to be shown beside two models: one line, whatever was raised."""
    if isinstance(error, SideError):
        first, *rest = str(error).splitlines()
        lines = [line.strip() for line in rest]
        told = lines[-1:] if lines != ["(it printed nothing)"] else []
        said = first.removesuffix("; its last lines:")
        return SideError(f"{said}; the last it printed: {brief(told[0])}" if told else said)
    if isinstance(error, CallError):
        return CallError(brief(str(error)), error.kind, error.details)
    return error
