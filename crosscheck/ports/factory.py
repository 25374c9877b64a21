"""A user's own code: "file.py:function", imported and called with every failure said in one line."""

import importlib.util
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from crosscheck.errors import CrosscheckError


def load(source: str) -> Callable[[], Any]:
    """The function that "path/to/file.py:name" or "package.module:name" stands for.

    Raises:
        CrosscheckError: there is no such file or function, or the file does not import.
    """
    place, _, name = source.rpartition(":")
    if not place or not name.isidentifier():
        raise CrosscheckError(f"{source}: give a model as FILE.py:FUNCTION, such as my_model.py:build")
    module = _from_file(Path(place)) if place.endswith(".py") else _from_name(place)
    function = getattr(module, name, None)
    if not callable(function):
        offered = sorted(n for n, v in vars(module).items() if callable(v) and not n.startswith("_"))
        raise CrosscheckError(f"{place} has no function {name!r}; it has: {', '.join(offered) or 'none'}")
    return function


def make(source: str) -> Any:
    """What the function returns.

    Raises:
        CrosscheckError: as for `load`, or the function raises.
    """
    function = load(source)
    try:
        return function()
    except Exception as error:
        raise CrosscheckError(f"{source} raised {_said(error)}") from error


def _from_file(file: Path) -> Any:
    if not file.is_file():
        raise CrosscheckError(f"{file}: there is no such file")
    sys.path.insert(0, str(file.parent.resolve()))  # it may import its neighbours
    name = f"crosscheck_user_{file.stem}"  # whatever the file is called, it hides no library
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise CrosscheckError(f"{file}: not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    return _imported(str(file), lambda: spec.loader.exec_module(module) or module)  # type: ignore[union-attr]


def _from_name(name: str) -> Any:
    return _imported(name, lambda: importlib.import_module(name))


def _imported(place: str, do: Callable[[], Any]) -> Any:
    try:
        return do()
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        raise CrosscheckError(f"{place} does not import: {_said(error)}") from error


def _said(error: BaseException) -> str:
    """The error in one line, with the user's own line that it came from."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {' '.join(str(error).split())}{where}"
