"""One model run and written down, alone on its machine; `crosscheck compare` takes what is written."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from crosscheck.environment import default_threads, framework_environment, machine, versions
from crosscheck.errors import CrosscheckError
from crosscheck.layouts import Weights
from crosscheck.ports import copying
from crosscheck.ports.carrying import neutral
from crosscheck.ports.comparison import KEY, Ports
from crosscheck.ports.faithful import require_known
from crosscheck.ports.prints import show_prints
from crosscheck.ports.program import Program, Trace
from crosscheck.ports.randomness import first_unstable, require_stable
from crosscheck.ports.recorded import InDtype, Recorded
from crosscheck.ports.trace_file import Recording
from crosscheck.sides import Side, Sides

OTHER = {"torch": "keras", "keras": "torch"}


@contextmanager
def open_side(
    name: str, backend: str = "tensorflow", threads: int | None = None, timeout: float = 600
) -> Iterator[Side]:
    """Start one framework, on the CPU; it ends with the block.

    Args:
        name: "torch" or "keras".
        backend: Keras' backend.
        threads: by default one for each core.
        timeout: seconds after which a call counts as hung.

    Raises:
        CrosscheckError: it could not be started.
    """
    # PyTorch's process asks for no backend of Keras; Keras need not be installed beside it.
    backend = backend if name == "keras" else "torch"
    side = Side(name, framework_environment(backend, "cpu", threads or default_threads(processes=1)), timeout)
    show_prints(side)
    try:
        side.call(f"{name}_impl.adapter:configure", "cpu")
        yield side
    finally:
        side.close()


class Following(Ports):
    """A live model that is given the weights of the other framework's recording.

    Args:
        live: its process.
        source: "file.py:function" that returns the model.
        other: the recording.
        dtype: of the live model.
        given: the Keras path of PyTorch layers, where it is known.

    Raises:
        CrosscheckError: as for `Ports`.
    """

    redrawable = False

    def __init__(
        self, live: Side, source: str, other: Recording, dtype: str, given: dict[str, str] | None = None
    ) -> None:
        if other.side == live.name:
            raise CrosscheckError(f"the trace is {other.side}'s, too; a model is compared with its port")
        self.live, self.other = live.name, other
        both: dict[str, Side] = {live.name: InDtype(live, dtype), other.side: Recorded(other)}
        # The device only says where Keras' variables are; each recording has its own facts.
        sides = Sides(both["torch"], both["keras"], "", "cpu")
        sources = {live.name: source, other.side: ""}
        super().__init__(sides, sources["torch"], sources["keras"], other.inputs, 0, given)

    def _copy(self, seed: int) -> None:
        """The recording's weights for the live model; what only that has is drawn."""
        super()._copy(seed)
        held = dict(zip(("torch", "keras"), self.held, strict=True))
        weights = neutral(self.other.weights, held[self.other.side], self.other.side)
        weights = self.rows.for_keras(weights) if self.live == "keras" else self.rows.from_keras(weights)
        side = getattr(self.sides, self.live)
        side.call(f"{self.live}_impl.weights:put", KEY, held[self.live], weights)


def record(
    side: Side, source: str, inputs: list[np.ndarray], dtype: str, seed: int | None, backend: str = ""
) -> Recording:
    """Run a model and write down what it did.

    Args:
        side: the framework.
        source: "file.py:function" that returns the model.
        inputs: as PyTorch sees them.
        dtype: "float32" or "float64".
        seed: of the weights, drawn as after training; None keeps those that the function made.
        backend: of Keras, for the facts.

    Raises:
        CrosscheckError: the model cannot be built or run, or gives other numbers each time.
    """
    trace = f"{side.name}_impl.trace"
    asked = side.call(f"{trace}:open_model", KEY, source, dtype)
    given = inputs if side.name == "torch" else _channels_last(side, inputs)
    program: Program = side.call(f"{trace}:program", KEY, given)
    require_known(program)
    if seed is not None:
        held = {str(tensor): tensor for node in program.nodes for tensor in node.held.values()}
        side.call(f"{trace}:set_weights", KEY, held, copying.drawn(held, seed))
    facts = {
        "source": source,
        "dtype": dtype,
        "weights": "its own" if seed is None else f"drawn, seed {seed}",
        "asked": asked,
    }
    return _run(side, program, inputs, given, facts | ({"backend": backend} if backend else {}))


def record_after(
    side: Side,
    source: str,
    other: Recording,
    dtype: str,
    backend: str = "",
    given: dict[str, str] | None = None,
) -> tuple[Recording, Following]:
    """Run a model with the inputs and the weights of a recording of the other framework.

    Args:
        side: the framework.
        source: "file.py:function" that returns the model.
        other: the recording.
        dtype: "float32" or "float64".
        backend: of Keras, for the facts.
        given: the Keras path of PyTorch layers, where it is known.

    Raises:
        CrosscheckError: as for `record`, or the layers cannot be paired.
    """
    ports = Following(side, source, other, dtype, given)
    ports.compare()  # layers in doubt are paired, and given weights, as they make the models equal
    facts = {"source": source, "dtype": dtype, "weights": f"those of {other.facts.get('source')}"}
    facts["asked"] = ports.asked[side.name]
    program = ports.torch if side.name == "torch" else ports.keras
    inputs = ports.inputs if side.name == "torch" else ports.keras_inputs
    facts |= {"backend": backend} if backend else {}
    return _run(side, program, other.inputs, inputs, facts), ports


def _run(
    side: Side, program: Program, inputs: list[np.ndarray], given: list[np.ndarray], facts: dict[str, Any]
) -> Recording:
    values, drops = _steady(side, program, given)
    settings: dict[str, Any] = side.call(f"{side.name}_impl.adapter:settings")
    weights: Weights = side.call(f"{side.name}_impl.weights:state", KEY)
    torch = side.name == "torch"
    return Recording(
        program,
        values,
        weights,
        inputs,
        side.call("torch_impl.trace:input_names", KEY)[: len(inputs)] if torch else (),
        () if torch else tuple(side.call("keras_impl.trace:input_shapes", KEY)),
        facts
        | {
            "tf32": bool(settings.get("tf32", settings.get("NVIDIA_TF32_OVERRIDE") != "0")),
            "device": settings["device"],
            "threads": settings["OMP_NUM_THREADS"],
            "drops": drops,
            "settings": settings,
            "versions": versions(),
            "machine": machine(settings["device"]),
        },
    )


def _steady(side: Side, program: Program, given: list[np.ndarray]) -> tuple[dict[int, np.ndarray], str]:
    """Every tensor, with dropout switched off where it is active in evaluation mode; that is named."""

    def runs(still: bool) -> tuple[Trace, Trace]:
        one, two = (side.call(f"{side.name}_impl.trace:run", KEY, given, still) for _ in range(2))
        return one, two

    both, drops = runs(still=False), ""
    node = first_unstable(program, both)
    if node is not None and node.kind == "dropout":
        both, drops = runs(still=True), str(node)
    require_stable(program, both)
    return both[0].values, drops


def _channels_last(side: Side, inputs: list[np.ndarray]) -> list[np.ndarray]:
    """Inputs as Keras' model declares them; where it does not say, images of floats have channels last."""
    declared = side.call("keras_impl.trace:input_shapes", KEY)
    found = []
    for index, array in enumerate(inputs):
        shape = declared[index] if index < len(declared) else None
        turned = np.moveaxis(array, 1, -1) if array.ndim > 2 else array
        fits = [shape is not None and _fits(shape, a.shape) for a in (turned, array)]
        last = fits[0] if fits[0] != fits[1] else array.ndim > 3 and array.dtype.kind == "f"
        found.append(turned if last else array)
    return found


def _fits(declared: tuple[int | None, ...], shape: tuple[int, ...]) -> bool:
    sizes = zip(declared[1:], shape[1:], strict=False)
    return len(declared) == len(shape) and all(want in (None, has) for want, has in sizes)
