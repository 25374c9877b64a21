"""The corpus of models as users write them: right ports are equal, and mistakes are found and named."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from crosscheck.sides import Sides
from parity_tests.corpus import scoring
from parity_tests.corpus.catalogue import CORRECT, DOUBLES, MISTAKES
from parity_tests.corpus.entries import Mistake, Pair
from parity_tests.corpus.judging import Judgement, family, judge, judge_right, label

# Every one takes a second; `scripts/corpus.py` tries them all and prints the table.
EVERY = 8


@pytest.mark.parametrize("pair", [pytest.param(p, id=f"{label(p)} {' '.join(p.inputs)}") for p in CORRECT])
def test_a_right_port_is_equal(pair: Pair, sides: Sides) -> None:
    assert judge_right(sides, pair) == "equal"


def test_mistakes_are_found(sides: Sides) -> None:
    chosen: list[Sequence[Mistake]] = [(mistake,) for mistake in MISTAKES[::EVERY]]
    chosen += DOUBLES[::2]
    found = {label(mistakes[0].pair): judge(sides, *mistakes) for mistakes in chosen}
    undetected = [name for name, judgement in found.items() if not judgement.detected]
    misplaced = [f"{name}: {j.said}" for name, j in found.items() if not j.located]
    unnamed = [f"{name}: {j.said}" for name, j in found.items() if not j.named]
    assert not undetected
    assert len(misplaced) <= 0.1 * len(found), misplaced
    assert len(unnamed) <= 0.2 * len(found), unnamed


def test_the_corpus_is_large_enough() -> None:
    families = {pair.torch.partition(":")[0] for pair in CORRECT}
    assert len(families) >= 8
    assert len(CORRECT) >= 20
    assert len(MISTAKES) >= 60


def test_what_was_stopped_goes_on_behind_the_last_family(
    sides: Sides, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[str] = []

    def answer(_: Sides, pair: Pair) -> str:
        if family(pair) == "resnet" and not compared.count("stopped"):
            compared.append("stopped")
            raise KeyboardInterrupt
        compared.append(family(pair))
        return "equal"

    monkeypatch.setattr(scoring, "judge_right", answer)
    monkeypatch.setattr(scoring, "judge", lambda *_: Judgement(True, True, False, "said"))
    kept = tmp_path / "new" / "kept.json"
    with pytest.raises(KeyboardInterrupt):
        scoring.compare_families(sides, scoring.Score("jax", kept))
    assert set(compared) == {"plain", "stopped"}
    score = scoring.Score("jax", kept)
    scoring.compare_families(sides, score)
    assert compared.count("plain") == score.families["plain"]["right"]
    assert score.total["right_equal"] == score.total["right"] == len(CORRECT)
    assert score.total["detected"] == score.total["mistakes"] == len(MISTAKES) + len(DOUBLES)
    assert (score.total["named"], score.good) == (0, False)
