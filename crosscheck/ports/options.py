"""Options that the commands for users' own models have in common."""

import click

from crosscheck.options import A_FILE
from crosscheck.ports.inputs import EXAMPLES

inputs = click.option(
    "--input",
    "specifications",
    multiple=True,
    metavar="WHAT",
    help=f"As PyTorch sees it, once for each input: {EXAMPLES}.",
)
known_pairs = click.option(
    "--map", "mapping", type=A_FILE, help="JSON: the Keras path of PyTorch layers, where that is not clear."
)
save_pairs = click.option("--save-map", "saved", type=A_FILE, help="Write which layer is which, for --map.")
