"""A sample of the corpus of training recipes; `scripts/corpus.py` tries them all."""

import pytest

from crosscheck.sides import Sides
from parity_tests.corpus.recipe_judging import answered
from parity_tests.corpus.recipes import CORRECT, FRAMEWORKS, MISTAKES, SECOND, Recipe, sources


def name(recipe: Recipe) -> str:
    return recipe.keras if recipe.keras.startswith(recipe.torch) else f"{recipe.torch} {recipe.keras}"


# Not the last one, at which Keras warns: that is an error here.
@pytest.mark.parametrize("recipe", CORRECT[1::3], ids=name)
def test_a_right_recipe_is_equal(recipe: Recipe, sides: Sides) -> None:
    answer = answered(sides, recipe)
    assert answer.equal, answer.said


@pytest.mark.parametrize("recipe", [*MISTAKES[::6], *SECOND[::3]], ids=name)
def test_a_mistake_in_a_recipe_is_named(recipe: Recipe, sides: Sides) -> None:
    answer = answered(sides, recipe)
    assert answer.equal is False
    assert answer.named, answer.said


def test_every_recipe_is_there() -> None:
    every = (*CORRECT, *FRAMEWORKS, *MISTAKES, *SECOND)
    assert {recipe.torch for recipe in every} <= sources("torch").keys()
    assert {recipe.keras for recipe in every} <= sources("keras").keys()
    assert len(every) >= 140
