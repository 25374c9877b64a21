"""What the tests share: both frameworks, started once, and the real images where there are any."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from crosscheck.data import dataset
from crosscheck.sides import Sides, open_sides
from crosscheck.verification.trajectory import Course

STEPS = 20


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--images",
        default=os.environ.get("CROSSCHECK_IMAGES"),
        metavar="PATH",
        help="CIFAR-10 in any packaging, for the tests on real images (or CROSSCHECK_IMAGES)",
    )


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache of the tests' own: nothing is read from or written to the user's."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CROSSCHECK_CACHE", str(folder))
        yield folder


def strict(sides: Sides) -> Sides:
    """Warnings are errors over there too."""
    for side in (sides.torch, sides.keras):
        side.call("parity_tests.faults:strict")
    return sides


@pytest.fixture(scope="session")
def sides() -> Iterator[Sides]:
    """PyTorch, and Keras on TensorFlow."""
    with open_sides("tensorflow", timeout=300) as both:
        yield strict(both)


@pytest.fixture(scope="session")
def jax_sides() -> Iterator[Sides]:
    """PyTorch, and Keras on JAX."""
    with open_sides("jax", timeout=300) as both:
        yield strict(both)


@pytest.fixture(scope="session")
def course() -> Course:
    """Short trajectories on generated images."""
    return Course(dataset.load("generated"), STEPS)


@pytest.fixture(scope="session")
def images(request: pytest.FixtureRequest) -> dataset.Dataset:
    """The real images; a test that asks for them is reported as not run where there are none."""
    path = request.config.getoption("--images")
    if not path:
        pytest.skip("not run: no real images were given (--images PATH or CROSSCHECK_IMAGES)")
    return dataset.load(path)
