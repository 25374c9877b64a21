"""Commands of this project, run by longer work as a user would give them."""

import signal
import subprocess
import sys

from crosscheck import console
from crosscheck.errors import CrosscheckError
from crosscheck.training import launch

CROSSCHECK = "from crosscheck.cli import main; main(prog_name='crosscheck')"


def crosscheck(*arguments: object, fine: tuple[int, ...] = (0,)) -> None:
    """Run `crosscheck` with these arguments; as `run`."""
    run([sys.executable, "-c", CROSSCHECK, *map(str, arguments)], fine)


def run(command: list[str], fine: tuple[int, ...] = (0,)) -> None:
    """Run a command to its end; if this process is told to end, so is that one.

    Raises:
        CrosscheckError: its exit status is not one of `fine`.
    """
    shown = " ".join(command[1:]).replace(f"-c {CROSSCHECK}", "crosscheck")
    console.note(f"$ {shown}")
    # In a session of its own: Ctrl-C reaches this process alone, which passes it on, once.
    process = subprocess.Popen(command, start_new_session=True)
    try:
        status = process.wait()
    except BaseException as error:
        launch.end([process], signal.SIGINT if isinstance(error, KeyboardInterrupt) else signal.SIGTERM)
        raise
    if status == console.INTERRUPTED:
        raise KeyboardInterrupt
    if status not in fine:
        raise CrosscheckError(f"it ended with status {status}; see above")
