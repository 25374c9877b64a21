"""The command `crosscheck suite`."""

from pathlib import Path

import click

from crosscheck import checkpoint, console, options
from crosscheck.data import dataset
from crosscheck.training import suite, suite_execution, suite_results


@click.command(
    "suite",
    short_help="Train every run behind a table.",
)
@click.argument("name")
@options.real_images
@click.option("--seeds", type=options.POSITIVE, default=3, show_default=True, help="Runs of each recipe.")
@options.backend
@options.device
@click.option(
    "--jobs",
    type=options.POSITIVE,
    default=1,
    show_default=True,
    help="Runs at a time; on a CPU as many as there are cores take the least time altogether.",
)
@click.option(
    "--workers", type=options.POSITIVE, default=1, show_default=True, help="That share out each batch."
)
@options.threads("each worker of a run", "the cores, shared out")
@click.option(
    "--out", type=options.A_FOLDER, help="Folder of the runs.  [default: runs/NAME, on a GPU runs/NAME-cuda]"
)
@options.json_file("the results, after every run; those that it holds already are not trained again")
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
    out = out or Path("runs") / (name if device == "cpu" else f"{name}-{device}")
    runs = suite.plan(name, (("torch", "torch"), ("keras", backend)), seeds, device, out)
    suite.require_workers(runs, workers)
    sha256 = dataset.load(data).sha256  # decoded here, once; any complaint comes before the first run
    checkpoint.require_writable(file)
    there = suite_results.held(file, runs, sha256) if file else {}
    if there:
        console.note(f"{file} holds {len(there)} of the {len(runs)} runs already.")

    def keep() -> None:
        if file:
            suite_results.write(file, name, runs, sha256)

    def execute(run: suite.Run) -> None:
        number = runs.index(run) + 1
        console.note(f"run {number} of {len(runs)}: {run.recipe.name} {run.side} seed {run.seed}")
        suite_execution.execute(run, data, threads, workers, jobs)

    console.end_when_told()
    keep()
    waiting = [run for run in runs if run.identity not in there and not run.finished(sha256)]
    try:
        suite_execution.execute_all(waiting, jobs, execute, keep)
    except KeyboardInterrupt:
        console.note("The suite goes on from there when the same command is given again.")
        raise
    console.say(f"{len(runs)} runs are done." + (f" Results: {file}" if file else ""))
