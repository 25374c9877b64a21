"""The command `crosscheck trajectories`."""

from pathlib import Path

import click

from crosscheck import console, options
from crosscheck.data import dataset
from crosscheck.errors import CrosscheckError, SideError
from crosscheck.modes import PARTLY_FLOAT32, for_training
from crosscheck.recipes.recipe import recipe as find_recipe
from crosscheck.recipes.recipe import recipes
from crosscheck.sides import open_sides
from crosscheck.training import trajectories


@click.command(
    "trajectories",
    short_help="Follow the first steps of training in both frameworks.",
)
@click.argument("names", nargs=-1, metavar="[RECIPE]...")
@options.some_images()
@click.option("--steps", type=options.POSITIVE, default=300, show_default=True, help="Of training.")
@options.seed("weights and batches")
@options.backend
@options.device
@options.timeout(3_600)
@click.option(
    "--out",
    type=options.A_FOLDER,
    default=Path("runs") / "trajectories",
    show_default=True,
    help="Folder for RECIPE.json and RECIPE.png.",
)
@console.user_command
def trajectories_command(
    names: tuple[str, ...],
    data: str,
    steps: int,
    seed: int,
    backend: str,
    device: str,
    timeout: float,
    out: Path,
) -> None:
    """Follow the first steps of training in both frameworks: the same weights, the same batches.

    In float64 losses and weights must stay within 1e-12 of each other; in float32 they may be no farther
    apart than four times what a framework is from itself, begun one unit in the last place beside. Biases
    before a batch norm, which rounding alone moves, are left out.

    \b
    Example:
      crosscheck trajectories split_linear/split cifar_cnn/baseline --steps 100

    Exit status: 0 all do, 1 some do not, 2 something is wrong, 130 interrupted.
    """
    if backend == "torch":
        raise CrosscheckError(
            f"{PARTLY_FLOAT32}, so that there is nothing to follow; use --backend tensorflow or jax"
        )
    chosen = [find_recipe(name) for name in names or recipes()]
    images = dataset.load(data)
    failed, broken = False, list[str]()
    for recipe in chosen:
        mode = for_training("keras", backend, device, recipe.batch_size)
        console.note(f"{recipe.name}: {steps} steps of {recipe.batch_size} images in both precisions")
        try:
            with open_sides(backend, device, timeout=timeout, modes=("", mode)) as sides:
                facts = trajectories.follow(recipe, sides, images, steps, seed)
        except SideError as error:  # the other recipes can still be followed
            console.note(f"{recipe.name}: {error}")
            broken.append(recipe.name)
            continue
        trajectories.write(out, facts)
        for dtype in trajectories.DTYPES:
            failed = failed or not facts[dtype]["passed"]
            console.say(f"{recipe.name} {dtype}: {trajectories.told(facts[dtype])}")
    console.say(f"Data and pictures are in {out}.")
    if broken:
        raise CrosscheckError(f"could not be followed: {', '.join(broken)}")
    if failed:
        raise SystemExit(1)
