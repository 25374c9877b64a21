"""The command `crosscheck experiment`."""

from pathlib import Path

import click
from rich import table as rich_table

from crosscheck import checkpoint, console
from crosscheck.data import dataset
from crosscheck.environment import BACKENDS, DEVICES
from crosscheck.experiments import experiment
from crosscheck.experiments.experiment import Cell, Outcome, Setting, Table
from crosscheck.sides import open_sides


@click.command(
    "experiment",
    context_settings={"help_option_names": ["-h", "--help"]},
    short_help="Show what a technique does, on both sides.",
)
@click.argument("name")
@click.option(
    "--data",
    default="generated",
    show_default=True,
    metavar="WHAT",
    help='"generated", "cifar10" (downloads it), or the path of CIFAR-10 in any common packaging.',
)
@click.option("--quick", is_flag=True, help="A few seconds: shows that it runs, and proves little.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option(
    "--backend", type=click.Choice(BACKENDS), default="tensorflow", show_default=True, help="Of Keras."
)
@click.option("--device", type=click.Choice(DEVICES), default="cpu", show_default=True)
@click.option("--threads", type=click.IntRange(min=1), help="CPU threads of each side.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("runs") / "experiments",
    show_default=True,
    help="Folder for NAME.json and NAME.png.",
)
@console.user_command
def experiment_command(
    name: str,
    data: str,
    quick: bool,
    seed: int,
    backend: str,
    device: str,
    threads: int | None,
    out: Path,
) -> None:
    """Show on both sides what a technique does, and whether what is claimed for it holds.

    Prints tables and claims, and writes all of it to NAME.json with a picture beside it. A claim in
    which the frameworks must agree decides the exit status; an article's opinion does not.

    \b
    Example:
      crosscheck experiment gradient_clipping --quick

    Exit status: 0 done, 1 something that must hold does not, 2 it could not be done, 130 interrupted.
    """
    found = experiment.experiment(name)
    images = dataset.load(data)
    out.mkdir(parents=True, exist_ok=True)
    for suffix in ("json", "png"):
        checkpoint.require_writable(out / f"{name}.{suffix}")
    with open_sides(backend, device, threads) as sides, console.err.status("") as status:

        def note(text: str) -> None:
            status.update(f"{name}: {text}")
            if not console.err.is_terminal:
                console.note(f"{name}: {text}")

        setting = Setting(sides, images, quick, seed, note)
        outcome = found.run(setting)
        experiment.write(found, outcome, setting, sides.both("adapter:settings")._asdict(), out)
    show_outcome(found.question, outcome)
    console.say(f"\nData and picture: {out / name}.json, {out / name}.png")
    if not outcome.sound:
        raise SystemExit(1)


def show_outcome(question: str, outcome: Outcome) -> None:
    """Print an outcome."""
    console.say(question)
    for table in outcome.tables:
        console.say("")
        console.out.print(_printed(table))
    console.say("")
    for claim in outcome.claims:
        console.say(f"{'holds' if claim.holds else 'DOES NOT HOLD'}: {claim.text}")


LONGEST_NAME = 28


def _printed(table: Table) -> rich_table.Table:
    printed = rich_table.Table(
        title=table.title, title_justify="left", box=None, pad_edge=False, header_style="bold"
    )
    for number, (column, cells) in enumerate(zip(table.columns, zip(*table.rows, strict=True), strict=True)):
        words = any(isinstance(cell, str) for cell in cells)
        # What a row is about stays in one piece, if it is short.
        whole = number == 0 and max(len(shown(cell)) for cell in cells) <= LONGEST_NAME
        printed.add_column(column, justify="left" if words else "right", overflow="fold", no_wrap=whole)
    for row in table.rows:
        printed.add_row(*(shown(cell) for cell in row))
    return printed


def shown(cell: Cell) -> str:
    """A cell as one reads it."""
    if isinstance(cell, str):
        return cell
    return f"{cell:,}" if isinstance(cell, int) else f"{cell:.4g}"
