"""The command `crosscheck compare`."""

import json
from pathlib import Path
from typing import Any

import click
import numpy as np
from rich.markup import escape
from rich.table import Table

from crosscheck import checkpoint, console
from crosscheck.environment import BACKENDS
from crosscheck.ports import inputs as given
from crosscheck.ports.comparison import Comparison, Ports
from crosscheck.ports.diagnosis import Cause, diagnose
from crosscheck.ports.divergence import TOLERANCE, Parted
from crosscheck.sides import open_sides

Findings = list[tuple[Parted, Cause | None]]
NAMED = 3  # places with the same cause that are named


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
        comparison = ports.compare()
        faults = [(parted, diagnose(ports, parted)) for parted in comparison.parted if parted.at_fault]
    console.out.print(_table(comparison, everything))
    console.say("")
    for line in (*said(comparison, faults), *alone(comparison)):
        console.say(line)
    if file:
        checkpoint.write_text(file, json.dumps(as_json(comparison, faults), indent=1) + "\n")
    if not comparison.equal:
        raise SystemExit(1)


def said(comparison: Comparison, faults: Findings) -> list[str]:
    """The verdict, in lines."""
    worst = max(comparison.outputs)
    if comparison.equal:
        return [f"Equal: the outputs agree to {worst:.1e}, through {len(comparison.pairs)} pairs of layers."]
    lines = [f"Different: the outputs are {_figure(worst)} apart."]
    for number, (parted, cause, more) in enumerate(_grouped(faults)):
        begin = "First divergence" if number == 0 else "Also"
        why = str(cause) if cause else f"{unexplained(parted)}; {evidence(parted)}"
        again = f" The same at {len(more)} more places: {', '.join(more[:NAMED])}" if more else ""
        lines.append(f"{begin}: {parted.place}: {why}.{again}{' ...' if len(more) > NAMED else ''}")
    if not faults:
        lines.append("No single layer is at fault: the error is below the limit at each, and adds up.")
    return lines


def alone(comparison: Comparison) -> list[str]:
    """Tensors that only one of the models holds: another number of parameters, even if nothing shows yet."""
    lines = []
    for side in ("torch", "keras"):
        names = [
            f"{getattr(pair, side).path} ({role})"
            for pair in comparison.pairs
            for role, owner in pair.alone().items()
            if owner == side
        ]
        if names:
            more = " ..." if len(names) > NAMED else ""
            lines.append(
                f"Only {side} holds {len(names)} tensors, among them {', '.join(names[:NAMED])}{more}."
            )
    return lines


def _grouped(faults: Findings) -> list[tuple[Parted, Cause | None, list[str]]]:
    """Each cause once, with the other places where it is the same."""
    found: dict[str, tuple[Parted, Cause | None, list[str]]] = {}
    for parted, cause in faults:
        key = "; ".join(h.text for h in cause.hypotheses) if cause else str(parted.place)
        if key in found:
            found[key][2].append(parted.place.pair.torch.path if parted.place.pair else str(parted.place))
        else:
            found[key] = parted, cause, []
    return list(found.values())


def unexplained(parted: Parted) -> str:
    """Why no cause is named: none was found, or none could be looked for."""
    if parted.alone is None:
        return "whether the error is born there cannot be told: what keras does could not be repeated alone"
    return "none of the known mistakes explains it"


def evidence(parted: Parted) -> str:
    """What either side does there."""
    does = {
        side: ", ".join(node.kind for node in stretch.nodes) or "nothing"
        for side, stretch in (("torch", parted.place.torch), ("keras", parted.place.keras))
    }
    return f"torch does {does['torch']}; keras does {does['keras']}"


def as_json(comparison: Comparison, faults: Findings) -> dict[str, Any]:
    """Everything, for programs."""
    first = faults[0] if faults else None
    return {
        "verdict": "equal" if comparison.equal else "different",
        "first_divergence": str(first[0].place) if first else None,
        "cause": [h.identifier for h in first[1].hypotheses] if first and first[1] else None,
        "evidence": [
            {
                "place": str(p.place),
                "own": _number(p.own),
                "cause": str(c) if c else None,
                "does": evidence(p),
            }
            for p, c in faults
        ],
        "layers": [
            {"place": str(p.place), "accumulated": _number(p.accumulated), "own": _number(p.own)}
            for p in comparison.parted
        ],
        "outputs": [_number(error) for error in comparison.outputs],
    }


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _figure(value: float) -> str:
    return (
        f"{value:.1e}"
        if np.isfinite(value)
        else "of another shape, or not finite, and so not to be said how far"
    )


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
