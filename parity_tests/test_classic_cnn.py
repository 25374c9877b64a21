"""What is special about the classic pattern: what it costs, and nets there cannot be."""

import pytest

from crosscheck.errors import CallError
from crosscheck.sides import Sides
from crosscheck.specs.classic_cnn import (
    ELEVEN,
    ELEVEN_THREES,
    SEVEN,
    SEVEN_THREES,
    Stage,
    costs,
    net_case,
    shapes,
)
from crosscheck.technique import Case


def total(case: Case) -> int:
    return sum(costs([Stage(*stage) for stage in case.arguments["stages"]], case.input_shape[1:]))


@pytest.mark.parametrize(("pattern", "threes"), [(ELEVEN, ELEVEN_THREES), (SEVEN, SEVEN_THREES)])
def test_the_budget_is_kept_to_one_percent(pattern: Case, threes: Case) -> None:
    assert 0.99 * total(pattern) < total(threes) <= total(pattern)


def test_shapes_by_hand() -> None:
    stages = (Stage(11, 4, 64, True), Stage(5, 1, 8, True))
    # 224 + 2 x 5 - 11 over 4, and one more: 56; 56 - 3 over 2, and one more: 27.
    assert shapes(stages, (224, 224, 3)) == [((56, 56, 64), (27, 27, 64)), ((27, 27, 8), (13, 13, 8))]


@pytest.mark.parametrize(
    ("stages", "said"),
    [(((4, 2, 6, False),), "filters have an odd size, not 4"),
     (((3, 4, 6, True), (3, 2, 6, True)), "no window of 3 fits into a map of")],
)  # fmt: skip
def test_nets_there_cannot_be_are_refused(
    stages: tuple[tuple[int, int, int, bool], ...], said: str, sides: Sides
) -> None:
    possible = net_case("odd", 0, (14, 18, 3), (Stage(3, 1, 6, False),))
    arguments = {"stages": stages, "classes": 10}
    case = Case(**{**possible.__dict__, "arguments": arguments})
    for side in ("torch", "keras"):
        with pytest.raises(CallError, match=f"ValueError.*{said}"):
            getattr(sides, side).call(f"{side}_impl.adapter:build", "classic_cnn", case, "float32")
