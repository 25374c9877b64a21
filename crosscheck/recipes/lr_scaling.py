"""Large batches on several workers: k of them, each with the small batch, at the rate of one or of k.

arXiv 1706.02677 gives the rule of linear scaling, and the warmup; the net and the images are article
004's. `crosscheck suite lr_scaling` trains the last three on k workers.
"""

from dataclasses import replace
from typing import Any

from crosscheck.optimizers import SGD
from crosscheck.recipes.recipe import Recipe

WORKERS = 8
TRAIN_IMAGES, EPOCHS = 50_000, 2
BASE = Recipe(
    name="lr_scaling/one_worker",
    technique="cifar_cnn",
    case="baseline",
    epochs=EPOCHS,
    batch_size=32,
    optimizer=SGD(2.0**-6, momentum=0.875),
    mean=0.0,
    std=1.0,
)
# A third of all steps.
WARMUP = EPOCHS * -(-TRAIN_IMAGES // (WORKERS * BASE.batch_size)) // 3


def on_workers(name: str, **optimizer: Any) -> Recipe:
    """The base on k workers, whose batches together are k times as large."""
    changed = replace(BASE.optimizer, **optimizer)
    batch = WORKERS * BASE.batch_size
    return replace(BASE, name=f"lr_scaling/{name}", batch_size=batch, optimizer=changed)


RATE = WORKERS * BASE.optimizer.learning_rate
RECIPES = (
    BASE,
    on_workers("same_rate"),
    on_workers("scaled", learning_rate=RATE),
    on_workers(
        "scaled_warmup",
        learning_rate=RATE,
        warmup_start=BASE.optimizer.learning_rate,
        warmup_steps=WARMUP,
    ),
)
