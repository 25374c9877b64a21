"""What a few seeds can say: a confidence interval of a difference, and a test of equivalence.

A seed is the same initial weights and the same batches in both frameworks, so that differences are taken
seed by seed.
"""

from collections.abc import Sequence
from statistics import mean, stdev

from scipy import stats

from crosscheck.errors import CrosscheckError

CONFIDENCE = 0.95
Samples = dict[int, float]  # by seed


def paired(first: Samples, second: Samples) -> tuple[float, float]:
    """Mean of first - second over the seeds they share, and half the width of its confidence interval.

    Raises:
        CrosscheckError: they share fewer than two seeds.
    """
    differences = _differences(first, second)
    error = stdev(differences) / len(differences) ** 0.5
    return mean(differences), float(stats.t.ppf((1 + CONFIDENCE) / 2, len(differences) - 1)) * error


def equivalence(first: Samples, second: Samples, margin: float) -> float:
    """The p value of two one-sided t-tests: whether first - second lies within -margin ... margin.

    Small is good: below 0.05 the two are equivalent, and a large value only says that it is not known.

    Raises:
        CrosscheckError: they share fewer than two seeds.
    """
    differences = _differences(first, second)
    below = stats.ttest_1samp(differences, -margin, alternative="greater").pvalue
    above = stats.ttest_1samp(differences, margin, alternative="less").pvalue
    return float(max(below, above))


def no_worse(first: Samples, second: Samples, margin: float) -> float:
    """The p value of a one-sided t-test: whether first is better than second, or worse by less than a margin.

    Raises:
        CrosscheckError: they share fewer than two seeds.
    """
    return float(stats.ttest_1samp(_differences(first, second), -margin, alternative="greater").pvalue)


def _differences(first: Samples, second: Samples) -> Sequence[float]:
    found = [first[seed] - second[seed] for seed in first if seed in second]
    if len(found) < 2:
        raise CrosscheckError("a confidence interval needs at least two seeds")
    return found
