"""What runs inside a framework's own process. Imports a framework only when told which."""

import importlib
import io
import os
import signal
import sys
import threading
import traceback
from contextlib import redirect_stdout
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
    """Standard output that is also kept."""

    def __init__(self) -> None:
        self.text = io.StringIO()

    def write(self, text: str) -> int:
        self.text.write(text)
        return sys.__stdout__.write(text) if sys.__stdout__ else len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(sys.__stdout__, name)


def start(log: str, environment: dict[str, str]) -> None:
    """Prepare the process, before anything heavy is imported."""
    target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(target, stream)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # read when the process has died
    os.environ.update(environment)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    threading.Thread(target=_follow_parent, daemon=True).start()


def invoke(target: str, arguments: tuple[Any, ...]) -> Outcome:
    """Call "module:function" and bring back what it returns or raises, and what was printed."""
    heard: Any = _Heard()
    with redirect_stdout(heard):
        outcome = _invoke(target, arguments)
    return outcome._replace(target=target, printed=heard.text.getvalue())


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
