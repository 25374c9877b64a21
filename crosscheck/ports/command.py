"""The command `crosscheck compare`."""

import json
from pathlib import Path

import click
import numpy as np
from rich.markup import escape
from rich.table import Table

from crosscheck import checkpoint, console, options
from crosscheck.environment import versions
from crosscheck.errors import CrosscheckError
from crosscheck.ports import factory, page, stages
from crosscheck.ports import inputs as given
from crosscheck.ports import options as port_options
from crosscheck.ports.causes import require_known
from crosscheck.ports.comparison import Comparison
from crosscheck.ports.divergence import TOLERANCE
from crosscheck.ports.judgement import STEPS, Judgement, Question, judge
from crosscheck.ports.mapping import save_map
from crosscheck.ports.pairing import Pairing
from crosscheck.ports.record_command import compare_traces
from crosscheck.ports.trace_file import is_trace
from crosscheck.sides import open_sides


@click.command(
    "compare",
    short_help="Find where a port departs from its original, and why.",
)
@click.argument("torch", metavar="TORCH.py:FUNCTION")
@click.argument("keras", metavar="KERAS.py:FUNCTION")
@port_options.inputs
@click.option(
    "--target",
    metavar="WHAT",
    help="Of the loss, as PyTorch sees it: 8:int64:0..9. Some steps of training are compared, too.",
)
@click.option(
    "--steps",
    type=options.POSITIVE,
    default=STEPS,
    show_default=True,
    help="Of training, with --target.",
)
@port_options.known_pairs
@port_options.save_pairs
@options.seed("weights and inputs")
@click.option("--keep-weights", is_flag=True, help="Compare the models with the weights that they come with.")
@options.backend
@options.device
@options.json_file("what was found")
@click.option(
    "--html", "html", type=options.A_FILE, help="Write what was found, as one page to read or send."
)
@click.option(
    "--allow-mixed", "mixed", is_flag=True, help="Compare traces though their dtypes or TF32 differ."
)
@click.option(
    "--fix-and-continue/--first-only",
    "on",
    default=True,
    show_default=True,
    help="Go on behind the first divergence as if it were mended, or stop there.",
)
@click.option(
    "--accept",
    "accepted",
    multiple=True,
    metavar="CAUSE",
    help="A cause that is no failure, such as adam.epsilon_placement: shown; the status is 0 without others.",
)
@click.option("--all", "everything", is_flag=True, help="Show every layer, not only where an error is born.")
@console.user_command
def compare_command(
    torch: str,
    keras: str,
    specifications: tuple[str, ...],
    target: str | None,
    steps: int,
    mapping: Path | None,
    saved: Path | None,
    seed: int,
    keep_weights: bool,
    backend: str,
    device: str,
    file: Path | None,
    html: Path | None,
    on: bool,
    accepted: tuple[str, ...],
    everything: bool,
    mixed: bool,
) -> None:
    """Compare a PyTorch model and a Keras model layer by layer, in evaluation mode and float64.

    The functions return the models. Weights as after training are drawn and put into both; which
    layer is which is found from the flow of data. Where an error is born, hypotheses are tried until one
    explains it. Where none is, training mode and gradients are compared as well.

    With --target, steps of training are compared after that. Both functions then return
    (model, optimizer, loss), or a dictionary with "model", "optimizer", "loss" and, in PyTorch, "scheduler",
    "clip_norm", "clip_value"; the Keras model may be a compiled one instead.

    \b
    Example:
      crosscheck compare my_torch.py:build my_keras.py:build --input 2x3x32x32
      crosscheck compare a.py:net b.py:net --input 4x11:int64:0..29 --html found.html --json found.json
      crosscheck compare a.py:net b.py:net --input 8x3x32x32 --target 8:int64:0..9 --steps 10

    In place of either a trace may be given, a file .safetensors that `crosscheck record` wrote.

    Exit status: 0 equal, 1 different, 2 they could not be compared, 130 interrupted.
    """
    require_known(accepted, "--accept")
    if accepted and not on:
        raise CrosscheckError("--accept needs every cause: leave out --first-only")
    results = {"--json": file, "--html": html, "--save-map": saved}
    factory.require_apart(results, torch, keras, *specifications, str(mapping or ""))
    if is_trace(torch) or is_trace(keras):
        own = {"--target": target, "--input": specifications, "--keep-weights": keep_weights}
        for option in [option for option, given_there in own.items() if given_there]:
            raise CrosscheckError(f"a trace has its own inputs and weights: leave out {option}")
        for option in [option for option, wanted in {"--html": html, "--accept": accepted}.items() if wanted]:
            raise CrosscheckError(f"no cause is tried on a trace: leave out {option}, or give both models")
        compare_traces(torch, keras, mapping, saved, file, everything, mixed, backend)
        return
    told = click.get_current_context().get_parameter_source("steps")
    if target is None and told is click.core.ParameterSource.COMMANDLINE:
        raise CrosscheckError("--steps is of training: say with --target what the loss is taken against")
    checkpoint.require_writable(file, html, saved)
    factory.require_source(torch, keras)
    question = Question(
        torch,
        keras,
        given.read(specifications, seed),
        given.one(target, seed, "--target") if target else None,
        steps,
        given.pairs(mapping),
        seed,
        keep_weights,
        not on,
    )
    with (
        console.err.status(stages.STARTING) as status,
        open_sides(backend, device) as sides,
        stages.told(sides, status.update),
    ):
        found = judge(sides, question)
    if saved:
        save_map(saved, Pairing(found.report.comparison.pairs))
    facts = {
        "inputs": ", ".join(specifications),
        **({"target": f"{target}, {steps} steps"} if target else {}),
        "weights": "as they came" if keep_weights else f"drawn, seed {seed}",
        "backend of Keras": backend,
        "device": device,
        **({"accepted": ", ".join(accepted)} if accepted else {}),
    }
    if file:
        more = {"limit": TOLERANCE, "given": facts, "accepted": list(accepted), "versions": versions()}
        checkpoint.write_text(file, json.dumps(found.as_json() | more, indent=1) + "\n")
    if html:
        checkpoint.write_text(html, page.written(found, torch, keras, facts))
        console.note(f"The page is in {html}.")
    _show(found, everything)  # last: whoever reads it may have had enough before its end
    if not found.equal and found.only(accepted):
        console.say(f"Accepted: {', '.join(accepted)}.")
        if not found.report.comparison.equal:
            console.say("Training mode was not compared: the models differ without it.")
        if not found.whole:
            raise SystemExit(2)
    elif not found.equal or not found.whole:
        raise SystemExit(1 if not found.equal else 2)


def _show(found: Judgement, everything: bool) -> None:
    console.out.print(_table(found.report.comparison, everything))
    console.say("")
    for line in found.lines():
        console.say(line)


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
