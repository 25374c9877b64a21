"""The command `crosscheck compare`."""

import json
from pathlib import Path

import click
import numpy as np
from rich.markup import escape
from rich.table import Table

from crosscheck import checkpoint, console
from crosscheck.environment import BACKENDS
from crosscheck.ports import inputs as given
from crosscheck.ports.comparison import Comparison, Ports
from crosscheck.ports.divergence import TOLERANCE
from crosscheck.ports.report import examine
from crosscheck.sides import open_sides


@click.command(
    "compare",
    context_settings={"help_option_names": ["-h", "--help"]},
    short_help="Find where a port departs from its original, and why.",
)
@click.argument("torch", metavar="TORCH.py:FUNCTION")
@click.argument("keras", metavar="KERAS.py:FUNCTION")
@click.option(
    "--input",
    "specifications",
    multiple=True,
    metavar="WHAT",
    help=f"As PyTorch sees it, once for each input: {given.EXAMPLES}.",
)
@click.option(
    "--map",
    "mapping",
    type=click.Path(dir_okay=False, path_type=Path),
    help="JSON: the Keras path of PyTorch layers, where that is not clear.",
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of weights and inputs."
)
@click.option(
    "--backend", type=click.Choice(BACKENDS), default="tensorflow", show_default=True, help="Of Keras."
)
@click.option("--json", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write what was found.")
@click.option("--all", "everything", is_flag=True, help="Show every layer, not only where an error is born.")
@console.user_command
def compare_command(
    torch: str,
    keras: str,
    specifications: tuple[str, ...],
    mapping: Path | None,
    seed: int,
    backend: str,
    file: Path | None,
    everything: bool,
) -> None:
    """Compare a PyTorch model and a Keras model layer by layer, in evaluation mode and float64.

    The functions return the models. Weights as after training are drawn and put into both; which
    layer is which is found from the flow of data. Where an error is born, hypotheses are tried until one
    explains it.

    \b
    Example:
      crosscheck compare my_torch.py:build my_keras.py:build --input 2x3x32x32

    Exit status: 0 equal, 1 different, 2 they could not be compared, 130 interrupted.
    """
    if file:
        checkpoint.require_writable(file)
    arrays = given.read(specifications, seed)
    with open_sides(backend) as sides, console.err.status("building both models"):
        ports = Ports(sides, torch, keras, arrays, seed, given.pairs(mapping))
        report = examine(ports)
    console.out.print(_table(report.comparison, everything))
    console.say("")
    for line in report.lines():
        console.say(line)
    if file:
        checkpoint.write_text(file, json.dumps(report.as_json(), indent=1) + "\n")
    if not report.equal:
        raise SystemExit(1)


def _table(comparison: Comparison, everything: bool) -> Table:
    shown = Table(box=None, pad_edge=False, header_style="bold")
    shown.add_column("torch <-> keras", overflow="fold")
    for column in ("here", "born here"):
        shown.add_column(column, justify="right", no_wrap=True)
    for parted in comparison.parted:
        if everything or parted.at_fault or parted.place.pair is None:
            colour = "red" if parted.at_fault else "green" if parted.accumulated <= TOLERANCE else "yellow"
            cells = (f"{parted.accumulated:.1e}", "-" if np.isnan(parted.own) else f"{parted.own:.1e}")
            shown.add_row(f"[{colour}]{escape(str(parted.place))}[/]", *cells)
    return shown
