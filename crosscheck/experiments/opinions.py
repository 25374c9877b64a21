"""An article's opinion that one accuracy is the higher: the noise can leave it undecided."""

from collections.abc import Sequence

from crosscheck.experiments.experiment import Claim

STANDARD_ERRORS = 2  # about 95 %


def noise(accuracies: Sequence[float], tested: int) -> float:
    """By how many points a difference of two accuracies may change with the test images.

    Args:
        accuracies: the two, in percent.
        tested: how many images they were measured on.
    """
    return STANDARD_ERRORS * float(sum(share * (100 - share) for share in accuracies) / tested) ** 0.5


def higher(text: str, pairs: Sequence[tuple[float, float]], tested: int, margin: float = 0) -> Claim:
    """An opinion that an accuracy is higher than another, each from one run of either framework.

    It holds, or does not, only where all frameworks say so by more than other test images could change.
    What another seed would change is not known, and comes on top of it.

    Args:
        text: what is claimed, with the figures.
        pairs: for each framework the accuracy that is said to be the higher one, and the other; percent.
        tested: how many images they were measured on.
        margin: by how many points it may be the lower one nevertheless.
    """
    open_to_chance = [noise(pair, tested) for pair in pairs]
    gains = [first - second + margin for first, second in pairs]
    said = (
        f"{text} (one run each; two standard errors over the test images: {max(open_to_chance):.1f} points)"
    )
    both = list(zip(gains, open_to_chance, strict=True))
    if all(gain > chance for gain, chance in both):
        return Claim(said, True, required=False)
    if all(gain < -chance for gain, chance in both):
        return Claim(said, False, required=False)
    return Claim(said, None, required=False)
