"""Every technique, on the tensorflow and jax backends, in both precisions."""

from collections.abc import Callable
from typing import Any

import pytest

from crosscheck.sides import Sides, open_sides
from crosscheck.technique import AnyCase, Call, Update, techniques
from crosscheck.verification import functions
from crosscheck.verification.command import open_pairs
from crosscheck.verification.pool import verify_together
from crosscheck.verification.rows import Row, failures
from crosscheck.verification.trajectory import Course
from crosscheck.verification.verify import verify
from parity_tests.conftest import strict

Rows = dict[tuple[str, str], list[Row]]  # by technique and case

CASES = [(name, case.name) for name, technique in techniques().items() for case in technique.cases]
DTYPES = ("float64", "float32")
EQUAL = "test_both_sides_are_equal"
SIDES = ("torch", "keras")


@pytest.fixture(scope="session")
def verified(request: pytest.FixtureRequest, course: Course) -> Callable[[str], Rows]:
    """The rows of every case that was asked for, by backend; two pairs of processes share them out."""
    items: list[Any] = request.session.items
    asked = [item.callspec.params for item in items if getattr(item, "originalname", "") == EQUAL]
    known: dict[str, Rows] = {}

    def ask(backend: str) -> Rows:
        if backend not in known:
            wanted = [one for one in asked if one["backend"] == backend]
            chosen = [techniques()[name] for name in dict.fromkeys(one["technique"] for one in wanted)]
            cases = list(dict.fromkeys(one["case"] for one in wanted))
            rows = known[backend] = {}
            with open_pairs(backend, "cpu", 900, 2, ("", "")) as pairs:
                for row in verify_together(chosen, [strict(pair) for pair in pairs], DTYPES, course, cases):
                    rows.setdefault((row.technique, row.case), []).append(row)
        return known[backend]

    return ask


@pytest.mark.timeout(3000)  # the first of a backend waits for all of them
@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
@pytest.mark.parametrize(("technique", "case"), CASES)
def test_both_sides_are_equal(
    technique: str, case: str, backend: str, verified: Callable[[str], Rows]
) -> None:
    found = techniques()[technique].case(case)
    rows = verified(backend)[technique, case]
    assert not failures(rows)
    for dtype in DTYPES:
        checks = {row.check for row in rows if row.dtype == dtype}
        assert expected(found, dtype) <= checks, "a check was left out"


def expected(case: AnyCase, dtype: str) -> set[str]:
    """The checks that may not be missing."""
    if isinstance(case, Call):
        if dtype != "float64":  # bad arguments are bad in any precision
            return set()
        return {f"refuses/{side}/{functions._named(case.refused[0])}" for side in ("torch", "keras")}
    if isinstance(case, Update):
        trained = {"trajectory/loss"} if case.net else set()
        return {f"steps/{name}/{side}-oracle" for name in case.parameters for side in SIDES} | trained
    if case.counted_only:
        return {"parameter_count/torch", "parameter_count/keras"} if dtype == DTYPES[0] else set()
    names = {"output/torch-oracle", "output/keras-oracle", "output/torch-keras", "loss/torch-keras"}
    names |= {"input_gradient/torch-keras", "parameter_count/torch", "parameter_count/keras"}
    names |= {f"buffer_count/{side}" for side in SIDES}
    for name, parameter in case.parameters.items():
        if not parameter.trainable:
            names |= {f"buffer/{name}/torch-keras", f"buffer/{name}/keras-oracle"}
        elif name in case.no_gradient:
            names |= {f"gradient/{name}/{side}-zero" for side in SIDES}
        else:
            names.add(f"gradient/{name}/torch-keras")
    if case.parameters:
        names.add("round_trip/torch-keras/file")
    if case.trains and any(parameter.trainable for parameter in case.parameters.values()):
        names |= {"trajectory/loss"} | {f"trajectory/{name}" for name in case.parameters}
    return names | ({"finite_difference/torch", "finite_difference/keras"} if dtype == "float64" else set())


def test_on_keras_torch_backend_float32_passes_and_float64_is_called_limited(course: Course) -> None:
    """That backend computes some things in float32 whatever comes in."""
    with open_sides("torch", timeout=300) as sides:
        rows = list(verify([techniques()["prelu"]], sides, DTYPES, course, ["channel"]))
    checks = {row.check for row in rows if row.dtype == "float32"}
    assert {"output/torch-keras", "gradient/alpha/torch-keras"} <= checks
    assert failures(rows) == []
    assert {row.dtype for row in rows if row.comparison.verdict == "limited"} == {"float64"}
    assert not any(row.passed for row in rows if row.comparison.verdict == "limited")


@pytest.mark.images
@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
@pytest.mark.parametrize("case", ["control", "split", "adjusted", "wide", "untied"])
def test_300_steps_on_real_images(
    case: str, backend: str, request: pytest.FixtureRequest, images: object
) -> None:
    from crosscheck.verification.subject import Subject
    from crosscheck.verification.trajectory import RELATIVE, trajectory

    sides: Sides = request.getfixturevalue("sides" if backend == "tensorflow" else "jax_sides")
    technique = techniques()["split_linear"]
    subject = Subject(technique, technique.model(case), sides)
    course = Course(images, 300)  # type: ignore[arg-type]
    for dtype in DTYPES:
        findings = dict(trajectory(course, subject, dtype))
        assert len(findings) == 1 + len(subject.parameters)
        assert {name: found for name, found in findings.items() if not found.passed} == {}
    assert RELATIVE == 1e-12
