"""What the user sees: results on standard output, progress and complaints on standard error."""

import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import NoReturn, ParamSpec, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from crosscheck.errors import CrosscheckError

T = TypeVar("T")
P = ParamSpec("P")

INTERRUPTED = 130  # the exit status of a program that Ctrl-C ended
COULD_NOT = 2  # the exit status when nothing could be judged

BROKEN_PIPE = 141  # the exit status of a program whose reader, such as `head`, has had enough


class _Console(Console):
    def on_broken_pipe(self) -> None:
        # Nothing more can be said; the interpreter must not complain about that at its end either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        raise SystemExit(BROKEN_PIPE)


_interrupted = threading.Event()

# A file or a pipe has no width: there nothing need be folded.
IN_A_FILE = 160

_wide = None if sys.stdout.isatty() or "COLUMNS" in os.environ else IN_A_FILE
out = _Console(highlight=False, emoji=False, width=_wide)  # x[:100:2] is no emoji
err = Console(stderr=True, highlight=False, emoji=False)


def progress(*columns: str) -> Progress:
    """A progress bar on standard error; each column is a rich format, such as "{task.fields[loss]}"."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        *(TextColumn(column) for column in columns),
        TimeRemainingColumn(compact=True),
        console=err,
        transient=True,
        # Not in a terminal, where a bar would fill a log file with its frames.
        disable=not err.is_terminal,
    )


def track(items: Iterable[T], description: str) -> Iterator[T]:
    """Yield the items while a counter of them is shown."""
    with progress() as bar:
        task = bar.add_task(description, total=None)
        for item in items:
            yield item
            bar.advance(task)


def _interrupt(number: int, frame: object) -> None:
    _interrupted.set()
    raise KeyboardInterrupt


def raise_if_interrupted() -> None:
    """Raise KeyboardInterrupt if Ctrl-C was pressed before.

    Python drops an exception that is raised inside a callback of a library (JAX has one for the
    garbage collector); long work asks here now and then.
    """
    if _interrupted.is_set():
        raise KeyboardInterrupt


def end_when_told() -> None:
    """Have SIGTERM and SIGHUP end the program in order: what it has begun is ended as well."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda told, _: sys.exit(128 + told))


@contextmanager
def for_user() -> Iterator[None]:
    """Turn what the user can mend into one line and an exit status, never a traceback."""
    _interrupted.clear()
    signal.signal(signal.SIGINT, _interrupt)
    try:
        yield
    except CrosscheckError as error:
        fail(str(error))
    except KeyboardInterrupt:
        note("Interrupted.")
        sys.exit(INTERRUPTED)
    except OSError as error:  # a path that cannot be read or written, a full disk
        fail(f"{error.filename2 or error.filename or 'input or output'}: {error.strerror or error}")


@contextmanager
def quiet_start() -> Iterator[None]:
    """Hold back what C++ libraries write to standard error while they load, unless loading fails.

    TensorFlow greets with lines that no setting turns off.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except CrosscheckError:
            raise  # says all there is to say
        except BaseException:
            held.seek(0)
            os.write(kept, held.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def be_silent(silent: bool = True) -> None:
    """Print nothing from now on: another process speaks for this one."""
    out.quiet = err.quiet = silent


def say(message: str) -> None:
    """A line of the results, as it is."""
    out.print(message, markup=False, soft_wrap=True)


def note(message: str) -> None:
    """A line for the person at the terminal, beside the results."""
    err.print(message, markup=False, soft_wrap=True)


def fail(message: str) -> NoReturn:
    """Say what is wrong and end."""
    err.print(Text.assemble(("error:", "red"), " ", message), soft_wrap=True)
    sys.exit(COULD_NOT)


def user_command(function: Callable[P, None]) -> Callable[P, None]:
    """Decorate the function of a command with `for_user`."""

    @wraps(function)
    def wrapped(*args: P.args, **options: P.kwargs) -> None:
        with for_user():
            function(*args, **options)

    return wrapped
