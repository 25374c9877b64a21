"""The command line of both training scripts: the same options, whatever the framework."""

import importlib
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click

from crosscheck import console, modes
from crosscheck.data import dataset
from crosscheck.environment import BACKENDS, DEVICES, default_threads, framework_environment
from crosscheck.recipes.recipe import recipe as find_recipe
from crosscheck.recipes.recipe import recipes
from crosscheck.training import loop
from crosscheck.training.run_folder import RunFolder
from crosscheck.training.suite import label

F = TypeVar("F", bound=Callable[..., Any])
POSITIVE = click.IntRange(min=1)


def command(side: str) -> click.Command:
    """The training command of one side, "torch" or "keras"."""

    @click.command(
        help=f"""Train a recipe in {"PyTorch" if side == "torch" else "Keras"}.

        Weights, batches and metrics are the same as on the other side, so that two runs with the
        same seed differ by their framework alone. Ctrl-C loses the current epoch at most; --resume
        goes on with the rest, bit for bit.

        \b
        Example:
          python scripts/train_{side}.py --recipe split_linear/adjusted --data generated --out runs/{side}

        Exit status: 0 trained, 2 something is wrong with what was asked for, 130 interrupted.
        """,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    @click.option("--recipe", required=True, metavar="NAME", help=f"One of: {', '.join(recipes())}.")
    @click.option(
        "--data",
        default="generated",
        show_default=True,
        metavar="WHAT",
        help='"generated", "cifar10" (downloads it), or the path of CIFAR-10 in any common packaging.',
    )
    @click.option("--epochs", type=POSITIVE, help="Instead of the recipe's.")
    @click.option("--batch-size", type=POSITIVE, help="Instead of the recipe's.")
    @click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
    @click.option("--device", type=click.Choice(DEVICES), default="cpu", show_default=True)
    @click.option(
        "--mode",
        type=click.Choice(modes.NAMES),
        help="How the framework executes the model.  [default: what is fastest]",
    )
    @click.option("--threads", type=POSITIVE, help="CPU threads of the framework.  [default: all cores]")
    @click.option(
        "--out", type=click.Path(path_type=Path), help="Folder of the run.  [default: runs/RECIPE-SIDE-SEED]"
    )
    @click.option("--resume", is_flag=True, help="Go on after the last whole epoch in --out.")
    @_backend_option(side)
    @console.user_command
    def train(
        recipe: str,
        data: str,
        epochs: int | None,
        batch_size: int | None,
        seed: int,
        device: str,
        mode: str | None,
        threads: int | None,
        out: Path | None,
        resume: bool,
        backend: str = "torch",
    ) -> None:
        chosen = find_recipe(recipe)
        chosen = replace(chosen, epochs=epochs or chosen.epochs, batch_size=batch_size or chosen.batch_size)
        threads = threads or default_threads(processes=1)
        mode = mode or modes.for_training(side, backend, device, chosen.batch_size)
        modes.require(side, backend, device, mode)
        name = f"{recipe.replace('/', '-')}-{label(side, backend)}-seed{seed}"
        folder = RunFolder(out or Path("runs") / name)
        folder.require_ready(resume)  # known before anything slow is begun
        images = dataset.load(data)
        # Before the framework is imported: it reads these when it starts.
        os.environ.update(framework_environment(backend, device, threads))
        with console.quiet_start():
            adapter = importlib.import_module(f"{side}_impl.adapter")
            adapter.configure(device, mode)
            trainer = importlib.import_module(f"{side}_impl.training").Trainer
        settings = loop.Settings(side, backend, device, mode, threads, data, seed, adapter.settings())
        try:
            loop.train(trainer, chosen, settings, images, folder, resume)
        except KeyboardInterrupt:
            console.note(f"Interrupted. --resume goes on after the last whole epoch in {folder.path}.")
            raise SystemExit(console.INTERRUPTED) from None
        console.say(f"The run is in {folder.path}.")

    return train


def _backend_option(side: str) -> Callable[[F], F]:
    if side == "torch":
        return lambda function: function
    return click.option(
        "--backend",
        type=click.Choice(BACKENDS),
        default="tensorflow",
        show_default=True,
        help="Keras' backend.",
    )
