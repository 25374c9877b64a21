"""The article's figures, and what both sides refuse to build."""

from typing import Any

import pytest

from crosscheck.errors import CallError
from crosscheck.sides import Sides
from crosscheck.specs.depthwise_separable import article_parameters, conv_parameters, separable_parameters
from parity_tests.faults import lift, patch


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


def test_when_weights_are_saved() -> None:
    for kernel, outputs in (((1, 3), 2), ((2, 2), 2), ((3, 3), 2), ((1, 2), 3)):
        assert separable_parameters(kernel, 7, outputs) < conv_parameters(kernel, 7, outputs)
    assert separable_parameters((1, 2), 7, 2) == conv_parameters((1, 2), 7, 2)
    assert separable_parameters((1, 1), 7, 99) > conv_parameters((1, 1), 7, 99)


def dtypes_timed() -> set[str]:
    """In Keras' process: of what are the layers that are timed, after something in float64?"""
    import numpy as np

    from keras_impl import adapter
    from keras_impl.techniques import depthwise_separable

    adapter.use_precision("float64")
    made: list[Any] = []

    def collect(build: Any) -> Any:
        def changed(self: Any, *arguments: Any, **named: Any) -> None:
            build(self, *arguments, **named)
            made.append(self)

        return changed

    for name in ("PlainConv2D", "DepthwiseSeparableConv2D"):
        patch(depthwise_separable.__name__, f"{name}.__init__", collect)
    try:
        depthwise_separable.forward_seconds(np.zeros((1, 4, 4, 2), np.float32), 3, (3, 3), 1)
    finally:
        lift()
    return {variable.dtype for layer in made for variable in layer.variables}


def test_float32_is_timed_whatever_was_built_before(sides: Sides) -> None:
    assert sides.keras.call("parity_tests.test_depthwise_separable:dtypes_timed") == {"float32"}


@pytest.mark.parametrize("kernel_size", [(3, 4), (0, 3)])
def test_both_sides_refuse_even_kernels(sides: Sides, kernel_size: tuple[int, int]) -> None:
    for side in (sides.torch, sides.keras):
        with pytest.raises(CallError, match="must be odd"):
            side.call(f"{side.name}_impl.techniques.depthwise_separable:margins", kernel_size)
