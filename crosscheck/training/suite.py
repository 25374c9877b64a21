"""Every run behind a table of an article: one command that can be stopped and continued."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crosscheck import modes, registry
from crosscheck.environment import gpu_count
from crosscheck.errors import CrosscheckError
from crosscheck.recipes import lr_scaling
from crosscheck.recipes.recipe import Recipe, recipes
from crosscheck.training.run_folder import RunFolder

SUITES = {
    "article_000": "split_linear/",
    "article_004": "cifar_cnn/",
    "lr_scaling": "lr_scaling/",
}  # by the beginning of their recipes' names
Identity = tuple[str, str, str, int]  # recipe, side, backend, seed


@dataclass(frozen=True)
class Run:
    """One training run of a suite."""

    recipe: Recipe
    side: str
    backend: str
    seed: int
    device: str
    folder: RunFolder

    def workers(self, asked: int) -> int:
        """By how many workers it is trained: those that it is about, or as many as were asked for."""
        own = own_workers(self.recipe)
        return own if own > 1 else asked

    @property
    def identity(self) -> Identity:
        """What tells it from the other runs of its suite."""
        return self.recipe.name, self.side, self.backend, self.seed

    def facts(self, data_sha256: str) -> dict[str, Any]:
        """What whatever counts as this run has to say of itself."""
        given = {"recipe": self.recipe.facts(), "side": self.side, "backend": self.backend, "seed": self.seed}
        given |= {"device": self.device, "data_sha256": data_sha256, "dtype": "float32", "synchronized": True}
        workers = own_workers(self.recipe)
        return given | ({"workers": workers} if workers > 1 else {})

    def finished(self, data_sha256: str) -> bool:
        """Whether all its epochs are kept.

        Raises:
            CrosscheckError: the folder holds another run, or a longer one.
        """
        if not self.folder.exists():
            return False
        self.folder.require(self.facts(data_sha256))
        done = self.folder.epochs_done()
        if done > self.recipe.epochs:
            raise CrosscheckError(
                f"{self.folder.path}: holds {done} epochs, the suite's run has {self.recipe.epochs}; "
                "choose another --out"
            )
        return done == self.recipe.epochs


def suite_recipes(name: str) -> list[Recipe]:
    """The recipes of a suite.

    Raises:
        CrosscheckError: there is no such suite; the message lists those there are.
    """
    beginning = registry.lookup(SUITES, "suite", name)
    return [recipe for recipe in recipes().values() if recipe.name.startswith(beginning)]


def own_workers(recipe: Recipe) -> int:
    """How many workers a recipe is about."""
    base = lr_scaling.BASE
    return recipe.batch_size // base.batch_size if recipe.name.startswith(SUITES["lr_scaling"]) else 1


def plan(name: str, sides: Iterable[tuple[str, str]], seeds: int, device: str, out: Path) -> list[Run]:
    """The runs, seed by seed, so that what is finished when it is stopped can be compared already."""
    return [
        Run(
            recipe,
            side,
            backend,
            seed,
            device,
            RunFolder(out / f"{recipe.short_name}-{label(side, backend)}-seed{seed}"),
        )
        for seed in range(seeds)
        for recipe in suite_recipes(name)
        for side, backend in sides
    ]


def label(side: str, backend: str) -> str:
    """A short name for a side on a backend: "torch", "keras-jax"."""
    return side if side == backend else f"{side}-{backend}"


def require_workers(runs: Sequence[Run], workers: int) -> None:
    """Make sure that every run can have its workers, before the first of them is begun.

    Args:
        runs: of the suite.
        workers: that share out the batches of each, if it is not about some number of them.

    Raises:
        CrosscheckError: a framework has no mode for so many, or there are not so many GPUs.
    """
    gpus = gpu_count() if any(run.device != "cpu" for run in runs) else 0
    for run in runs:
        count, size = run.workers(workers), run.recipe.batch_size
        mode = modes.for_training(run.side, run.backend, run.device, size, count)
        modes.require(run.side, run.backend, run.device, mode, count)
        if gpus and count > gpus:
            raise CrosscheckError(
                f"{run.recipe.name} takes {count} workers, and there are {gpus} GPUs for them"
            )
