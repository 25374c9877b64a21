"""Images a second of the article's own training loop and of ours, measured side by side.

python scripts/bench.py --recipe split_linear/control --rounds 3    (about three minutes on two cores)
"""

import json
from pathlib import Path
from statistics import median

import click

from crosscheck import checkpoint, console, options
from crosscheck.environment import machine, revision, versions
from crosscheck.training import bench


@click.command(context_settings=options.CONTEXT)
@click.option("--recipe", default="split_linear/control", show_default=True)
@click.option("--rounds", type=options.POSITIVE, default=3, show_default=True)
@click.option("--images", type=click.IntRange(min=100), default=8_000, show_default=True)
@options.json_file("the figures")
@console.user_command
def main(recipe: str, rounds: int, images: int, file: Path | None) -> None:
    """Images a second of the article's own training loop and of ours, measured in turns.

    Each measurement has a process of its own and all cores; the median of the rounds counts.

    \b
    Example:
      python scripts/bench.py --recipe split_linear/control --rounds 3
    """
    checkpoint.require_writable(file)
    images = bench.usable(recipe, images)
    speeds: dict[str, list[float]] = {name: [] for name in bench.SUBJECTS}
    with console.progress() as bar:
        task = bar.add_task("measuring", total=rounds * len(speeds))
        for _ in range(rounds):
            for name, values in speeds.items():
                values.append(bench.measure_apart(name, recipe, images))
                bar.advance(task)
    base = median(next(iter(speeds.values())))
    for name, values in speeds.items():
        middle, each = median(values), ", ".join(f"{value:,.0f}" for value in values)
        console.say(f"{name:28}{middle:>8,.0f} images/s {middle / base:>6.2f}x  ({each})")
    if file:
        command = f"python scripts/bench.py --recipe {recipe} --rounds {rounds} --images {images}"
        facts = {"command": command, "recipe": recipe, "images": images, "versions": versions()}
        facts |= {"machine": machine(), "revision": revision()}
        checkpoint.write_text(file, json.dumps({**facts, "images_per_second": speeds}, indent=1) + "\n")


if __name__ == "__main__":
    main()
