"""The command `crosscheck convert`."""

from pathlib import Path

import click

from crosscheck import checkpoint, console, options
from crosscheck.errors import CrosscheckError
from crosscheck.ports import factory
from crosscheck.ports import inputs as given
from crosscheck.ports import options as port_options
from crosscheck.ports.complaints import in_one_line
from crosscheck.ports.conversion import OTHER, SUFFIXES, Conversion, require_suffix
from crosscheck.ports.figures import figure
from crosscheck.ports.mapping import save_map
from crosscheck.sides import open_sides


@click.command(
    "convert",
    short_help="Put the weights of one model into its port, and write them.",
)
@click.argument("torch", metavar="TORCH.py:FUNCTION")
@click.argument("keras", metavar="KERAS.py:FUNCTION")
@port_options.inputs
@click.option(
    "--from", "origin", type=click.Choice(tuple(SUFFIXES)), required=True, help="Whose weights are taken."
)
@click.option(
    "--weights",
    type=options.A_FILE,
    help="Of that side: .pt, .pth or .safetensors; .weights.h5, .keras or .safetensors.  "
    "[default: those that its function made]",
)
@click.option(
    "--out",
    type=options.A_FILE,
    required=True,
    help="For the other side: .pt, .pth or .safetensors; .weights.h5, .keras or .safetensors.",
)
@click.option(
    "--dtype", type=click.Choice(options.FLOATS), default="float32", show_default=True, help="Of the file."
)
@port_options.known_pairs
@port_options.save_pairs
@options.seed("the inputs")
@options.backend
@click.option("--force", is_flag=True, help="Write, though outputs differ or tensors have no counterpart.")
@console.user_command
def convert_command(
    torch: str,
    keras: str,
    specifications: tuple[str, ...],
    origin: str,
    weights: Path | None,
    out: Path,
    dtype: str,
    mapping: Path | None,
    saved: Path | None,
    seed: int,
    backend: str,
    force: bool,
) -> None:
    """Put the weights of one model into the other, check that both give the same, and write them.

    The functions return the models. Which layer is which is found as by `crosscheck compare`. Files of
    weights are only read as tensors; no code in them is run.

    \b
    Example:
      crosscheck convert my_torch.py:build my_keras.py:build --input 2x3x32x32 \\
        --from torch --weights trained.pt --out trained.weights.h5

    Exit status: 0 written, 1 not written, for the outputs differ, 2 they could not be converted,
    130 interrupted.
    """
    target = OTHER[origin]
    require_suffix(out, target, "--out")
    checkpoint.require_writable(out, saved)
    if weights:
        require_suffix(weights, origin, "--weights")
        if not weights.is_file():
            raise CrosscheckError(f"{weights}: there is no such file")
    factory.require_source(torch, keras)
    made_of = (torch, keras, *specifications, str(weights or ""), str(mapping or ""))
    factory.require_apart({"--out": out, "--save-map": saved}, *made_of)
    arrays = given.read(specifications, seed)
    pairs = given.pairs(mapping)
    with open_sides(backend) as sides, console.err.status("building both models"):
        try:
            models = Conversion(sides, torch, keras, arrays, origin, weights, dtype, pairs)
            if saved:
                save_map(saved, models.pairing)
            _require_counterparts(models, force)
            errors = models.errors()
            equal = models.equal(errors)
            left = models.left()
            count = models.write(out) if equal or force else 0
        except CrosscheckError as error:
            raise in_one_line(error) from None
    worst = figure(max(errors, default=0.0))
    if not equal:
        console.say(f"With the converted weights the outputs differ: they are {worst} apart.")
        console.say("Run `crosscheck compare` with the same models and input: it says where, and why.")
        if not force:
            console.say(f"Nothing was written to {out}.")
            raise SystemExit(1)
    else:
        console.say(f"With the converted weights the outputs agree to {worst}.")
    console.say(f"{out}: {count} tensors of the {target} model, {dtype}, from {weights or origin}.")
    if left:
        console.say(f"As the {target} model's own function made them: {', '.join(left)}.")


def _require_counterparts(models: Conversion, force: bool) -> None:
    alone = models.alone()
    text = "; ".join(f"in {side} {', '.join(names)}" for side, names in alone.items())
    if alone and not force:
        raise CrosscheckError(f"without a counterpart or not used: {text} (--force leaves these as they are)")
    if alone:
        console.say(f"Left as they are, without a counterpart or not used: {text}.")
