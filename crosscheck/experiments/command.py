"""The command `crosscheck experiment`."""

from pathlib import Path

import click
from rich import table as rich_table

from crosscheck import checkpoint, console, modes, options
from crosscheck.data import dataset
from crosscheck.experiments import experiment
from crosscheck.experiments.experiment import Cell, Outcome, Setting, Table
from crosscheck.sides import open_sides


@click.command(
    "experiment",
    short_help="Show what a technique does, on both sides.",
)
@click.argument("name")
@options.some_images()
@click.option("--quick", is_flag=True, help="A few seconds: shows that it runs, and proves little.")
@options.seed("everything random")
@options.backend
@options.device
@options.threads("each side", "the cores, shared out")
@click.option(
    "--out",
    type=options.A_FOLDER,
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
    if backend == "torch":
        console.note(f"{modes.PARTLY_FLOAT32}: claims of more digits than that will not hold")
    images = dataset.load(data)
    out.mkdir(parents=True, exist_ok=True)
    checkpoint.require_writable(out / f"{name}.json", out / f"{name}.png")
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


VERDICTS = {True: "holds", False: "DOES NOT HOLD", None: "undecided"}


def show_outcome(question: str, outcome: Outcome) -> None:
    """Print an outcome."""
    console.say(question)
    for table in outcome.tables:
        console.say("")
        console.out.print(_printed(table))
    console.say("")
    for claim in outcome.claims:
        console.say(f"{VERDICTS[claim.holds]}: {claim.text}")


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
