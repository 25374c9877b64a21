"""DenseNet's paper: batch 64, Nesterov 0.9 from 0.1, a tenth of it from 50 % and again from 75 % on.

The paper subtracts each channel's mean and divides by its standard deviation; here one mean and one
deviation serve all three. It begins from He's initial weights, this from PyTorch's default ones. Its
figures without augmentation are with dropout, which the net here lacks, so that none is given.
"""

from crosscheck.optimizers import SGD
from crosscheck.recipes.recipe import Recipe


def recipe(case: str, epochs: int) -> Recipe:
    """The paper's recipe for so many epochs; the learning rate falls at the half and at three quarters."""
    return Recipe(
        name=f"densenet/{case}",
        technique="densenet",
        case=case,
        epochs=epochs,
        batch_size=64,
        optimizer=SGD(0.1, l2=1e-4, momentum=0.9, nesterov=True),
        milestones=(0.5, 0.75),
        mean=0.473,
        std=0.251,
    )


RECIPES = (
    # The paper's own; for a machine with a GPU.
    recipe("k12_l40", 300),
    recipe("bc_k12_l100", 300),
    # Small enough for a CPU, with its comparison.
    recipe("bc_k8_l22", 20),
    recipe("plain_k14_l22", 20),
)
