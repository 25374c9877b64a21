"""An article's opinion that one of two is the better, judged by several trainings: it may stay undecided."""

from crosscheck.experiments.experiment import Claim
from crosscheck.sides import Both
from crosscheck.training.statistics import Samples, holds, paired

POINTS = "{:+.1f} points"  # how a difference of accuracies is written


def percent(accuracy: Both) -> float:
    """The mean of the two frameworks' shares, in percent: they train one net from one start."""
    return 50 * float(accuracy.torch + accuracy.keras)


def higher(text: str, first: Samples, second: Samples, margin: float = 0, form: str = POINTS) -> Claim:
    """An opinion that a figure is higher than another, or lower by a margin at most.

    It holds where the whole confidence interval of the difference says so, and does not where the whole
    interval says the contrary.

    Args:
        text: what is claimed.
        first: the figure that is said to be the higher one, by seed.
        second: the other, by seed.
        margin: by how much it may be the lower one nevertheless.
        form: of a difference of the figures.

    Raises:
        CrosscheckError: they share fewer than two seeds.
    """
    middle, half = paired(first, second)
    said = (
        f"{text}: {form.format(middle)} on average of {len(first)} seeds, 95 % confidence interval "
        f"{form.format(middle - half)} to {form.format(middle + half)}"
    )
    return Claim(said, holds(first, second, "no worse" if margin else "better", margin), required=False)
