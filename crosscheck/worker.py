"""What runs inside a framework's own process. Imports a framework only when told which."""

import importlib
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterable
from multiprocessing import connection, parent_process
from typing import Any, NamedTuple

from crosscheck.errors import CrosscheckError


class Outcome(NamedTuple):
    """The answer to a call. Exceptions travel as text: unpickling one would import the framework."""

    value: Any = None
    kind: str = ""  # class of the exception, empty if there was none
    message: str = ""
    details: str = ""
    for_user: bool = False  # a CrosscheckError, whose message says it all
    target: str = ""  # what was called
    printed: str = ""  # meanwhile, by Python's print


class _Heard:
    """Standard output that is also kept, for the life of the process: whoever has bound it is heard, too."""

    def __init__(self, stream: Any) -> None:
        self._stream, self._kept = stream, list[str]()

    def write(self, text: str) -> int:
        self._kept.append(text)
        return int(self._stream.write(text))

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def taken(self) -> str:
        """What was written since this was asked last."""
        text = "".join(self._kept)
        self._kept.clear()
        return text

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


_heard: _Heard | None = None


def start(log: str, environment: dict[str, str]) -> None:
    """Prepare the process, before anything heavy is imported."""
    global _heard
    target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(target, stream)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # read when the process has died
    sys.stdout = _heard = _Heard(sys.stdout)
    os.environ.update(environment)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    threading.Thread(target=_follow_parent, daemon=True).start()


def invoke(target: str, arguments: tuple[Any, ...]) -> Outcome:
    """Call "module:function" and bring back what it returns or raises, and what was printed."""
    outcome = _invoke(target, arguments)
    return outcome._replace(target=target, printed=_heard.taken() if _heard else "")


def _invoke(target: str, arguments: tuple[Any, ...]) -> Outcome:
    try:
        module, _, name = target.partition(":")
        return Outcome(getattr(importlib.import_module(module), name)(*arguments))
    except BaseException as error:  # SystemExit too: it must not travel on and end the parent
        message = " ".join(str(error).split())
        return Outcome(
            kind=type(error).__name__,
            message=message,
            details=traceback.format_exc(),
            for_user=isinstance(error, CrosscheckError),
        )


def _follow_parent() -> None:
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)
