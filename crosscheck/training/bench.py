"""Images a second of the article's own training loop and of ours, each in a process of its own."""

import importlib
import os
import subprocess
import sys
import time

from crosscheck.data import batches, dataset
from crosscheck.data.split import Split
from crosscheck.environment import framework_environment
from crosscheck.errors import CrosscheckError
from crosscheck.modes import for_training
from crosscheck.optimizers import SGD
from crosscheck.parameters import initial_weights
from crosscheck.recipes.recipe import recipe as find_recipe
from crosscheck.technique import technique

# name -> the side, and Keras' backend; the first is what the others are measured against
SUBJECTS = {
    "article's loop, 0 workers": ("article", "torch"),
    "article's loop, 2 workers": ("article", "torch"),
    "torch": ("torch", "torch"),
    "keras on tensorflow": ("keras", "tensorflow"),
    "keras on jax": ("keras", "jax"),
}


def measure(name: str, recipe_name: str, images: int) -> float:
    """Images a second of one subject, in this process, after as many images to warm up.

    Args:
        name: one of `SUBJECTS`.
        recipe_name: whose model is trained.
        images: of each measurement, a multiple of the batch size.
    """
    side, backend = SUBJECTS[name]
    recipe = find_recipe(recipe_name)
    train = dataset.load("generated").train
    weights = initial_weights(dict(technique(recipe.technique).model(recipe.case).parameters), 0)
    order = batches.epoch_order(len(train), 0, 1)[:images]
    if side == "article":
        loop = importlib.import_module("torch_impl.article_loop")
        subject = loop.ArticleLoop(recipe, weights, workers=int(name.split()[2]))
        part = Split(train.images[order], train.labels[order])

        def run() -> None:
            subject.train(part.images, part.labels)

    else:
        steps = images // recipe.batch_size
        adapter = importlib.import_module(f"{side}_impl.adapter")
        adapter.configure("cpu", for_training(side, backend, "cpu", recipe.batch_size))
        trainer = importlib.import_module(f"{side}_impl.training").Trainer
        subject = trainer(recipe.technique, recipe.case, "float32", recipe.optimizer, weights, steps)
        indices = order.reshape(steps, recipe.batch_size)

        def run() -> None:  # gathering and scaling the images is part of the loop
            subject.train(*batches.gather(train, indices, recipe.mean, recipe.std))

    run()
    began = time.perf_counter()
    run()
    return images / (time.perf_counter() - began)


def measure_apart(name: str, recipe_name: str, images: int) -> float:
    """The same, in a process of its own that has all cores.

    Raises:
        CrosscheckError: the process failed; the message is its last line.
    """
    code = (
        f"from crosscheck.training.bench import measure; print(measure({name!r}, {recipe_name!r}, {images}))"
    )
    environment = framework_environment(SUBJECTS[name][1], "cpu", os.cpu_count() or 1)
    answer = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode:
        last = [*answer.stderr.strip().splitlines(), "it printed nothing"][-1 if answer.stderr.strip() else 0]
        raise CrosscheckError(f"{name}: {last}")
    return float(answer.stdout.split()[-1])


def usable(recipe_name: str, images: int) -> int:
    """So many images, cut to what there are and to whole batches.

    Raises:
        CrosscheckError: the article's loop cannot train this recipe.
    """
    recipe = find_recipe(recipe_name)
    plain = SGD(recipe.optimizer.learning_rate, momentum=getattr(recipe.optimizer, "momentum", 0.0))
    if recipe.optimizer != plain or recipe.warmup or recipe.milestones:
        raise CrosscheckError(f"{recipe_name}: the article's loop knows SGD with momentum and nothing else")
    batch_size = recipe.batch_size
    return min(images, len(dataset.load("generated").train)) // batch_size * batch_size
