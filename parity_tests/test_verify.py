"""Every technique, on the tensorflow and jax backends, in both precisions."""

import pytest

from crosscheck.sides import Sides
from crosscheck.technique import techniques
from crosscheck.verification.rows import failures
from crosscheck.verification.trajectory import Course
from crosscheck.verification.verify import verify

CASES = [(name, case.name) for name, technique in techniques().items() for case in technique.cases]
DTYPES = ("float64", "float32")


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
@pytest.mark.parametrize(("technique", "case"), CASES)
def test_both_sides_are_equal(
    technique: str, case: str, backend: str, course: Course, request: pytest.FixtureRequest
) -> None:
    sides: Sides = request.getfixturevalue("sides" if backend == "tensorflow" else "jax_sides")
    rows = list(verify([techniques()[technique]], sides, DTYPES, course, [case]))
    assert not failures(rows)
    parameters = techniques()[technique].case(case).parameters
    for dtype in DTYPES:
        checks = {row.check for row in rows if row.dtype == dtype}
        expected = {"output/torch-oracle", "output/keras-oracle", "output/torch-keras", "loss/torch-keras"}
        expected |= {"input_gradient/torch-keras", "round_trip/torch-keras/file", "trajectory/loss"}
        expected |= {f"gradient/{name}/torch-keras" for name, p in parameters.items() if p.trainable}
        expected |= {f"trajectory/{name}" for name in parameters}
        expected |= {"parameter_count/torch", "parameter_count/keras", "buffer_count/torch"}
        assert expected <= checks, "a check was left out"
    fine = {row.check for row in rows if row.dtype == "float64"}
    assert {"finite_difference/torch", "finite_difference/keras"} <= fine


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
    subject = Subject(technique, technique.case(case), sides)
    course = Course(images, 300)  # type: ignore[arg-type]
    for dtype in DTYPES:
        findings = dict(trajectory(subject, dtype, course))
        assert len(findings) == 1 + len(subject.parameters)
        assert {name: found for name, found in findings.items() if not found.passed} == {}
    assert RELATIVE == 1e-12
