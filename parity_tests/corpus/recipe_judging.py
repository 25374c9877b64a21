"""Whether what the comparison says of a recipe is what is wrong with it."""

from dataclasses import dataclass

from crosscheck import console
from crosscheck.errors import CrosscheckError
from crosscheck.ports import inputs
from crosscheck.ports.judgement import Question, judge
from crosscheck.sides import Sides

from .recipes import CORRECT, FRAMEWORKS, MISTAKES, SECOND, Recipe, sources


@dataclass(frozen=True)
class Answer:
    """What was said of a recipe.

    Attributes:
        equal: the verdict; None if it could not be compared.
        named: whether an acceptable cause is among those named.
        said: the causes, or what hindered.
    """

    equal: bool | None
    named: bool
    said: str


def answered(sides: Sides, recipe: Recipe) -> Answer:
    """What is said of a recipe."""
    question = Question(
        sources("torch")[recipe.torch],
        sources("keras")[recipe.keras],
        inputs.read((recipe.input,)),
        inputs.one(recipe.target, 0, "--target"),
        recipe.steps,
    )
    try:
        found = judge(sides, question)
    except CrosscheckError as error:
        return Answer(None, False, f"could not be compared: {error}")
    cause = found.as_json()["cause"] or []
    named = [cause] if isinstance(cause, str) else cause
    return Answer(found.equal, bool(set(named) & set(recipe.cause)), ", ".join(named))


def table(sides: Sides, only: str = "", right: bool = False) -> dict[str, int]:
    """Print a line for each recipe; the counts, by the keys of `judging.Score`."""
    count = dict.fromkeys(("right", "right_equal", "mistakes", "detected", "named"), 0)
    for recipe in (*CORRECT, *(() if right else (*FRAMEWORKS, *MISTAKES, *SECOND))):
        if only not in f"{recipe.torch} {recipe.keras}":
            continue
        answer = answered(sides, recipe)
        if recipe.cause:
            count["mistakes"] += 1
            count["detected"] += answer.equal is False
            count["named"] += answer.named
            marks = " ".join("yes" if done else "NO" for done in (answer.equal is False, answer.named))
        else:
            count["right"] += 1
            count["right_equal"] += answer.equal is True
            marks = "equal" if answer.equal else "NOT EQUAL"
        planted = f" (planted: {', '.join(recipe.cause)})" if recipe.cause else ""
        console.say(f"{marks:10} {recipe.torch} {recipe.keras}: {answer.said or 'nothing'}{planted}")
    return count
