"""A user's own code: "file.py:function", imported and called with every failure said in one line."""

import importlib.util
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from crosscheck.errors import CrosscheckError
from crosscheck.ports.complaints import brief, own_line

# Never forgotten, wherever the user's files lie.
_OURS = ("crosscheck", "torch_impl", "keras_impl", "parity_tests")
_folders: list[Path] = []


@dataclass(frozen=True)
class Made:
    """What a user's function returned: the model, and what trains it if it says so.

    Attributes:
        model: of the framework.
        optimizer: of the framework; None if nothing is to be trained.
        loss: called with the model's output and the target (PyTorch), or a Keras loss.
        scheduler: of PyTorch's learning rate; its `step` is called after each step.
        clip_norm: limit of the norm of all gradients together, as for `clip_grad_norm_`.
        clip_value: limit of each element of a gradient, as for `clip_grad_value_`.
    """

    model: Any
    optimizer: Any = None
    loss: Any = None
    scheduler: Any = None
    clip_norm: float | None = None
    clip_value: float | None = None


def require_source(*sources: str) -> None:
    """Make sure that these may stand for models, before anything slow is begun.

    Raises:
        CrosscheckError: one is none, or there is no such file.
    """
    for source in sources:
        place, _, name = source.rpartition(":")
        if not place or not name.isidentifier():
            raise CrosscheckError(f"{source}: give a model as FILE.py:FUNCTION, such as my_model.py:build")
        if place.endswith(".py") and not Path(place).is_file():
            raise CrosscheckError(f"{place}: there is no such file")


def require_apart(results: Mapping[str, Path | None], *given: str) -> None:
    """Make sure that no result overwrites what it is made of.

    Args:
        results: where they are to be written, by option.
        given: models as FILE.py:FUNCTION, and files.

    Raises:
        CrosscheckError: one would.
    """
    kept = {Path(text.rpartition(":")[0] or text).resolve() for text in given if text}
    for option, path in results.items():
        if path and path.resolve() in kept:
            raise CrosscheckError(f"{option} {path}: would overwrite what it is made of")


def load(source: str) -> Callable[[], Any]:
    """The function that "path/to/file.py:name" or "package.module:name" stands for.

    Raises:
        CrosscheckError: there is no such file or function, or the file does not import.
    """
    require_source(source)
    place, _, name = source.rpartition(":")
    module = _from_file(Path(place)) if place.endswith(".py") else _from_name(place)
    function = getattr(module, name, None)
    if not callable(function):
        offered = sorted(n for n, v in vars(module).items() if callable(v) and not n.startswith("_"))
        raise CrosscheckError(f"{place} has no function {name!r}; it has: {', '.join(offered) or 'none'}")
    return function


def make(source: str) -> Made:
    """What the function returns: a model, (model, optimizer, loss, ...) or {"model": ..., ...}.

    Raises:
        CrosscheckError: as for `load`, or the function raises, or returns something else.
    """
    function = load(source)
    try:
        returned = function()
    except Exception as error:
        raise CrosscheckError(f"{source} raised {_said(error)}") from error
    names = [field.name for field in fields(Made)]
    if isinstance(returned, Mapping):
        unknown = sorted(set(returned) - set(names))
        if unknown or "model" not in returned:
            raise CrosscheckError(
                f"{source} returned a dictionary with {', '.join(map(str, returned)) or 'nothing'}; "
                f"expected {', '.join(names)}"
            )
        return _checked(Made(**returned), source)
    if isinstance(returned, tuple):
        if not 1 <= len(returned) <= len(names):
            raise CrosscheckError(f"{source} returned {len(returned)} things; expected {', '.join(names)}")
        return _checked(Made(*returned), source)
    return Made(returned)


def _checked(made: Made, source: str) -> Made:
    """Things in another order than they are expected in are seen here, and not where they are used."""
    if made.scheduler is not None and not callable(getattr(made.scheduler, "step", None)):
        wrong = f"{type(made.scheduler).__name__} as its scheduler"
    elif any(
        isinstance(v, bool) or not isinstance(v, int | float | None)
        for v in (made.clip_norm, made.clip_value)
    ):
        wrong = "no number as its clip_norm or clip_value"
    else:
        return made
    names = ", ".join(field.name for field in fields(Made))
    raise CrosscheckError(f"{source} returned {wrong}; expected ({names}), or a dictionary with these names")


def _from_file(file: Path) -> Any:
    _leave_other_folders(file.parent.resolve())
    sys.path.insert(0, str(file.parent.resolve()))  # it may import its neighbours
    name = f"crosscheck_user_{file.stem}"  # whatever the file is called, it hides no library
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise CrosscheckError(f"{file}: not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    return _imported(str(file), lambda: spec.loader.exec_module(module) or module)  # type: ignore[union-attr]


def _leave_other_folders(folder: Path) -> None:
    """Forget neighbours of files that were loaded before: in another folder the same name is another module.

    In the same folder, too: what a test has written anew is read anew.
    """
    for left in _folders:
        for name, module in list(sys.modules.items()):
            top = name.partition(".")[0]
            places = (str(left / f"{top}.py"), f"{left / top}{os.sep}")
            if top not in _OURS and (getattr(module, "__file__", None) or "").startswith(places):
                del sys.modules[name]
        sys.path[:] = [entry for entry in sys.path if entry != str(left)]
    _folders[:] = [folder]


def _from_name(name: str) -> Any:
    if os.getcwd() not in sys.path:  # as with python -m; a command that was installed leaves it out
        sys.path.append(os.getcwd())
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
    where = (
        "" if isinstance(error, SyntaxError) else own_line("".join(traceback.format_tb(error.__traceback__)))
    )
    return f"{type(error).__name__}: {brief(str(error))}{where}"
