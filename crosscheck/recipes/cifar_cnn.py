"""Article 004: Adam 0.001, batch 64, ten epochs, pixels scaled to 0 ... 1 and nothing else.

Every run differs from the baseline in one thing. `no_shortcut` is an ablation the article lacks: the
residual block without its shortcut.
"""

from dataclasses import replace
from typing import Any

from crosscheck.optimizers import Adam
from crosscheck.recipes.recipe import Recipe

# Of one run each, without a seed.
PUBLISHED = {
    "baseline": 0.7045,
    "wider": 0.7419,
    "deeper": 0.7320,
    "bn_before": 0.7525,
    "bn_after": 0.7454,
    "residual": 0.8104,
    "clip": 0.7276,
    "batch_128": 0.7068,
}
BASELINE = Recipe(
    name="cifar_cnn/baseline",
    technique="cifar_cnn",
    case="baseline",
    epochs=10,
    batch_size=64,
    optimizer=Adam(0.001),
    mean=0.0,
    std=1.0,
    published={"test_accuracy": PUBLISHED["baseline"]},
)


def variant(name: str, **changes: Any) -> Recipe:
    """The baseline's recipe with one thing changed."""
    published = {"test_accuracy": PUBLISHED[name]} if name in PUBLISHED else {}
    return replace(BASELINE, name=f"cifar_cnn/{name}", published=published, **changes)


RECIPES = (
    BASELINE,
    *(
        variant(case, case=case)
        for case in ("wider", "deeper", "bn_before", "bn_after", "residual", "no_shortcut")
    ),
    variant("clip", optimizer=Adam(0.001, global_norm=1.0)),
    variant("batch_128", batch_size=128),
)
