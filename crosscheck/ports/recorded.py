"""A trace in the place of a framework's process: it answers what was asked when it was recorded."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from crosscheck.ports.program import Trace
from crosscheck.ports.trace_file import Recording
from crosscheck.sides import Side
from crosscheck.worker import Outcome


class Recorded(Side):
    """A side whose answers are in a recording.

    Args:
        recording: of that side's model.
    """

    def __init__(self, recording: Recording) -> None:
        # Not `Side.__init__`, which starts a process.
        self.name = recording.side
        self.timeout = 1.0
        self.on_call: Callable[[str], None] = lambda target: None
        self.recording = recording

    def submit(self, target: str, *arguments: Any) -> "Future[Outcome]":
        """Answer a call at once; what cannot be known without the model is said by `result`."""
        recording = self.recording
        answers: dict[str, Any] = {
            "open_model": None,
            "input_names": recording.names,
            "name_inputs": None,
            "input_shapes": list(recording.declared),
            "program": recording.program,
            "run": Trace(recording.values),
            "set_weights": None,
            "outputs": [recording.values[number] for number in recording.program.outputs],
        }
        name = target.partition(":")[2]
        done: Future[Outcome] = Future()
        if name == "replay":  # nothing can be done again with other tensors
            done.set_result(Outcome([None] * len(arguments[2])))
        elif name in answers and "_impl.trace:" in target:
            done.set_result(Outcome(answers[name]))
        else:
            text = f"{name} needs a live model, and not a trace"
            done.set_result(Outcome(kind="CrosscheckError", message=text, for_user=True))
        return done

    def kill(self) -> None:
        """Nothing runs."""

    def close(self) -> None:
        """Nothing runs."""


class InDtype(Side):
    """A live side whose model is opened in another dtype than is asked for.

    Args:
        side: the process.
        dtype: "float32" or "float64".
    """

    def __init__(self, side: Side, dtype: str) -> None:
        self.name = side.name
        self.timeout = side.timeout
        self.on_call: Callable[[str], None] = lambda target: None
        self._side = side
        self._dtype = dtype

    def submit(self, target: str, *arguments: Any) -> "Future[Outcome]":
        """As of the side."""
        if target.endswith(":open_model"):
            arguments = (*arguments[:2], self._dtype)
        return self._side.submit(target, *arguments)

    def result(self, future: "Future[Outcome]", waited: bool = False) -> Any:
        """As of the side."""
        return self._side.result(future, waited)

    def kill(self) -> None:
        """End the process."""
        self._side.kill()

    def close(self) -> None:
        """End the process and remove its log."""
        self._side.close()
