"""The command `crosscheck`."""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click

from crosscheck import __version__, catalogue, checkpoint, console
from crosscheck.data import dataset
from crosscheck.environment import BACKENDS, DEVICES, default_threads
from crosscheck.errors import SideError
from crosscheck.experiments.command import experiment_command
from crosscheck.ports.command import compare_command
from crosscheck.ports.convert_command import convert_command
from crosscheck.ports.record_command import record_command
from crosscheck.recipes.recipe import recipes
from crosscheck.sides import Sides, open_sides
from crosscheck.technique import Case, Technique, technique
from crosscheck.technique import techniques as available
from crosscheck.training import suite
from crosscheck.verification import pool, verify
from crosscheck.verification.rows import Row, failures
from crosscheck.verification.trajectory import Course

DTYPES = ("float64", "float32")
# More pairs of processes take more memory (about 2 GB each) than they save time.
MOST_JOBS = 2
CONTEXT = {"help_option_names": ["-h", "--help"]}


@click.group(context_settings=CONTEXT)
@click.version_option(__version__, "-V", "--version")
def main() -> None:
    """Deep-learning techniques in PyTorch and in Keras 3, proven equal under shared weights.

    \b
    Example:
      crosscheck verify split_linear
    """


@main.command("suite", context_settings=CONTEXT, short_help="Train every run behind a table.")
@click.argument("name")
@click.option("--data", required=True, metavar="WHAT", help='"cifar10", "generated", or a path of CIFAR-10.')
@click.option(
    "--seeds", type=click.IntRange(min=1), default=3, show_default=True, help="Runs of each recipe."
)
@click.option(
    "--backend", type=click.Choice(BACKENDS), default="tensorflow", show_default=True, help="Of Keras."
)
@click.option("--device", type=click.Choice(DEVICES), default="cpu", show_default=True)
@click.option("--threads", type=click.IntRange(min=1), help="CPU threads of each run.  [default: all cores]")
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
    for number, run in enumerate(runs, start=1):
        if not run.finished(sha256):
            console.note(f"run {number} of {len(runs)}: {run.recipe.name} {run.side} seed {run.seed}")
            suite.execute(run, data, device, threads)
        if file:
            suite.write(file, name, runs, sha256)
    console.say(f"{len(runs)} runs are done." + (f" Results: {file}" if file else ""))


@main.command("verify", context_settings=CONTEXT, short_help="Prove that both implementations are equal.")
@click.argument("techniques", nargs=-1, metavar="[TECHNIQUE]...")
@click.option(
    "--case",
    "cases",
    multiple=True,
    metavar="NAME",
    help="Only this case, which every technique named must have; may be repeated.",
)
@click.option("--dtype", "dtypes", type=click.Choice(DTYPES), multiple=True, help="Only this precision.")
@click.option(
    "--backend", type=click.Choice(BACKENDS), default="tensorflow", show_default=True, help="Of Keras."
)
@click.option("--device", type=click.Choice(DEVICES), default="cpu", show_default=True)
@click.option(
    "--steps", type=click.IntRange(min=1), default=30, show_default=True, help="Of the trajectories."
)
@click.option(
    "--data",
    default="generated",
    show_default=True,
    metavar="WHAT",
    help='Images of the trajectories: "generated", "cifar10" (downloads it), or the path of CIFAR-10.',
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    help=f"Pairs of processes side by side.  [default: one for each core, at most {MOST_JOBS}]",
)
@click.option(
    "--timeout",
    type=click.FloatRange(1, 86_400),
    default=600,
    show_default=True,
    help="Seconds a call may take.",
)
@click.option(
    "--json", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write every row to this file."
)
@click.option("--all", "everything", is_flag=True, help="Show every row, not the worst of each kind.")
@console.user_command
def verify_command(
    techniques: tuple[str, ...],
    cases: tuple[str, ...],
    dtypes: tuple[str, ...],
    backend: str,
    device: str,
    steps: int,
    data: str,
    seed: int,
    jobs: int | None,
    timeout: float,
    file: Path | None,
    everything: bool,
) -> None:
    """Prove that the PyTorch and the Keras implementation of techniques are equal.

    Without a name, every technique is verified. Each row says how much of its allowance it used.

    \b
    Example:
      crosscheck verify split_linear --backend jax --json rows.json

    Exit status: 0 all equal or within rounding, 1 something differs, 2 it could not be judged,
    130 interrupted.
    """
    chosen = select(techniques, cases)
    if file:  # a place that cannot be written to is better known now than at the end
        checkpoint.require_writable(file)
    course = Course(dataset.load(data), steps)
    count = sum(not cases or case.name in cases for found in chosen for case in found.cases)
    wanted = min(jobs or default_threads(processes=1), MOST_JOBS, count)
    rows: list[Row] = []
    circumstances = ""
    ended: SideError | None = None
    try:
        with open_pairs(backend, device, timeout, wanted) as pairs, console.progress() as bar:
            task = bar.add_task("", total=None)
            circumstances = verify.describe(pairs[0].both("adapter:settings"))
            for row in pool.verify_together(chosen, pairs, dtypes or DTYPES, course, cases, seed):
                rows.append(row)
                bar.update(task, description=f"{row.technique}/{row.case} {row.dtype}", advance=1)
    except SideError as error:  # what was found is still shown; the last row says that it broke off
        ended = error
    failed = failures(rows)
    if rows:
        console.out.print(verify.table(rows, everything, console.out.width))
    for row in failed:
        found = row.comparison
        console.say(f"{row.technique}/{row.case} {row.dtype} {row.check}: {found.verdict} {found.note}")
    if file and rows:
        checkpoint.write_text(file, json.dumps([row.as_json() for row in rows], indent=1) + "\n")
        console.say(f"\nThe rows are in {file}.")
    if ended:
        raise ended
    if not rows:
        console.fail("there was nothing to verify")
    console.say(f"\n{circumstances}")
    on = f"Keras on {backend}, {device}"
    if failed:
        console.say(f"{len(failed)} of {len(rows)} checks FAILED ({on}).")
        raise SystemExit(1)
    counted = sum(isinstance(case, Case) and case.counted_only for found in chosen for case in found.cases)
    console.say(f"All {len(rows)} checks passed ({on}).")
    if counted and not cases:
        console.say(f"{counted} large models were only counted; crosscheck list says which.")


@contextmanager
def open_pairs(backend: str, device: str, timeout: float, jobs: int) -> Iterator[list[Sides]]:
    """Several pairs of both frameworks, started at the same time."""
    threads = max(1, default_threads(processes=2 * jobs))
    with ExitStack() as stack, ThreadPoolExecutor(jobs) as starter:
        waiting = [open_sides(backend, device, threads, timeout) for _ in range(jobs)]
        yield list(starter.map(stack.enter_context, waiting))


def select(names: Sequence[str], cases: Sequence[str]) -> list[Technique]:
    """The techniques of these names (all if there are none), each of which must have one of the cases.

    Raises:
        CrosscheckError: there is no such technique, or none of them has such a case.
    """
    chosen = [technique(name) for name in dict.fromkeys(names or available())]
    having = [t for t in chosen if not cases or any(case.name in cases for case in t.cases)]
    known = {case.name for t in chosen for case in t.cases}
    for name in cases:
        if name not in known:
            chosen[0].case(name)  # says which cases there are
    lacking = [t for t in chosen if t not in having]
    if names and lacking:
        lacking[0].case(cases[0])
    return having


@main.command("curves", context_settings=CONTEXT, short_help="Draw the loss curves of training runs.")
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RUN...")
@click.option("--out", type=click.Path(path_type=Path), default=Path("curves.png"), show_default=True)
@console.user_command
def curves_command(runs: tuple[Path, ...], out: Path) -> None:
    """Draw the loss curves of several training runs in one picture.

    \b
    Example:
      crosscheck curves runs/torch runs/keras --out curves.png
    """
    # Here and not above: it takes a second to load, which the other commands need not wait for.
    from crosscheck.training import curves

    checkpoint.require_writable(out)
    curves.draw(runs, out)
    console.say(f"The picture is in {out}.")


@main.command("list", context_settings=CONTEXT, short_help="List techniques, cases and recipes.")
@console.user_command
def list_command() -> None:
    """List the techniques with their cases, and the training recipes.

    \b
    Example:
      crosscheck list
    """
    console.out.print(catalogue.table(available().values()))
    console.say(f"suites, for crosscheck suite: {', '.join(suite.SUITES)}")
    console.say("recipes, for scripts/train_torch.py and scripts/train_keras.py:")
    for recipe in recipes().values():
        console.say(f"  {recipe.name}")


main.add_command(experiment_command)
main.add_command(compare_command)
main.add_command(convert_command)
main.add_command(record_command)


if __name__ == "__main__":
    main()
