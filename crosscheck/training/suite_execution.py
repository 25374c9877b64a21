"""Carries out the runs of a suite: each in a process of its own, several at a time."""

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import IO

from crosscheck import console
from crosscheck.environment import default_threads
from crosscheck.errors import CrosscheckError
from crosscheck.training import launch
from crosscheck.training.suite import Run

_running: set[subprocess.Popen[bytes]] = set()
_stopping = threading.Event()


def execute(run: Run, data: str, threads: int | None, workers: int, jobs: int) -> None:
    """Train a run to its end in a process of its own, or go on with it.

    Args:
        run: of the suite.
        data: as the user named it.
        threads: of the framework in each worker; None for a fair share of the cores.
        workers: that share out its batches.
        jobs: runs at a time; the progress of a single one is shown, what several say goes to a log beside
            their folders.

    Raises:
        CrosscheckError: it failed; what it printed says why.
        KeyboardInterrupt: it was interrupted.
    """
    command = [sys.executable, "-m", "crosscheck.training", run.side, "--recipe", run.recipe.name]
    command += ["--data", data, "--seed", str(run.seed), "--device", run.device]
    command += ["--out", str(run.folder.path)]
    command += ["--backend", run.backend] if run.side == "keras" else []
    workers = run.workers(workers)
    processes = jobs * (workers if run.side == "torch" else 1)
    command += ["--threads", str(threads or default_threads(processes))]
    command += ["--workers", str(workers)] if workers > 1 else []
    command += ["--resume"] if run.folder.exists() else []
    if jobs == 1:
        status, told = _status(command, None), "above"
    else:
        log = run.folder.path.with_suffix(".log")
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a") as file:
            status, told = _status(command, file), str(log)
    if status == console.INTERRUPTED:
        raise KeyboardInterrupt
    if status:
        raise CrosscheckError(f"{run.folder.path}: its training ended with status {status}; see {told}")


def _status(command: list[str], log: IO[str] | None) -> int:
    # In a session of its own: Ctrl-C reaches the suite alone, which passes it on, once.
    process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    _running.add(process)
    if _stopping.is_set():  # it was begun while the others were being told to stop
        process.send_signal(signal.SIGINT)
    try:
        return process.wait()
    finally:
        _running.discard(process)


def execute_all(
    runs: Sequence[Run], jobs: int, execute_one: Callable[[Run], None], done: Callable[[], None]
) -> None:
    """Execute runs, several at a time; once one has failed, no other is begun.

    Args:
        runs: in the order in which they are begun.
        jobs: how many at a time.
        execute_one: executes a run.
        done: called after each of them, by one thread at a time.

    Raises:
        CrosscheckError: a run failed, which is said at once; those that had begun are finished first.
        KeyboardInterrupt: it was interrupted; so are the runs.
        SystemExit: it was told to end; so are the runs.
    """
    failures: list[CrosscheckError] = []

    def attempt(run: Run) -> bool:
        if failures:
            return False
        try:
            execute_one(run)
        except CrosscheckError as error:
            failures.append(error)  # here, before this thread takes the next run
            console.note(f"{error}; no other run is begun")
            return False
        return True

    _stopping.clear()
    with ThreadPoolExecutor(jobs) as pool:
        waiting = {pool.submit(attempt, run) for run in runs}
        try:
            for future in as_completed(waiting):
                if future.result():
                    done()
        except BaseException:
            _stopping.set()
            pool.shutdown(wait=False, cancel_futures=True)
            launch.end(list(_running), signal.SIGINT)
            raise
    if failures:
        raise failures[0]
