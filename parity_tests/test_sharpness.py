"""The search for the highest point of the box against cases whose maximum is known."""

import numpy as np
import pytest

from crosscheck.layouts import Weights
from crosscheck.parameters import initial_weights
from crosscheck.sharpness import between, box, flatten, measure, random_directions, trainable, unflatten
from crosscheck.sides import Sides
from crosscheck.technique import technique
from crosscheck.verification.rows import failures
from crosscheck.verification.trajectory import Course
from crosscheck.verification.verify import verify

GENERATOR = np.random.default_rng(0)
N, EPSILON = 40, 0.01
CENTRE, CURVATURE = GENERATOR.normal(size=N), GENERATOR.uniform(0.5, 20, N)


def bowl(x: np.ndarray) -> tuple[float, np.ndarray]:
    """A convex quadratic and its gradient."""
    return float(CURVATURE @ (x - CENTRE) ** 2 / 2), CURVATURE * (x - CENTRE)


def test_a_bowl_is_highest_in_the_corner_away_from_its_centre() -> None:
    x = CENTRE + GENERATOR.normal(0, 0.1, N)
    away = EPSILON * (np.abs(x) + 1) * np.sign(x - CENTRE)
    start, highest = bowl(x)[0], bowl(x + away)[0]
    found = measure(bowl, x, EPSILON)
    assert found.percent == pytest.approx(100 * (highest - start) / (1 + start), rel=1e-12)
    assert (found.loss, found.highest) == pytest.approx((start, highest), rel=1e-14)


def test_a_hill_within_the_box_is_climbed_to_its_top() -> None:
    def hill(x: np.ndarray) -> tuple[float, np.ndarray]:
        return 3 - float((x - top) @ (x - top)) / 2, top - x

    x = GENERATOR.normal(size=N)
    top = x + 0.4 * box(x, EPSILON) * np.sign(GENERATOR.normal(size=N))
    assert measure(hill, x, EPSILON).highest == pytest.approx(3, rel=1e-12)


def test_a_subspace_has_a_box_of_its_own() -> None:
    A, _ = np.linalg.qr(GENERATOR.normal(size=(N, 3)))  # orthonormal, so that its pseudo-inverse is A'

    def round_bowl(x: np.ndarray) -> tuple[float, np.ndarray]:
        return float((x - CENTRE) @ (x - CENTRE)) / 2, x - CENTRE

    x = GENERATOR.normal(size=N)
    slope = A.T @ (x - CENTRE)
    corner = EPSILON * (np.abs(A.T @ x) + 1) * np.sign(slope)
    start = round_bowl(x)[0]
    rise = slope @ corner + corner @ corner / 2
    found = measure(round_bowl, x, EPSILON, A)
    assert found.percent == pytest.approx(100 * rise / (1 + start), rel=1e-11)


def test_a_flat_loss_is_not_sharp() -> None:
    assert measure(lambda x: (2.0, np.zeros_like(x)), CENTRE, EPSILON).percent == 0


def test_more_iterations_never_find_less() -> None:
    found = [measure(bowl, CENTRE + 1e-6, EPSILON, iterations=n).percent for n in (1, 2, 5, 10)]
    assert found == sorted(found)


def test_a_small_gradient_does_not_end_the_search() -> None:
    """L-BFGS-B's own threshold of 1e-5 would: at a good minimum all gradients are smaller."""
    found = measure(lambda x: (1e-7 * bowl(x)[0], 1e-7 * bowl(x)[1]), CENTRE + 0.01, EPSILON)
    assert found.highest > found.loss


def test_the_vector_is_in_the_order_of_the_contract_and_in_the_neutral_layout() -> None:
    declared = trainable(technique("cifar_cnn").model("small_bn_after").parameters)
    weights: Weights = initial_weights(declared, 0)
    flat = flatten(dict(reversed(weights.items())), declared)
    assert flat.shape == (1_536,)
    np.testing.assert_array_equal(flat[: 3 * 3 * 3 * 5].reshape(3, 3, 3, 5), weights["block1.conv.kernel"])
    for name, value in unflatten(flat, declared).items():
        np.testing.assert_array_equal(value, weights[name])


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="epsilon must be above 0"):
        measure(bowl, CENTRE, 0.0)
    with pytest.raises(ValueError, match="epsilon must be above 0"):
        measure(bowl, CENTRE, float("nan"))
    for dimension in (0, N + 1):
        with pytest.raises(ValueError, match="1 to 40"):
            random_directions(N, dimension, 0)
    with pytest.raises(ValueError, match="sizes 40 and 39"):
        between(CENTRE, CENTRE[1:], 0.5)


def test_images_may_come_in_uneven_chunks(sides: Sides, course: Course) -> None:
    for side in (sides.torch, sides.keras):
        side.call("parity_tests.faults:plant", "sharpness:uneven_chunks")
    try:
        rows = list(verify([technique("sharpness")], sides, ["float64"], course, ["gradient", "line"]))
    finally:
        for side in (sides.torch, sides.keras):
            side.call("parity_tests.faults:lift")
    assert rows
    assert not failures(rows)
