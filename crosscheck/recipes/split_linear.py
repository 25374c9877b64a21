"""Article 000: batch 4, SGD 0.001 with momentum 0.9, two epochs, pixels scaled to -1 ... 1.

The article trains control, split and adjusted; `wide` and `untied` are ablations it lacks.
"""

from crosscheck.optimizers import SGD
from crosscheck.recipes.recipe import Recipe

# "56 %" and "62 %" are cut to whole numbers there; the loss is the least mean of 2,000 steps.
PUBLISHED = {
    "control": {"test_accuracy": 0.56, "best_loss": 1.184},
    "adjusted": {"test_accuracy": 0.62, "best_loss": 1.090},
}

RECIPES = tuple(
    Recipe(
        name=f"split_linear/{case}",
        technique="split_linear",
        case=case,
        epochs=2,
        batch_size=4,
        optimizer=SGD(learning_rate=0.001, momentum=0.9),
        mean=0.5,
        std=0.5,
        published=PUBLISHED.get(case, {}),
    )
    for case in ("control", "split", "adjusted", "wide", "untied")
)
