"""The command `crosscheck verify`."""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import click

from crosscheck import checkpoint, console, options
from crosscheck.data import dataset
from crosscheck.environment import default_threads
from crosscheck.errors import SideError
from crosscheck.modes import MIXED, MODES, NAMES
from crosscheck.sides import Both, Sides, open_sides
from crosscheck.technique import Case, Technique, technique
from crosscheck.technique import techniques as available
from crosscheck.verification import pool, verify
from crosscheck.verification.limitations import known_here, not_met, summary
from crosscheck.verification.rows import Row, failures
from crosscheck.verification.trajectory import Course

# More pairs of processes take more memory (about 2 GB each) than they save time.
MOST_JOBS = 2


@click.command(
    "verify",
    short_help="Prove that both implementations are equal.",
)
@click.argument("techniques", nargs=-1, metavar="[TECHNIQUE]...")
@click.option(
    "--case",
    "cases",
    multiple=True,
    metavar="NAME",
    help="Only this case, which every technique named must have; may be repeated.",
)
@click.option(
    "--dtype",
    "dtypes",
    type=click.Choice((*options.FLOATS, MIXED)),
    multiple=True,
    help=f"Only this precision; {MIXED} only where it is asked for.",
)
@options.backend
@click.option("--torch-mode", type=click.Choice(MODES["torch"]), help="How PyTorch executes the models.")
@click.option(
    "--keras-mode", type=click.Choice(NAMES), help="How Keras does; which there are depends on --backend."
)
@options.device
@click.option("--steps", type=options.POSITIVE, default=30, show_default=True, help="Of the trajectories.")
@options.some_images("Images of the trajectories")
@options.seed("weights and inputs")
@click.option(
    "--jobs",
    type=options.POSITIVE,
    help=f"Pairs of processes side by side.  [default: one for each core, at most {MOST_JOBS}]",
)
@options.timeout(600)
@options.json_file("every row")
@click.option("--all", "everything", is_flag=True, help="Show every row, not the worst of each kind.")
@console.user_command
def verify_command(
    techniques: tuple[str, ...],
    cases: tuple[str, ...],
    dtypes: tuple[str, ...],
    backend: str,
    torch_mode: str | None,
    keras_mode: str | None,
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

    Exit status: 0 all equal, within rounding, or a known limitation of a framework, 1 something
    differs, 2 it could not be judged, 130 interrupted.
    """
    chosen = select(techniques, cases)
    checkpoint.require_writable(file)
    course = Course(dataset.load(data), steps)
    count = sum(not cases or case.name in cases for found in chosen for case in found.cases)
    wanted = min(jobs or min(default_threads(processes=1), MOST_JOBS), count)
    rows: list[Row] = []
    settings: Both | None = None
    circumstances: dict[str, Any] = {}
    ended: SideError | None = None
    modes = (torch_mode or "", keras_mode or "")
    try:
        with open_pairs(backend, device, timeout, wanted, modes) as pairs, console.progress() as bar:
            task = bar.add_task("", total=None)
            settings = pairs[0].both("adapter:settings")
            circumstances = verify.facts(settings)  # now: of the sources that are about to run
            for row in pool.verify_together(chosen, pairs, dtypes or options.FLOATS, course, cases, seed):
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
        given = {"techniques": [found.name for found in chosen], "cases": cases, "modes": modes, "seed": seed}
        given |= {"data": Path(data).name, "data_sha256": course.dataset.sha256, "steps": steps}
        facts = {**given, **circumstances, "rows": [row.as_json() for row in rows]}
        checkpoint.write_text(file, json.dumps(facts, indent=1) + "\n")
        console.say(f"\nThe rows are in {file}.")
    if ended:
        raise ended
    left_out = verify.without_mode(chosen, cases) if any(modes) else 0
    if not rows or not settings:
        hint = "; a mode is of models that are executed, and here are none" if left_out else ""
        console.fail(f"there was nothing to verify{hint}")
    console.say(f"\n{verify.describe(settings)}")
    if left_out:
        console.say(f"Left out, since no mode changes them: functions, rules, counts; of {left_out} cases.")
    on = ", ".join([f"Keras on {backend}", device, *filter(None, modes)])
    for limitation in not_met(rows, known_here()):
        console.say(f"{limitation.name} was not met: {limitation.what} Known since {limitation.known_since}.")
    if failed:
        console.say(f"{len(failed)} of {len(rows)} checks FAILED ({on}).")
        raise SystemExit(1)
    counted = sum(isinstance(case, Case) and case.counted_only for found in chosen for case in found.cases)
    limited = sum(row.comparison.verdict == "limited" for row in rows)
    for line in summary(rows):
        console.say(line)
    console.say(f"All {len(rows) - limited}{' other' if limited else ''} checks passed ({on}).")
    if counted and not cases:
        console.say(f"{counted} large models were only counted; crosscheck list says which.")


@contextmanager
def open_pairs(
    backend: str, device: str, timeout: float, jobs: int, modes: tuple[str, str]
) -> Iterator[list[Sides]]:
    """Several pairs of both frameworks, started at the same time."""
    threads = max(1, default_threads(processes=2 * jobs))
    with ExitStack() as stack, ThreadPoolExecutor(jobs) as starter:
        waiting = [open_sides(backend, device, threads, timeout, modes) for _ in range(jobs)]
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
