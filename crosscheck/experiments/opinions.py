"""An article's opinion that one accuracy is the higher: the noise can leave it undecided."""

from collections.abc import Sequence

import numpy as np

from crosscheck.experiments.experiment import Claim

STANDARD_ERRORS = 2  # about 95 %
# Points by which two short trainings may be apart. From the same weights on the same batches, one in each
# framework, they were seen to end 6.6 apart (lr_scaling's large batch without warmup); other seeds add to it.
TRAININGS = 7.0


def chance(accuracies: Sequence[float], tested: int) -> float:
    """By how many points a difference of two accuracies may change with other trainings and test images.

    Args:
        accuracies: the two, in percent.
        tested: how many images they were measured on.
    """
    images = STANDARD_ERRORS * float(sum(share * (100 - share) for share in accuracies) / tested) ** 0.5
    return float(np.hypot(images, TRAININGS))


def higher(text: str, pairs: Sequence[tuple[float, float]], tested: int, margin: float = 0) -> Claim:
    """An opinion that an accuracy is higher than another, each from one run of either framework.

    It holds, or does not, only where all frameworks say so by more than chance could change.

    Args:
        text: what is claimed, with the figures.
        pairs: for each framework the accuracy that is said to be the higher one, and the other; percent.
        tested: how many images they were measured on.
        margin: by how many points it may be the lower one nevertheless.
    """
    open_to_chance = [chance(pair, tested) for pair in pairs]
    gains = [first - second + margin for first, second in pairs]
    said = (
        f"{text} (one run each; other trainings and other test images may change it by "
        f"{max(open_to_chance):.1f} points)"
    )
    both = list(zip(gains, open_to_chance, strict=True))
    if all(gain > by_chance for gain, by_chance in both):
        return Claim(said, True, required=False)
    if all(gain < -by_chance for gain, by_chance in both):
        return Claim(said, False, required=False)
    return Claim(said, None, required=False)
