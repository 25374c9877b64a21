"""The mistakes most likely made in porting each technique are caught, and named by the right check."""

import importlib
import importlib.util

import pytest

from crosscheck.sides import Sides
from crosscheck.technique import techniques
from crosscheck.verification.rows import failures
from crosscheck.verification.trajectory import Course
from crosscheck.verification.verify import verify
from parity_tests.planted import Fault

ELSEWHERE = {"split_linear"}  # its faults are caught through the command, in test_faults.py


def faults(name: str) -> tuple[Fault, ...]:
    """The faults of a technique."""
    if importlib.util.find_spec(f"parity_tests.planted.{name}") is None:
        return ()
    return importlib.import_module(f"parity_tests.planted.{name}").FAULTS


NAMES = [name for name in techniques() if name not in ELSEWHERE]
PLANTED = [(name, fault) for name in NAMES for fault in faults(name)]


def test_every_technique_has_a_mistake_of_its_own_kind() -> None:
    assert {name for name, _ in PLANTED} == set(NAMES)


@pytest.mark.parametrize(("name", "fault"), PLANTED, ids=[f"{n}-{f.name}" for n, f in PLANTED])
def test_it_is_caught(name: str, fault: Fault, sides: Sides, course: Course) -> None:
    technique, process = techniques()[name], getattr(sides, fault.side)
    process.call("parity_tests.faults:plant", f"{name}:{fault.name}")
    try:
        rows = list(verify([technique], sides, [fault.dtype], course, [fault.case]))
    finally:
        process.call("parity_tests.faults:lift")
    checks = {row.check for row in rows}
    failed = {row.check for row in failures(rows)}
    for check in fault.fails:
        assert check in failed or any(other.startswith(f"{check}/") for other in failed), check
    assert fault.passes <= checks - failed
