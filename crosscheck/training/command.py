"""The command line of both training scripts: the same options, whatever the framework."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click

from crosscheck import console, modes, options
from crosscheck.recipes.recipe import recipe as find_recipe
from crosscheck.recipes.recipe import recipes
from crosscheck.training.start import Request, carry_out
from crosscheck.training.suite import label

F = TypeVar("F", bound=Callable[..., Any])


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
        context_settings=options.CONTEXT,
    )
    @click.option("--recipe", required=True, metavar="NAME", help=f"One of: {', '.join(recipes())}.")
    @options.some_images()
    @click.option("--epochs", type=options.POSITIVE, help="Instead of the recipe's.")
    @click.option("--batch-size", type=options.POSITIVE, help="Instead of the recipe's.")
    @options.seed("weights and batches")
    @options.device
    @click.option(
        "--dtype", type=click.Choice((*options.FLOATS, modes.MIXED)), default="float32", show_default=True
    )
    @click.option(
        "--mode",
        type=click.Choice(modes.NAMES),
        help="How the framework executes the model.  [default: what is fastest]",
    )
    @options.threads("each worker", "the cores, shared out")
    @click.option(
        "--workers",
        type=options.POSITIVE,
        default=1,
        show_default=True,
        help="That share out every batch: "
        + (
            "processes of this machine; torchrun starts those of several machines."
            if side == "torch"
            else "devices of this process."
        ),
    )
    @click.option(
        "--local-batch-norm",
        is_flag=True,
        help="Batch norm over each worker's part of the batch, as the framework does by itself.",
    )
    @click.option("--out", type=options.A_FOLDER, help="Folder of the run.  [default: runs/RECIPE-SIDE-SEED]")
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
        dtype: str,
        mode: str | None,
        threads: int | None,
        workers: int,
        local_batch_norm: bool,
        out: Path | None,
        resume: bool,
        backend: str = "torch",
    ) -> None:
        chosen = find_recipe(recipe)
        request = Request(
            side=side,
            recipe=replace(
                chosen, epochs=epochs or chosen.epochs, batch_size=batch_size or chosen.batch_size
            ),
            data=data,
            seed=seed,
            backend=backend,
            device=device,
            dtype=dtype,
            mode=mode,
            threads=threads,
            workers=workers,
            synchronized=not local_batch_norm,
            folder=out or Path("runs") / f"{recipe.replace('/', '-')}-{label(side, backend)}-seed{seed}",
            resume=resume,
        )
        carry_out(request)
        console.say(f"The run is in {request.folder}.")

    return train


def _backend_option(side: str) -> Callable[[F], F]:
    return options.backend if side == "keras" else lambda function: function
