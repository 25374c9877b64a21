"""The `# PORT:` comments of an implementation: the places where the frameworks part."""

import ast
import re
from collections.abc import Iterable
from pathlib import Path

_NOTE = re.compile(r"^\s*# PORT: (.*)$")
_MORE = re.compile(r"^\s*# (.*)$")
# A first word that is none of a sentence but of code, such as nn.Linear or padding=1.
_CODE = re.compile(r"^\S*[._=`(]\S")


def of_technique(file: Path, root: Path) -> list[str]:
    """The notes of an implementation, and those of the functions and classes that it imports from its side.

    Args:
        file: below `root`, for example torch_impl/techniques/prelu.py.
        root: of the sources.
    """
    text = (root / file).read_text()
    notes = in_lines(text.splitlines())
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(f"{file.parts[0]}."):
            source = root / f"{node.module.replace('.', '/')}.py"
            notes += _of_definitions(source, {alias.name for alias in node.names})
    return notes


def in_lines(lines: Iterable[str]) -> list[str]:
    """The notes in some lines, each as one."""
    notes: list[str] = []
    open_note = False
    for line in lines:
        if match := _NOTE.match(line):
            notes.append(match[1])
            open_note = True
        elif open_note and (match := _MORE.match(line)):
            notes[-1] += f" {match[1]}"
        else:
            open_note = False
    return notes


def as_sentence(note: str) -> str:
    """A note with a capital, unless it begins with code."""
    return note if _CODE.match(note) else note[0].upper() + note[1:]


def _of_definitions(file: Path, names: set[str]) -> list[str]:
    if not file.exists():  # a name imported from a package, not from a module of it
        return []
    text = file.read_text()
    lines = text.splitlines()
    return [
        note
        for node in ast.parse(text).body
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name in names
        for note in in_lines(lines[node.lineno : node.end_lineno])
    ]
