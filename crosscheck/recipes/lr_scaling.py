"""Large batches on several workers: k of them, each with the small batch, at the rate of one or of k.

arXiv 1706.02677 gives the rule of linear scaling, and the warmup; the net and the images are article
004's. `crosscheck suite lr_scaling` trains the last three on k workers.
"""

from dataclasses import replace

from crosscheck.optimizers import SGD
from crosscheck.recipes.recipe import Recipe

WORKERS = 8
EPOCHS = 2
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
RATE = BASE.optimizer.learning_rate
SCALED = replace(BASE.optimizer, learning_rate=WORKERS * RATE)
ON_WORKERS = replace(BASE, batch_size=WORKERS * BASE.batch_size)
RECIPES = (
    BASE,
    replace(ON_WORKERS, name="lr_scaling/same_rate"),
    replace(ON_WORKERS, name="lr_scaling/scaled", optimizer=SCALED),
    replace(
        ON_WORKERS,
        name="lr_scaling/scaled_warmup",
        optimizer=replace(SCALED, warmup_start=RATE),
        warmup=1 / 3,
    ),
)
