"""The command `crosscheck`."""

from pathlib import Path

import click

from crosscheck import __version__, catalogue, checkpoint, console, options
from crosscheck.experiments.command import experiment_command
from crosscheck.ports.command import compare_command
from crosscheck.ports.convert_command import convert_command
from crosscheck.ports.record_command import record_command
from crosscheck.recipes.recipe import recipes
from crosscheck.technique import techniques as available
from crosscheck.training import suite
from crosscheck.training.suite_command import suite_command
from crosscheck.training.trajectories_command import trajectories_command
from crosscheck.verification.command import verify_command


@click.group(context_settings=options.CONTEXT)
@click.version_option(__version__, "-V", "--version")
def main() -> None:
    """Deep-learning techniques in PyTorch and in Keras 3, proven equal under shared weights.

    \b
    Example:
      crosscheck verify split_linear
    """


@main.command("curves", short_help="Draw the loss curves of training runs.")
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RUN...")
@click.option("--out", type=options.A_FILE, default=Path("curves.png"), show_default=True)
@click.option("--mixed", is_flag=True, help="Also runs of different precision, in one picture.")
@console.user_command
def curves_command(runs: tuple[Path, ...], out: Path, mixed: bool) -> None:
    """Draw the loss curves of several training runs in one picture.

    \b
    Example:
      crosscheck curves runs/torch runs/keras --out curves.png
    """
    # Here and not above: it takes a second to load, which the other commands need not wait for.
    from crosscheck.training import curves

    checkpoint.require_writable(out)
    if not mixed:
        curves.require_alike(runs)
    curves.draw(runs, out)
    console.say(f"The picture is in {out}.")


@main.command("list", short_help="List techniques, cases and recipes.")
@console.user_command
def list_command() -> None:
    """List the techniques with their cases, and the training recipes.

    \b
    Example:
      crosscheck list
    """
    console.out.print(catalogue.table(available().values()))
    console.say(f"suites, for crosscheck suite: {', '.join(suite.SUITES)}")
    console.say("recipes, for scripts/train_torch.py and scripts/train_keras.py:")
    for recipe in recipes().values():
        console.say(f"  {recipe.name}")


main.add_command(verify_command)
main.add_command(suite_command)
main.add_command(trajectories_command)
main.add_command(experiment_command)
main.add_command(compare_command)
main.add_command(convert_command)
main.add_command(record_command)
