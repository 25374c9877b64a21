"""Images a second of the article's own training loop and of ours, measured side by side.

python scripts/bench.py --recipe split_linear/control --rounds 3    (about four minutes on two cores)
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import click
import numpy as np

from crosscheck import checkpoint, console
from crosscheck.data import batches, dataset
from crosscheck.environment import framework_environment, machine, versions
from crosscheck.parameters import initial_weights
from crosscheck.recipes.recipe import recipe as find_recipe
from crosscheck.technique import technique

# name, side, Keras' backend
SUBJECTS = {
    "article's loop, 0 workers": ("article", "torch"),
    "article's loop, 2 workers": ("article", "torch"),
    "torch": ("torch", "torch"),
    "keras on tensorflow": ("keras", "tensorflow"),
    "keras on jax": ("keras", "jax"),
}
BASE = "article's loop, 0 workers"


def measure(name: str, recipe_name: str, images: int) -> float:
    """Images a second of one subject, in this process, after as many images to warm up."""
    side, _ = SUBJECTS[name]
    recipe = find_recipe(recipe_name)
    split = dataset.load("generated").train
    weights = initial_weights(dict(technique(recipe.technique).case(recipe.case).parameters), 0)
    order = batches.epoch_order(len(split), 0, 1)[:images]
    if side == "article":
        from torch_impl.article_loop import ArticleLoop

        subject = ArticleLoop(recipe, weights, workers=int(name.split()[2]))
        run = lambda: subject.train(split.images[np.sort(order)], split.labels[np.sort(order)])  # noqa: E731
    else:
        import importlib

        trainer = importlib.import_module(f"{side}_impl.training").Trainer
        steps = images // recipe.batch_size
        subject = trainer(recipe.technique, recipe.case, "float32", recipe.optimizer, weights, steps)
        indices = order.reshape(steps, recipe.batch_size)
        # Gathering and scaling the images is part of the loop, and is measured with it.
        run = lambda: subject.train(*batches.gather(split, indices, recipe.mean, recipe.std))  # noqa: E731
    run()
    began = time.perf_counter()
    run()
    return images / (time.perf_counter() - began)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--recipe", default="split_linear/control", show_default=True)
@click.option("--rounds", type=click.IntRange(min=1), default=3, show_default=True)
@click.option("--images", type=click.IntRange(min=100), default=8_000, show_default=True)
@click.option("--json", "file", type=click.Path(path_type=Path), help="Write the figures to this file.")
@click.option("--only", type=click.Choice(list(SUBJECTS)), hidden=True)
@console.user_command
def main(recipe: str, rounds: int, images: int, file: Path | None, only: str | None) -> None:
    """Images a second of the article's own training loop and of ours, measured in turns.

    Each measurement has a process of its own and all cores; the median of the rounds counts.

    \b
    Example:
      python scripts/bench.py --recipe split_linear/control --rounds 3
    """
    if only:
        with console.quiet_start():
            speed = measure(only, recipe, images)
        print(speed)
        return
    find_recipe(recipe)
    speeds: dict[str, list[float]] = {name: [] for name in SUBJECTS}
    with console.progress() as bar:
        task = bar.add_task("measuring", total=rounds * len(SUBJECTS))
        for _ in range(rounds):
            for name, (_, backend) in SUBJECTS.items():
                command = [
                    sys.executable,
                    __file__,
                    "--recipe",
                    recipe,
                    "--images",
                    str(images),
                    "--only",
                    name,
                ]
                environment = framework_environment(backend, "cpu", os.cpu_count() or 1)
                answer = subprocess.run(
                    command, env={**os.environ, **environment}, capture_output=True, text=True, check=False
                )
                if answer.returncode:
                    console.fail(f"{name}: {answer.stderr.strip().splitlines()[-1]}")
                speeds[name].append(float(answer.stdout.split()[-1]))
                bar.advance(task)
    base = median(speeds[BASE])
    for name, values in speeds.items():
        each = ", ".join(f"{value:,.0f}" for value in values)
        console.out.print(
            f"{name:28}{median(values):>8,.0f} images/s {median(values) / base:>6.2f}x  ({each})"
        )
    if file:
        facts = {"recipe": recipe, "images": images, "versions": versions(), "machine": machine()}
        checkpoint.write_text(file, json.dumps({**facts, "images_per_second": speeds}, indent=1) + "\n")


if __name__ == "__main__":
    main()
