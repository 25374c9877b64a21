"""The processes of several PyTorch workers on this machine: begun together, ended together.

`torchrun` does as much, and more; but when one of them fails it ends with a traceback and status 1,
Ctrl-C included. Here the end is one line and the status that the scripts promise.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from crosscheck import console

# Set for processes that were begun here: the one that began them says how they ended.
LAUNCHED = "CROSSCHECK_LAUNCHED"
# The exit status of one that ended because another had died.
LEFT_ALONE = 3
# Seconds in which the others notice that one has died, and then those in which they obey.
PATIENCE = 20.0


def together(count: int, command: Sequence[str], more: Callable[[], str]) -> NoReturn:
    """Run a command as so many processes that find each other, and end as they do.

    Args:
        count: of processes.
        command: of each of them.
        more: says how a run that broke off is gone on with; asked when it has.

    Raises:
        SystemExit: always; 0 if all of them ended so, 130 if they were interrupted, 2 otherwise.
    """
    meeting = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(_free_port())}
    meeting |= {"WORLD_SIZE": str(count), "LOCAL_WORLD_SIZE": str(count)}
    console.end_when_told()
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for number in range(count):
            own = {"RANK": str(number), "LOCAL_RANK": str(number), LAUNCHED: "1"}
            # In sessions of their own: Ctrl-C reaches this process alone, which passes it on, once.
            processes.append(
                subprocess.Popen(command, env={**os.environ, **meeting, **own}, start_new_session=True)
            )
        first = _first_failure(processes)
        if first is not None:
            end(processes)
    except KeyboardInterrupt:
        end(processes, signal.SIGINT)
        console.note(f"Interrupted. {more()}.")
        raise SystemExit(console.INTERRUPTED) from None
    finally:
        end(processes, signal.SIGTERM)
    if first is None:
        raise SystemExit(0)
    if processes[0].returncode == console.COULD_NOT:  # the first one speaks for all, and has said it
        raise SystemExit(console.COULD_NOT)
    status = processes[first].returncode
    how = f"was killed ({signal.Signals(-status).name})" if status < 0 else f"ended with status {status}"
    console.fail(f"worker {first + 1} of {count} {how}; {more()}")


def _first_failure(processes: Sequence[subprocess.Popen[bytes]]) -> int | None:
    """The number of the first process that failed of itself; None once all have ended well."""
    while True:
        statuses = [process.poll() for process in processes]
        failed = [number for number, status in enumerate(statuses) if status not in (None, 0, LEFT_ALONE)]
        if failed:
            return failed[0]
        if None not in statuses:
            return None if not any(statuses) else statuses.index(LEFT_ALONE)
        time.sleep(0.05)


def end(processes: Sequence[subprocess.Popen[bytes]], first: int = 0) -> None:
    """Wait for all to end, less and less patiently.

    Args:
        processes: that may have ended already.
        first: the signal they are sent first; 0 sends none.
    """
    for number in (first, signal.SIGTERM, signal.SIGKILL):
        left = [process for process in processes if process.poll() is None]
        for process in left:
            process.send_signal(number)
        deadline = time.monotonic() + PATIENCE
        while left and time.monotonic() < deadline:
            left = [process for process in left if process.poll() is None]
            time.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def this_command() -> list[str]:
    """The command that this process was begun by."""
    as_module = Path(sys.argv[0]).name == "__main__.py"
    script = ["-m", "crosscheck.training", "torch"] if as_module else [sys.argv[0]]
    return [sys.executable, *script, *sys.argv[1:]]
