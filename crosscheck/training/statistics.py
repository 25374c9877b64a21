"""What a few seeds can say: a confidence interval of a difference, and a test of equivalence.

A seed is the same initial weights and the same batches in both frameworks, so that differences are taken
seed by seed.
"""

from collections.abc import Sequence
from statistics import mean, stdev
from typing import Literal

import scipy  # loads scipy.stats when that is first used: half of what a command took to begin

from crosscheck.errors import CrosscheckError

CONFIDENCE, LEVEL = 0.95, 0.05
# Of two seeds the spread may be nothing by chance, and an interval with it.
ENOUGH = 3
Kind = Literal["better", "alike", "no worse"]
Samples = dict[int, float]  # by seed


def paired(first: Samples, second: Samples) -> tuple[float, float]:
    """Mean of first - second over the seeds they share, and half the width of its confidence interval.

    Raises:
        CrosscheckError: they share fewer than two seeds.
    """
    differences = _differences(first, second)
    error = stdev(differences) / len(differences) ** 0.5
    return mean(differences), float(scipy.stats.t.ppf((1 + CONFIDENCE) / 2, len(differences) - 1)) * error


def equivalence(first: Samples, second: Samples, margin: float) -> float:
    """The p value of two one-sided t-tests: whether first - second lies within -margin ... margin.

    Small is good: below 0.05 the two are equivalent, and a large value only says that it is not known.

    Raises:
        CrosscheckError: they share fewer than two seeds.
    """
    differences = _differences(first, second)
    below = scipy.stats.ttest_1samp(differences, -margin, alternative="greater").pvalue
    above = scipy.stats.ttest_1samp(differences, margin, alternative="less").pvalue
    return float(max(below, above))


def least_margin(first: Samples, second: Samples) -> float:
    """The least margin of which `equivalence` says that they are within it.

    Raises:
        CrosscheckError: they share fewer than two seeds.
    """
    differences = _differences(first, second)
    error = stdev(differences) / len(differences) ** 0.5
    return abs(mean(differences)) + float(scipy.stats.t.ppf(1 - LEVEL, len(differences) - 1)) * error


def no_worse(first: Samples, second: Samples, margin: float) -> float:
    """The p value of a one-sided t-test: whether first is better than second, or worse by less than a margin.

    Raises:
        CrosscheckError: they share fewer than two seeds.
    """
    return float(scipy.stats.ttest_1samp(_differences(first, second), -margin, alternative="greater").pvalue)


def holds(first: Samples, second: Samples, kind: Kind, margin: float) -> bool | None:
    """Whether first is better than second, or to a margin alike or no worse; None if that is undecided.

    That it is better holds where the whole interval is above zero, and does not where it is below. The others
    hold where the t-tests say so, and do not where the whole interval is beyond the margin.
    """
    if len(first.keys() & second.keys()) < ENOUGH:
        return None
    middle, half = paired(first, second)
    if kind == "better":
        true, false = middle - half > 0, middle + half < 0
    elif kind == "alike":
        true, false = equivalence(first, second, margin) < LEVEL, abs(middle) - half > margin
    else:
        true, false = no_worse(first, second, margin) < LEVEL, middle + half < -margin
    return True if true else False if false else None


def _differences(first: Samples, second: Samples) -> Sequence[float]:
    found = [first[seed] - second[seed] for seed in first if seed in second]
    if len(found) < 2:
        raise CrosscheckError("a confidence interval needs at least two seeds")
    return found
