"""The command `crosscheck`."""

import json
from pathlib import Path

import click

from crosscheck import __version__, checkpoint, console
from crosscheck.data import dataset
from crosscheck.environment import BACKENDS, DEVICES
from crosscheck.recipes.recipe import recipes
from crosscheck.sides import open_sides
from crosscheck.technique import technique
from crosscheck.technique import techniques as available
from crosscheck.training import suite
from crosscheck.verification import verify
from crosscheck.verification.rows import Row, failures
from crosscheck.verification.trajectory import Course

DTYPES = ("float64", "float32")
CONTEXT = {"help_option_names": ["-h", "--help"]}


@click.group(context_settings=CONTEXT)
@click.version_option(__version__, "-V", "--version")
def main() -> None:
    """Deep-learning techniques in PyTorch and in Keras 3, proven equal under shared weights.

    \b
    Example:
      crosscheck verify split_linear
    """


@main.command("suite", context_settings=CONTEXT)
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
    dataset.load(data)  # decoded here, once, and any complaint made before the first run
    for number, run in enumerate(runs, start=1):
        if not run.finished:
            console.note(f"run {number} of {len(runs)}: {run.recipe.name} {run.side} seed {run.seed}")
            suite.execute(run, data, device, threads)
        if file:
            suite.write(file, name, runs)
    console.out.print(f"{len(runs)} runs are done." + (f" Results: {file}" if file else ""), soft_wrap=True)


@main.command("verify", context_settings=CONTEXT)
@click.argument("techniques", nargs=-1, metavar="[TECHNIQUE]...")
@click.option("--case", "cases", multiple=True, metavar="NAME", help="Only this case; may be repeated.")
@click.option("--dtype", "dtypes", type=click.Choice(DTYPES), multiple=True, help="Only this precision.")
@click.option(
    "--backend", type=click.Choice(BACKENDS), default="tensorflow", show_default=True, help="Of Keras."
)
@click.option("--device", type=click.Choice(DEVICES), default="cpu", show_default=True)
@click.option("--steps", type=click.IntRange(min=1), default=30, show_default=True, help="Of a trajectory.")
@click.option("--data", default="generated", show_default=True, metavar="WHAT", help="For trajectories.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option(
    "--timeout", type=click.FloatRange(1), default=600, show_default=True, help="Of a call, in seconds."
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
    timeout: float,
    file: Path | None,
    everything: bool,
) -> None:
    """Prove that the PyTorch and the Keras implementation of techniques are equal.

    Without a name, every technique is verified. Each row says how much of its allowance it used.

    \b
    Example:
      crosscheck verify split_linear --backend jax --json rows.json

    Exit status: 0 all equal or within rounding, 1 something differs, 2 it could not be judged.
    """
    chosen = [technique(name) for name in techniques or available()]
    for name in cases:
        if not any(case.name == name for t in chosen for case in t.cases):
            chosen[0].case(name)  # says which cases there are
    if file:  # a place that cannot be written to is better known now than at the end
        file.parent.mkdir(parents=True, exist_ok=True)
    course = Course(dataset.load(data), steps)
    rows: list[Row] = []
    with open_sides(backend, device, timeout=timeout) as sides, console.progress() as bar:
        task = bar.add_task("", total=None)
        for row in verify.verify(chosen, sides, dtypes or DTYPES, course, cases, seed):
            rows.append(row)
            bar.update(task, description=f"{row.technique}/{row.case} {row.dtype}", advance=1)
        settings = sides.both("adapter:settings")
    if file:
        checkpoint.write_text(file, json.dumps([row.as_json() for row in rows], indent=1) + "\n")
    console.out.print(verify.table(rows, everything))
    failed = failures(rows)
    for row in failed:
        console.out.print(
            f"{row.technique}/{row.case} {row.dtype} {console.escape(row.check)}: "
            f"[red]{row.comparison.verdict}[/] {console.escape(row.comparison.note)}",
            soft_wrap=True,
        )
    on = f"Keras on {backend}, {device}"
    console.out.print(verify.describe(settings), soft_wrap=True)
    if failed:
        console.out.print(f"\n{len(failed)} of {len(rows)} checks FAILED ({on}).")
        raise SystemExit(1)
    console.out.print(f"\nAll {len(rows)} checks passed ({on}).")


@main.command("curves", context_settings=CONTEXT)
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

    curves.draw(runs, out)
    console.out.print(f"The picture is in {out}.", soft_wrap=True)


@main.command("list", context_settings=CONTEXT)
@console.user_command
def list_command() -> None:
    """List the techniques with their cases, and the training recipes.

    \b
    Example:
      crosscheck list
    """
    for found in available().values():
        console.out.print(f"[bold]{found.name}[/]  {found.title}", soft_wrap=True)
        for case in found.cases:
            shape = "x".join(map(str, case.input_shape))
            console.out.print(f"  {case.name:16}{case.expected_count:>10,} parameters, input {shape}")
    console.out.print(
        "[bold]recipes[/]  to be trained with scripts/train_torch.py and scripts/train_keras.py"
    )
    for recipe in recipes().values():
        console.out.print(f"  {recipe.name}")


if __name__ == "__main__":
    main()
