"""The command `crosscheck suite`."""

from pathlib import Path

import click

from crosscheck import checkpoint, console
from crosscheck.data import dataset
from crosscheck.environment import BACKENDS, DEVICES
from crosscheck.training import suite


@click.command(
    "suite",
    context_settings={"help_option_names": ["-h", "--help"]},
    short_help="Train every run behind a table.",
)
@click.argument("name")
@click.option("--data", required=True, metavar="WHAT", help='"cifar10", "generated", or a path of CIFAR-10.')
@click.option(
    "--seeds", type=click.IntRange(min=1), default=3, show_default=True, help="Runs of each recipe."
)
@click.option(
    "--backend", type=click.Choice(BACKENDS), default="tensorflow", show_default=True, help="Of Keras."
)
@click.option("--device", type=click.Choice(DEVICES), default="cpu", show_default=True)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Runs at a time; on a CPU as many as there are cores take the least time altogether.",
)
@click.option(
    "--workers", type=click.IntRange(min=1), default=1, show_default=True, help="That share out each batch."
)
@click.option(
    "--threads", type=click.IntRange(min=1), help="CPU threads of each run.  [default: the cores, shared out]"
)
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the runs.  [default: runs/NAME]")
@click.option(
    "--json",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where the results are written, after every run.",
)
@console.user_command
def suite_command(
    name: str,
    data: str,
    seeds: int,
    backend: str,
    device: str,
    jobs: int,
    workers: int,
    threads: int | None,
    out: Path | None,
    file: Path | None,
) -> None:
    """Train every run behind a table of an article, in both frameworks.

    It can be stopped at any time; the same command goes on where it was.

    \b
    Example:
      crosscheck suite article_000 --data cifar10 --seeds 3 --json results/article_000.json

    Exit status: 0 all trained, 2 something is wrong, 130 interrupted.
    """
    runs = suite.plan(name, (("torch", "torch"), ("keras", backend)), seeds, out or Path("runs") / name)
    sha256 = dataset.load(data).sha256  # decoded here, once; any complaint comes before the first run
    if file:
        checkpoint.require_writable(file)

    def keep() -> None:
        if file:
            suite.write(file, name, runs, sha256)

    def execute(run: suite.Run) -> None:
        number = runs.index(run) + 1
        console.note(f"run {number} of {len(runs)}: {run.recipe.name} {run.side} seed {run.seed}")
        suite.execute(run, data, device, threads, workers, jobs)

    console.end_when_told()
    keep()
    try:
        suite.execute_all([run for run in runs if not run.finished(sha256)], jobs, execute, keep)
    except KeyboardInterrupt:
        console.note("The suite goes on from there when the same command is given again.")
        raise
    console.say(f"{len(runs)} runs are done." + (f" Results: {file}" if file else ""))
