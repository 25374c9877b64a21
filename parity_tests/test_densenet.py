"""What is special about DenseNet: counts, the order of concatenation, and nets there cannot be."""

from dataclasses import replace

import pytest

from crosscheck.errors import CallError
from crosscheck.layouts import count
from crosscheck.recipes.recipe import recipes
from crosscheck.sides import Sides
from crosscheck.specs.densenet import PUBLISHED, TECHNIQUE, net_arguments, net_parameters


@pytest.mark.parametrize("name", PUBLISHED)
def test_counts_of_the_papers_nets(name: str, sides: Sides) -> None:
    millions, exact, arguments = PUBLISHED[name]
    assert round(exact / 1e6, 1) == millions
    assert count(net_parameters(arguments)) == exact
    asked = [arguments[n] for n in ("depth", "growth_rate", "bottleneck", "compression")]
    for side in ("torch", "keras"):
        target = f"{side}_impl.techniques.densenet:parameter_count"
        assert getattr(sides, side).call(target, *asked) == exact


def test_a_layers_input_grows_by_k() -> None:
    found = net_parameters(net_arguments(40, 12))
    inputs = [found[f"block1.layer{number}.grow.conv.kernel"].shape[2] for number in range(1, 13)]
    assert inputs == [16 + 12 * (number - 1) for number in range(1, 13)]


def test_the_plain_net_is_no_smaller_than_the_dense_one_it_is_compared_with() -> None:
    dense, plain = (TECHNIQUE.model(name).expected_count for name in ("bc_k8_l22", "plain_k14_l22"))
    assert dense <= plain < 1.05 * dense


@pytest.mark.parametrize(
    ("asked", "said"),
    [((41, 12, False, 1.0), "depth is 4 and a multiple of 3"),
     ((40, 12, True, 0.0), "compression is above 0"),
     ((4, 12, False, 1.0), "depth is 4 and a multiple of 3"),
     ((43, 12, True, 0.5), "depth is 4 and a multiple of 6")],
)  # fmt: skip
def test_nets_there_cannot_be_are_refused(asked: tuple[int | float, ...], said: str, sides: Sides) -> None:
    for side in ("torch", "keras"):
        with pytest.raises(CallError, match=f"ValueError.*{said}"):
            getattr(sides, side).call(f"{side}_impl.techniques.densenet:parameter_count", *asked)


def test_the_learning_rate_falls_at_half_and_three_quarters() -> None:
    recipe = recipes()["densenet/k12_l40"]
    assert recipe.scheduled(50_000).milestones == (150 * 782, 225 * 782)
    assert replace(recipe, epochs=2).scheduled(640).milestones == (10, 15)
    assert replace(recipe, epochs=1).scheduled(192).milestones == (1, 2)
    assert replace(recipe, epochs=1).scheduled(64).milestones == (0,)
