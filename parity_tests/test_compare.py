"""A comparison must fail on everything that tools of this kind have been seen to let through."""

import numpy as np
import pytest

from crosscheck.compare import compare, compare_count

GENERATOR = np.random.default_rng(0)
X = GENERATOR.normal(size=(3, 4, 5))


def changed(index: tuple[int, ...], value: float) -> np.ndarray:
    copy = X.copy()
    copy[index] = value
    return copy


def test_equal_and_within_rounding() -> None:
    assert compare(X, X.copy()).verdict == "equal"
    found = compare(X, X + 1e-9, 4e-9)
    assert found.verdict == "within_rounding"
    assert found.used == pytest.approx(0.25, rel=1e-3)


def test_an_element_differs_only_if_it_exceeds_its_allowance() -> None:
    assert compare(np.array([1.0]), np.array([1.5]), 0.5).verdict == "within_rounding"
    assert compare(np.array([1.0]), np.array([1.5]), 0.4999).verdict == "different"
    allowance = np.full(X.shape, 1e-3)
    allowance[1, 2, 3] = 0
    found = compare(X, changed((1, 2, 3), X[1, 2, 3] + 1e-6), allowance)
    assert found.verdict == "different"
    assert found.used == float("inf")
    assert "(1, 2, 3)" in found.note


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_not_finite_is_never_a_pass(bad: float) -> None:
    broken = changed((0, 1, 2), bad)
    for pair in ((broken, X), (X, broken), (broken, broken)):
        found = compare(*pair, 1e9)
        assert found.verdict == "nan"
        assert not found.passed
        assert "(0, 1, 2)" in found.note


@pytest.mark.parametrize(
    ("actual", "expected", "why"),
    [
        (np.zeros((0, 3)), np.zeros((0, 3)), "empty"),
        (X, X[0], "shapes"),
        (X, X.reshape(5, 4, 3), "shapes"),
        (np.ones((3, 1)), np.ones(3), "shapes"),  # no broadcasting
        (X, X.astype(np.float32), "dtypes"),
    ],
)
def test_what_cannot_be_compared_has_failed(actual: np.ndarray, expected: np.ndarray, why: str) -> None:
    found = compare(actual, expected, 1e9)
    assert found.verdict == "failed"
    assert why in found.note


@pytest.mark.parametrize("allowance", [np.nan, np.inf, -1.0, np.ones(2)])
def test_a_senseless_allowance_has_failed(allowance: object) -> None:
    assert compare(X, X, allowance).verdict == "failed"  # type: ignore[arg-type]


def test_what_a_mean_or_a_sort_would_hide() -> None:
    shuffled = X.ravel()[GENERATOR.permutation(X.size)].reshape(X.shape)
    for other in (shuffled, np.sort(X, axis=-1), X[:, ::-1], X - X.mean(), changed((2, 3, 4), 7.0)):
        assert compare(X, other, 1e-6).verdict == "different"
    square = GENERATOR.normal(size=(4, 4))
    assert compare(square, square.T, 1e-6).verdict == "different"


def test_counts_are_exact() -> None:
    assert compare_count(62_186, 62_186).verdict == "equal"
    assert compare_count(62_187, 62_186).verdict == "different"
