"""What a training run is, and how the recipes are found.

Every module in `crosscheck/recipes` that defines `RECIPES` is found; a recipe's name begins with
the name of its technique.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from typing import Any

from crosscheck import recipes as package
from crosscheck import registry
from crosscheck.optimizers import Optimizer

# What of a recipe depends on the length of the run.
SCHEDULE = ("warmup", "milestones")


@dataclass(frozen=True)
class Recipe:
    """A training run, the same on both sides.

    Attributes:
        name: "<technique>/<what is special about it>", mostly the case.
        technique: whose case is trained.
        case: the model.
        epochs: passes over the training images.
        batch_size: images a step.
        optimizer: with its hyper-parameters, but for the schedule of its learning rate, which follows the
            length of the run.
        mean: subtracted from the pixels, after they are scaled to 0 ... 1.
        std: what they are divided by then.
        published: the article's figures, each from one run: test_accuracy, best_loss.
        warmup: share of all steps in which the learning rate rises from the optimizer's `warmup_start`.
        milestones: shares of all steps after each of which the learning rate falls to a tenth.
    """

    name: str
    technique: str
    case: str
    epochs: int
    batch_size: int
    optimizer: Optimizer
    mean: float
    std: float
    published: Mapping[str, float] = field(default_factory=dict)
    warmup: float = 0.0
    milestones: tuple[float, ...] = ()

    @property
    def short_name(self) -> str:
        """What is special about it."""
        return self.name.partition("/")[2]

    def scheduled(self, images: int) -> Optimizer:
        """The optimizer with its schedule in steps.

        Args:
            images: of an epoch.
        """
        steps = self.epochs * -(-images // self.batch_size)
        # Of very short runs two may be the same step.
        milestones = dict.fromkeys(int(share * steps) for share in self.milestones)
        warmup = round(self.warmup * steps)
        return replace(self.optimizer, warmup_steps=warmup, milestones=tuple(milestones))

    def facts(self) -> dict[str, Any]:
        """The recipe as plain data, for files; the schedule only where there is one."""
        facts = asdict(self) | {"optimizer": self.optimizer.facts()}
        return {key: value for key, value in facts.items() if value or key not in SCHEDULE}


@cache
def recipes() -> dict[str, Recipe]:
    """Every recipe by name."""
    declared = registry.declared(package, "RECIPES").values()
    return {recipe.name: recipe for together in declared for recipe in together}


def recipe(name: str) -> Recipe:
    """The recipe of this name.

    Raises:
        CrosscheckError: there is none; the message lists those there are.
    """
    return registry.lookup(recipes(), "recipe", name)
