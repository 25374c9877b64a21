"""The command line of both training scripts: the same options, whatever the framework."""

import importlib
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click

from crosscheck import console, modes, options
from crosscheck.data import dataset
from crosscheck.environment import default_threads, framework_environment
from crosscheck.errors import CrosscheckError, WorkerError
from crosscheck.recipes.recipe import recipe as find_recipe
from crosscheck.recipes.recipe import recipes
from crosscheck.training import launch, loop
from crosscheck.training.run_folder import RunFolder
from crosscheck.training.suite import label
from crosscheck.training.workers import Onlooker, Workers, started_by_torchrun

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
    @click.option("--dtype", type=click.Choice(options.FLOATS), default="float32", show_default=True)
    @click.option(
        "--mode",
        type=click.Choice(modes.NAMES),
        help="How the framework executes the model.  [default: what is fastest]",
    )
    @options.threads("the framework")
    @click.option(
        "--workers",
        type=options.POSITIVE,
        default=1,
        show_default=True,
        help="That share out every batch: "
        + (
            "processes of this machine; torchrun starts those of several."
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
        chosen = replace(chosen, epochs=epochs or chosen.epochs, batch_size=batch_size or chosen.batch_size)
        number, started = started_by_torchrun() if side == "torch" else (0, 1)
        if number:
            console.be_silent()  # the first worker speaks for all
        team = Workers(max(workers, started), number, 1 if side == "torch" else workers, not local_batch_norm)
        mode = mode or modes.for_training(side, backend, device, chosen.batch_size, team.count)
        modes.require(side, backend, device, mode, team.count)
        name = f"{recipe.replace('/', '-')}-{label(side, backend)}-seed{seed}"
        path = out or Path("runs") / name
        folder = Onlooker(path) if number else RunFolder(path)
        folder.require_ready(resume)  # known before anything slow is begun
        images = dataset.load(data)
        team.require(chosen.batch_size, len(images.train))
        if side == "torch" and team.count > started:
            if started > 1:
                raise CrosscheckError(f"--workers {workers}, but torchrun has started {started}")
            launch.together(team.count, launch.this_command(), _more(folder))
        threads = threads or default_threads(processes=started)
        # Before the framework is imported: it reads these when it starts.
        os.environ.update(framework_environment(backend, device, threads, team.local))
        with console.quiet_start():
            adapter = importlib.import_module(f"{side}_impl.adapter")
            trainer = importlib.import_module(f"{side}_impl.training").Trainer
            if team.count > 1:
                parallel = importlib.import_module(f"{side}_impl.parallel")
                parallel.start(team, device)
                trainer = parallel.trainer_class(team)
            adapter.configure(device, mode)
        settings = loop.Settings(
            side=side,
            backend=backend,
            device=device,
            dtype=dtype,
            mode=mode,
            threads=threads,
            workers=team.count,
            synchronized=team.synchronized,
            data=data,
            seed=seed,
            framework=adapter.settings(),
        )
        with ended_in_order(folder, team):
            loop.train(trainer, chosen, settings, images, folder, resume)
        if team.count > 1:
            parallel.end()
        console.say(f"The run is in {folder.path}.")

    return train


@contextmanager
def ended_in_order(folder: RunFolder, workers: Workers) -> Iterator[None]:
    """Say how a run that broke off is gone on with."""
    launched = launch.LAUNCHED in os.environ  # then the process that launched this one says it

    def another_died(*_: object) -> NoReturn:
        raise WorkerError("another worker has died")

    if workers.count > workers.local:  # torchrun ends all workers when one has died
        signal.signal(signal.SIGTERM, another_died)
    try:
        yield
    except KeyboardInterrupt:
        if not launched:
            console.note(f"Interrupted. {_more(folder)}.")
        raise SystemExit(console.INTERRUPTED) from None
    except WorkerError as error:  # whichever worker sees it says it
        if launched:
            raise SystemExit(launch.LEFT_ALONE) from None
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        console.be_silent(False)
        console.fail(f"worker {workers.number + 1} of {workers.count}: {error}; {_more(folder)}")


def _more(folder: RunFolder) -> str:
    return f"--resume goes on after the last whole epoch in {folder.path}"


def _backend_option(side: str) -> Callable[[F], F]:
    return options.backend if side == "keras" else lambda function: function
