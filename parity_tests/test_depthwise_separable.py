"""The article's figures, and what both sides refuse to build."""

import pytest

from crosscheck.errors import CallError
from crosscheck.sides import Sides
from crosscheck.specs.depthwise_separable import article_parameters, conv_parameters, separable_parameters


def test_the_articles_examples() -> None:
    assert conv_parameters((3, 3), 128, 256) == 294_912
    assert separable_parameters((3, 3), 128, 256) == 33_920
    assert separable_parameters((1, 1), 128, 256) == 32_896
    assert [article_parameters((size, size), 128, 256) for size in (3, 1)] == [1_408, 384]
    # Where the printed 99,456 may have come from.
    assert 3 * 3 * 128 + 3 * 128 * 256 == 99_456


def test_the_share_is_that_of_mobilenets() -> None:
    share = separable_parameters((3, 3), 128, 256) / conv_parameters((3, 3), 128, 256)
    assert share == pytest.approx(1 / 256 + 1 / 9)


@pytest.mark.parametrize("kernel_size", [(3, 4), (0, 3)])
def test_both_sides_refuse_even_kernels(sides: Sides, kernel_size: tuple[int, int]) -> None:
    for side in (sides.torch, sides.keras):
        with pytest.raises(CallError, match="must be odd"):
            side.call(f"{side.name}_impl.techniques.depthwise_separable:margins", kernel_size)
