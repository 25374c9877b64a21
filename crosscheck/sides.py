"""One process per framework, started once and reused, both at work at the same time.

TensorFlow and PyTorch in one interpreter abort it (each brings an LLVM), share its GPU memory and
may share arrays. So each has a process of its own; calls go over with numpy arrays.
"""

import multiprocessing
import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from crosscheck import worker
from crosscheck.environment import default_threads, framework_environment
from crosscheck.errors import CallError, CrosscheckError, SideError
from crosscheck.modes import require

LAST_LINES = 8
_starting = threading.Lock()  # one at a time, or a process could not be told from the others


class Both(NamedTuple):
    """The same thing from either side."""

    torch: Any
    keras: Any


class Side:
    """A framework in a process of its own.

    Args:
        name: "torch" or "keras".
        environment: variables set there before anything is imported.
        timeout: seconds after which a call counts as hung.
    """

    def __init__(self, name: str, environment: dict[str, str], timeout: float) -> None:
        self.name = name
        self.timeout = timeout
        # Told of every call, so that a long piece of work can say where it is.
        self.on_call: Callable[[str], None] = lambda target: None
        # Told what a call printed, by its target.
        self.on_print: Callable[[str, str], None] = lambda target, text: None
        handle, path = tempfile.mkstemp(prefix=f"crosscheck-{name}-", suffix=".log")
        os.close(handle)
        self._log = Path(path)
        self._pool = ProcessPoolExecutor(
            max_workers=1,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=worker.start,
            initargs=(path, environment),
        )
        with _starting:
            others = set(multiprocessing.active_children())
            self._pool.submit(os.getpid)  # the pool starts its process on the first call
            (self._process,) = set(multiprocessing.active_children()) - others

    def submit(self, target: str, *arguments: Any) -> "Future[worker.Outcome]":
        """Start a call of "module:function" over there; `result` waits for it.

        Raises:
            SideError: the process is dead.
        """
        self.on_call(target)
        try:
            return self._pool.submit(worker.invoke, target, arguments)
        except BrokenProcessPool as error:
            raise self._error(f"has died{self._ended()}") from error

    def result(self, future: "Future[worker.Outcome]", waited: bool = False) -> Any:
        """What the call returned.

        Args:
            future: of the call.
            waited: whether its time is up already.

        Raises:
            SideError: the process died or hung.
            CallError: the call raised; the process is well.
            CrosscheckError: the call raised one, meant for the user.
        """
        try:
            outcome = future.result(0 if waited else self.timeout)
        except TimeoutError as error:
            self.kill()
            raise self._error(f"gave no answer for {self.timeout:g} s and was stopped") from error
        except BrokenProcessPool as error:
            raise self._error(f"has died{self._ended()}") from error
        except Exception as error:  # what was returned cannot be sent over
            raise CallError(f"{self.name}: {type(error).__name__}: {error}", type(error).__name__) from error
        if outcome.printed:
            self.on_print(outcome.target, outcome.printed)
        if outcome.for_user:
            raise CrosscheckError(f"{self.name}: {outcome.message}")
        if outcome.kind:
            message = f"{self.name}: {outcome.kind}: {outcome.message}"
            raise CallError(message, outcome.kind, outcome.details)
        return outcome.value

    def call(self, target: str, *arguments: Any) -> Any:
        """`submit` and `result` in one."""
        return self.result(self.submit(target, *arguments))

    def kill(self) -> None:
        """End the process at once, whatever it is doing."""
        self._process.kill()
        # Waited for: a pool that is still closing its pipes when Python ends prints a traceback.
        self._pool.shutdown(wait=True, cancel_futures=True)

    def close(self) -> None:
        """End the process and remove its log."""
        self.kill()
        self._log.unlink(missing_ok=True)

    def _error(self, what: str) -> SideError:
        lines = [line for line in self._log.read_text(errors="replace").splitlines() if line.strip()]
        last = "\n".join(f"    {line}" for line in lines[-LAST_LINES:]) or "    (it printed nothing)"
        return SideError(f"the {self.name} process {what}; its last lines:\n{last}")

    def _ended(self) -> str:
        """How the process ended, where that says something: nobody prints a line when memory runs out."""
        # The pool waits for the process as well; whoever comes second learns it a moment later.
        for _ in range(20):
            self._process.join(1)
            code = self._process.exitcode
            if code is not None:
                break
            time.sleep(0.05)
        if code is None or code >= 0:
            return ""
        name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
        return f" ({name}: out of memory, or ended by hand)" if -code == signal.SIGKILL else f" ({name})"


def results(calls: "Sequence[tuple[Side, Future[worker.Outcome]]]") -> list[Any]:
    """What calls returned that run side by side, each given its side's timeout.

    All are waited for, whatever the first one says: no call may be left running.

    Raises:
        SideError: a process died or hung; that one is named first.
        CallError: a call raised.
        CrosscheckError: a call raised one, meant for the user.
    """
    wait([future for _, future in calls], max(side.timeout for side, _ in calls))
    for side, future in sorted(calls, key=lambda call: call[1].done()):  # what hangs first
        if not future.done():
            side.result(future, waited=True)
    return [side.result(future, waited=True) for side, future in calls]


@dataclass(frozen=True)
class Sides:
    """Both frameworks.

    Attributes:
        backend: the backend Keras runs on.
        device: "cpu" or "cuda".
        modes: in which PyTorch and Keras execute its models; "" is what suits the work.
    """

    torch: Side
    keras: Side
    backend: str
    device: str
    modes: tuple[str, str] = ("", "")

    def both(self, function: str, *arguments: Any) -> Both:
        """Call `function` of both sides' packages at the same time, with the same arguments."""
        sides = (self.torch, self.keras)
        return Both(
            *results([(side, side.submit(f"{side.name}_impl.{function}", *arguments)) for side in sides])
        )

    def close(self) -> None:
        """End both processes."""
        self.torch.close()
        self.keras.close()


@contextmanager
def open_sides(
    backend: str = "tensorflow",
    device: str = "cpu",
    threads: int | None = None,
    timeout: float = 600,
    modes: tuple[str, str] = ("", ""),
) -> Iterator[Sides]:
    """Start both frameworks; they end with the block, also when it is interrupted.

    Args:
        backend: Keras' backend: "tensorflow", "jax" or "torch".
        device: "cpu" or "cuda".
        threads: for each side; by default the cores are shared out.
        timeout: seconds after which a call counts as hung.
        modes: of PyTorch and of Keras, see `crosscheck.modes`; "" is what suits the work.

    Raises:
        SideError: a framework could not be started.
        CrosscheckError: a framework does not see the device, or has no such mode.
    """
    for name, mode in zip(("torch", "keras"), modes, strict=True):
        if mode:
            require(name, backend, device, mode)
    environment = framework_environment(backend, device, threads or default_threads(processes=2))
    torch, keras = (Side(name, environment, timeout) for name in ("torch", "keras"))
    sides = Sides(torch, keras, backend, device, modes)
    try:
        results(
            [
                (side, side.submit(f"{side.name}_impl.adapter:configure", device, mode))
                for side, mode in zip((torch, keras), modes, strict=True)
            ]
        )
        yield sides
    finally:
        sides.close()
