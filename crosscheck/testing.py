"""For test suites of your own: a port is asserted to do what its original does.

    from crosscheck.testing import assert_parity

    def test_port():
        assert_parity("my_torch.py:build", "my_keras.py:build", ["2x3x32x32"])

Neither framework is imported into the process that asks: each has one of its own, started by the first
assertion and used by all that follow.
"""

import atexit
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from crosscheck.errors import CrosscheckError, SideError
from crosscheck.ports import inputs as given
from crosscheck.ports.causes import require_known
from crosscheck.ports.factory import require_source
from crosscheck.ports.judgement import STEPS, Question, judge
from crosscheck.sides import Sides, open_sides

INPUTS = ("2x3x32x32",)
Specification = str | np.ndarray

_open: dict[tuple[str, str], tuple[ExitStack, Sides]] = {}  # by backend and device


def assert_parity(
    torch: str,
    keras: str,
    inputs: Specification | Sequence[Specification] = INPUTS,
    *,
    target: Specification | None = None,
    steps: int = STEPS,
    backend: str = "tensorflow",
    device: str = "cpu",
    map: Mapping[str, str] | Path | None = None,  # noqa: A002 - as the option of the command is called
    seed: int = 0,
    accept: Collection[str] = (),
    keep_weights: bool = False,
) -> None:
    """Assert that a Keras model does what a PyTorch model does, as `crosscheck compare` finds it.

    Args:
        torch: "file.py:function" (from the current folder) or "package.module:function" that returns the one.
        keras: the same for the other.
        inputs: as PyTorch sees them: "2x3x32x32", "4x11:int64:0..29", "FILE.npz", or arrays.
        target: of the loss; with it, steps of training are compared as well, and both functions return
            (model, optimizer, loss).
        steps: of training.
        backend: of Keras: "tensorflow", "jax" or "torch".
        device: of both: "cpu" or "cuda".
        map: the Keras path of PyTorch layers, where that is not clear; or the path of such a JSON file.
        seed: of weights, inputs and target.
        accept: causes that are no failure if there are no others, such as "adam.epsilon_placement", which no
            port of Adam escapes.
        keep_weights: compare the models with the weights that they come with.

    Raises:
        AssertionError: they differ; the message says where and why.
        CrosscheckError: they could not be compared.
    """
    __tracebackhide__ = True  # pytest shows the line of the test, and not the inside of this
    require_source(torch, keras)
    question = Question(
        _placed(torch),
        _placed(keras),
        _arrays(inputs, seed),
        _target(target, seed),
        steps,
        dict(map) if isinstance(map, Mapping) else given.pairs(Path(map) if map else None),
        seed,
        keep_weights,
    )
    require_known(accept, "accept")
    try:
        found = judge(_sides(backend, device), question)
    except SideError:
        close(backend)  # the next assertion starts a new one
        raise
    except CrosscheckError:
        raise
    except BaseException:  # interrupted, or stopped by a time limit: a call is still running over there
        close(backend)
        raise
    if not found.equal and not found.only(accept):
        raise AssertionError("\n".join(found.reasons()))
    if not found.whole:
        raise CrosscheckError("\n".join(found.lines()))


def close(backend: str | None = None) -> None:
    """End the processes that `assert_parity` keeps, all of them or those of one backend."""
    for key in list(_open):
        if backend in (None, key[0]):
            stack, _ = _open.pop(key)
            stack.close()


def _sides(backend: str, device: str) -> Sides:
    key = backend, device
    if key not in _open:
        stack = ExitStack()
        _open[key] = stack, stack.enter_context(open_sides(backend, device))
    return _open[key][1]


def _placed(source: str) -> str:
    """With the whole path of the file: a test may change its folder, and the processes stay in theirs."""
    place, colon, name = source.rpartition(":")
    return f"{Path(place).resolve()}:{name}" if colon and place.endswith(".py") else source


def _arrays(inputs: Specification | Sequence[Specification], seed: int) -> list[np.ndarray]:
    listed = [inputs] if isinstance(inputs, str | np.ndarray) else list(inputs)
    if listed and all(isinstance(one, str) for one in listed):
        return given.read(tuple(str(one) for one in listed), seed, "inputs")
    return [
        given.exact(one, "inputs") if isinstance(one, np.ndarray) else given.one(one, seed + number, "inputs")
        for number, one in enumerate(listed)
    ]


def _target(target: Specification | None, seed: int) -> np.ndarray | None:
    if target is None:
        return None
    return given.one(target, seed, "target") if isinstance(target, str) else given.exact(target, "target")


atexit.register(close)
