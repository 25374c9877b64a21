"""The corpus: right ports, ports with one mistake, and ports with two; no framework is imported here."""

from . import (
    images,
    maps,
    mixtures,
    sequences,
    unseen_fourth,
    unseen_fourth_more,
    unseen_images,
    unseen_more,
    unseen_sequences,
)
from .entries import Mistake, Pair

TOPICS = (
    images,
    maps,
    sequences,
    mixtures,
    unseen_images,
    unseen_sequences,
    unseen_more,
    unseen_fourth,
    unseen_fourth_more,
)
CORRECT: tuple[Pair, ...] = tuple(pair for topic in TOPICS for pair in topic.CORRECT)
MISTAKES: tuple[Mistake, ...] = tuple(mistake for topic in TOPICS for mistake in topic.MISTAKES)
# Two independent mistakes in one port; the first comes first in the flow of data.
DOUBLES: tuple[tuple[Mistake, Mistake], ...] = tuple(both for topic in TOPICS for both in topic.DOUBLES)
