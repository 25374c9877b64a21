"""A framework's process: errors come over as one line, death and hanging are named, nothing is left."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from crosscheck.environment import framework_environment
from crosscheck.errors import CallError, CrosscheckError, SideError
from crosscheck.sides import Side, Sides, results

# These need no framework, so that the process starts at once.
ENVIRONMENT = framework_environment("torch", "cpu", 1)


@pytest.fixture(autouse=True)
def buffered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)  # what was printed must be there without it


@pytest.fixture
def side() -> Iterator[Side]:
    side = Side("torch", ENVIRONMENT, timeout=60)
    yield side
    side.close()


def test_arrays_go_over_and_come_back(side: Side) -> None:
    x = np.arange(6.0).reshape(2, 3)
    assert np.array_equal(side.call("numpy:transpose", x), x.T)


def test_the_environment_is_set_before_anything_is_imported(side: Side) -> None:
    assert side.call("os:getenv", "NVIDIA_TF32_OVERRIDE") == "0"
    assert side.call("os:getenv", "CUDA_VISIBLE_DEVICES") == ""


def test_an_exception_is_one_line_and_the_process_goes_on(side: Side) -> None:
    with pytest.raises(CallError, match="torch: ZeroDivisionError") as caught:
        side.call("operator:truediv", 1, 0)
    assert "Traceback" in caught.value.details
    assert "\n" not in str(caught.value)
    assert side.call("operator:add", 1, 2) == 3


def test_an_error_for_the_user_stays_one(side: Side) -> None:
    with pytest.raises(CrosscheckError, match="torch: there is no technique 'nothing'") as caught:
        side.call("crosscheck.technique:technique", "nothing")
    assert not isinstance(caught.value, CallError)


@pytest.mark.parametrize("status", [0, 3])
def test_a_process_that_wants_to_exit_does_not_end_the_parent(side: Side, status: int) -> None:
    with pytest.raises(CallError, match="torch: SystemExit"):
        side.call("sys:exit", status)
    assert side.call("operator:add", 1, 2) == 3


def test_what_cannot_be_sent_back_is_an_error(side: Side) -> None:
    with pytest.raises(CallError, match="torch: "):
        side.call("threading:Lock")
    assert side.call("operator:add", 1, 2) == 3


def test_death_is_named_with_the_last_lines(side: Side) -> None:
    with pytest.raises(SideError, match=r"the torch process has died(.|\n)*about to die"):
        side.call("parity_tests.faults:death")
    with pytest.raises(SideError, match="has died"):
        side.call("operator:add", 1, 2)


def test_hanging_is_named_and_ended() -> None:
    side = Side("keras", ENVIRONMENT, timeout=3)
    began = time.monotonic()
    with pytest.raises(SideError, match=r"the keras process gave no answer for 3 s(.|\n)*still waiting"):
        side.call("parity_tests.faults:sleep", 600.0)
    assert time.monotonic() - began < 30
    side.close()


def test_both_are_waited_for_no_longer_than_one() -> None:
    frozen = [Side(name, ENVIRONMENT, timeout=4) for name in ("torch", "keras")]
    sides = Sides(*frozen, "tensorflow", "cpu")
    for side in frozen:
        side.submit("parity_tests.faults:sleep", 600.0)
    began = time.monotonic()
    try:
        with pytest.raises(SideError, match="the torch process gave no answer for 4 s"):
            sides.both("adapter:settings")  # waits behind the others
        assert time.monotonic() - began < 7
    finally:
        sides.close()


def test_what_hangs_is_ended_where_the_other_failed() -> None:
    failing, hanging = (Side(name, ENVIRONMENT, timeout=3) for name in ("torch", "keras"))
    try:
        calls = [(failing, failing.submit("operator:truediv", 1, 0))]
        calls += [(hanging, hanging.submit("parity_tests.faults:sleep", 600.0))]
        with pytest.raises(SideError, match="the keras process gave no answer for 3 s"):
            results(calls)
        with pytest.raises(SideError, match="has died"):
            hanging.call("operator:add", 1, 2)
        assert failing.call("operator:add", 1, 2) == 3
    finally:
        failing.close()
        hanging.close()


def test_a_process_does_not_outlive_its_parent(tmp_path: Path) -> None:
    code = (
        "import os, sys\n"
        "from crosscheck.sides import Side\n"
        "if __name__ == '__main__':\n"
        "    side = Side('torch', {}, 60)\n"
        "    print(side.call('os:getpid'), flush=True)\n"
        "    os._exit(9)\n"  # as if killed: nothing is cleaned up
    )
    file = tmp_path / "parent.py"
    file.write_text(code)
    answer = subprocess.run([sys.executable, str(file)], capture_output=True, text=True, check=False)
    child = Path("/proc") / answer.stdout.strip()
    for _ in range(100):
        if not child.exists():
            return
        time.sleep(0.1)
    pytest.fail("the process outlived its parent")
