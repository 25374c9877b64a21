"""Published facts on transposed convolutions, and what both sides refuse to build."""

import numpy as np
import pytest

from crosscheck.errors import CallError
from crosscheck.reference import resizing
from crosscheck.sides import Sides
from crosscheck.specs.resize_conv import OVERLAPS, overlap_counts


@pytest.mark.parametrize(("kernel_size", "stride"), OVERLAPS)
def test_published_overlaps(kernel_size: int, stride: int) -> None:
    # The oracle; `verify` holds both sides to it.
    counts = overlap_counts(9, 8, kernel_size, stride)["counts"]
    period = np.array(OVERLAPS[kernel_size, stride])
    border = kernel_size // stride * stride
    inside = counts[border : border + stride, border : border + stride]
    np.testing.assert_array_equal(inside, np.outer(period, period))


def test_bilinear_keeps_planes_and_constants() -> None:
    rows, columns = np.mgrid[0:5, 0:7].astype(float)
    x = (2 * rows + 3 * columns)[None, :, :, None]
    y = resizing.bilinear(x, 4)
    np.testing.assert_allclose(np.diff(y[0, 2:-2, 2:-2, 0], axis=0), 2 / 4)
    np.testing.assert_allclose(np.diff(y[0, 2:-2, 2:-2, 0], axis=1), 3 / 4)
    np.testing.assert_allclose(resizing.bilinear(np.ones_like(x), 3), 1)


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("require_kernel", (2, 3)),
        ("require_kernel", (3, 0)),
        ("require_kernel", (3, 1.5)),
        ("require_kernel", (3.0, 2)),
        ("require_resizing", (4, 2, "nearest")),
        ("require_resizing", (3, 0, "nearest")),
        ("require_resizing", (3, 1.5, "nearest")),
        ("require_resizing", (3.0, 2, "nearest")),
        ("require_resizing", (3, 2, "bicubic")),
    ],
)
def test_both_sides_refuse(sides: Sides, function: str, arguments: tuple[object, ...]) -> None:
    for side in (sides.torch, sides.keras):
        with pytest.raises(CallError, match=r"need|mode is one of"):
            side.call(f"{side.name}_impl.techniques.resize_conv:{function}", *arguments)
