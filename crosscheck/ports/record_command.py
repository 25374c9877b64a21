"""The command `crosscheck record`, and what `crosscheck compare` does with traces."""

import json
from pathlib import Path

import click
import numpy as np
from rich.markup import escape
from rich.table import Table

from crosscheck import checkpoint, console, options
from crosscheck.errors import CrosscheckError
from crosscheck.ports import factory, trace_file
from crosscheck.ports import inputs as given
from crosscheck.ports import options as port_options
from crosscheck.ports.complaints import in_one_line
from crosscheck.ports.figures import figure
from crosscheck.ports.mapping import save_map
from crosscheck.ports.recording import OTHER, open_side, record, record_after
from crosscheck.ports.traces import TraceReport, compare_recordings, compare_with_live


@click.command(
    "record",
    short_help="Run one model and write down what it does, to be compared elsewhere.",
)
@click.argument("source", metavar="SOURCE.py:FUNCTION")
@click.option("--side", type=click.Choice(tuple(OTHER)), required=True, help="Whose model it is.")
@port_options.inputs
@click.option("--out", type=options.A_FILE, required=True, help="The trace, a file .safetensors.")
@click.option(
    "--weights-of",
    "other",
    type=options.A_FILE,
    help="Inputs and weights of this trace of the other framework.",
)
@click.option("--own-weights", is_flag=True, help="Keep the weights that the function made.")
@click.option(
    "--dtype",
    type=click.Choice(options.FLOATS),
    help="[default: float64, or that of --weights-of]",
)
@port_options.known_pairs
@options.seed("weights and inputs")
@options.backend
@options.threads("the framework")
@console.user_command
def record_command(
    source: str,
    side: str,
    specifications: tuple[str, ...],
    out: Path,
    other: Path | None,
    own_weights: bool,
    dtype: str | None,
    mapping: Path | None,
    seed: int,
    backend: str,
    threads: int | None,
) -> None:
    """Run one model in evaluation mode and write down every tensor on the way, for `crosscheck compare`.

    The other framework need not be on this machine. Weights as after training are drawn, unless
    --own-weights; the second model takes weights and inputs from the trace of the first with --weights-of.
    A trace holds the model's weights.

    \b
    Example:
      crosscheck record my_torch.py:build --side torch --input 2x3x32x32 --out torch.safetensors
      crosscheck record my_keras.py:build --side keras --weights-of torch.safetensors --out keras.safetensors
      crosscheck compare torch.safetensors keras.safetensors

    Exit status: 0 written, 2 it could not be recorded, 130 interrupted.
    """
    trace_file.require_suffix(out)
    checkpoint.require_writable(out)
    if other and (specifications or own_weights):
        raise CrosscheckError("--weights-of gives inputs and weights: leave out --input and --own-weights")
    factory.require_apart({"--out": out}, source, str(other or ""), str(mapping or ""))
    first = trace_file.read(other) if other else None
    if first and first.side == side:
        raise CrosscheckError(f"--weights-of {other}: is a trace of {side}, too; give one of {OTHER[side]}")
    arrays = [] if first else given.read(specifications, seed)
    pairs = given.pairs(mapping)
    factory.require_source(source)
    used = backend if side == "keras" else ""
    with open_side(side, backend, threads) as process, console.err.status("running the model"):
        try:
            if first:
                wanted = dtype or str(first.facts["dtype"])
                found = record_after(process, source, first, wanted, used, pairs)[0]
            else:
                drawn = None if own_weights else seed
                found = record(process, source, arrays, dtype or "float64", drawn, used)
        except CrosscheckError as error:
            raise in_one_line(error) from None
    trace_file.save(out, found)
    console.say(
        f"{out}: {len(found.values)} tensors of {len(found.program.nodes)} steps, "
        f"{len(found.weights)} weights ({found.facts['weights']}), {found.facts['dtype']}."
    )


def compare_traces(
    torch: str,
    keras: str,
    mapping: Path | None = None,
    saved: Path | None = None,
    file: Path | None = None,
    everything: bool = False,
    mixed: bool = False,
    backend: str = "tensorflow",
) -> None:
    """What `crosscheck compare` does where an argument is a trace: print a report, and end with its status.

    Args:
        torch: a trace, or a source.
        keras: the same; one of them is a trace.
        mapping: file of pairs that are known.
        saved: where the pairs are written.
        file: where the report is written as JSON.
        everything: whether every place is shown.
        mixed: whether the runs may be in different modes.
        backend: of a Keras model that is no trace.

    Raises:
        CrosscheckError: they cannot be compared.
    """
    checkpoint.require_writable(file, saved)
    traces = [trace_file.read(Path(text)) for text in (torch, keras) if trace_file.is_trace(text)]
    pairs = given.pairs(mapping)
    if len(traces) == 2:
        one, two = sorted(traces, key=lambda trace: trace.side, reverse=True)
        report, ports = compare_recordings(one, two, pairs, mixed)
    else:
        source = keras if trace_file.is_trace(torch) else torch
        factory.require_source(source)
        with (
            open_side(OTHER[traces[0].side], backend) as process,
            console.err.status("building the model"),
        ):
            try:
                report, ports = compare_with_live(process, source, traces[0], pairs, mixed)
            except CrosscheckError as error:
                raise in_one_line(error) from None
    if saved:
        save_map(saved, ports.pairing)
    if file:
        checkpoint.write_text(file, json.dumps(report.as_json(), indent=1) + "\n")
    console.out.print(_table(report, everything))
    console.say("")
    for line in report.lines():
        console.say(line)
    if not report.equal:
        raise SystemExit(1)


def _table(report: TraceReport, everything: bool) -> Table:
    shown = Table(box=None, pad_edge=False, header_style="bold")
    shown.add_column("torch <-> keras", overflow="fold")
    live = any(not np.isnan(parted.own) for parted in report.comparison.parted if parted.place.pair)
    for column in ("here", *(["born here"] if live else [])):
        shown.add_column(column, justify="right", no_wrap=True)
    first = [id(parted) for parted in report.apart[:1]]
    for parted in report.comparison.parted:
        if everything or id(parted) in first or parted.place.pair is None:
            colour = "green" if parted.accumulated <= report.limit else "red"
            cells = [figure(parted.accumulated)]
            cells += (["-"] if np.isnan(parted.own) else [figure(parted.own)]) if live else []
            shown.add_row(f"[{colour}]{escape(str(parted.place))}[/]", *cells)
    return shown
