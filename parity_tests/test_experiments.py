"""Every experiment runs, says what it found, and leaves data and a picture that can be drawn again."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest
from click.testing import CliRunner

from crosscheck import cli, guide
from crosscheck.data import dataset
from crosscheck.experiments import classic_cnn, experiment, opinions, sharpness
from crosscheck.experiments.command import VERDICTS
from crosscheck.experiments.experiment import Claim, Outcome, Setting, experiments
from crosscheck.sides import Sides

PNG = b"\x89PNG"


@pytest.mark.parametrize("name", list(experiments()))
def test_quick(name: str, sides: Sides, tmp_path: Path) -> None:
    setting = Setting(sides, dataset.load("generated"), quick=True, seed=0, note=lambda _: None)
    found = experiments()[name]
    outcome = found.run(setting)
    assert outcome.tables
    assert outcome.claims
    assert [claim.text for claim in outcome.claims if claim.required and not claim.holds] == []
    experiment.write(found, outcome, setting, {}, tmp_path)
    facts = json.loads((tmp_path / f"{name}.json").read_text())
    assert facts["quick"] is True
    assert facts["images"] == "generated"
    assert guide.experiment_section(facts)
    assert {
        "question",
        "seed",
        "versions",
        "machine",
        "revision",
        "data_sha256",
        "images",
        "claims",
    } <= facts.keys()
    picture = tmp_path / f"{name}.png"
    assert picture.read_bytes().startswith(PNG)
    picture.unlink()
    experiment.picture(found, facts["data"], picture)
    assert picture.stat().st_size > 5_000


def test_the_command(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli.main, ["experiment", "prelu", "--quick", "--out", str(tmp_path / "new")])
    assert result.exit_code == 0, result.output
    assert "holds: " in result.output
    assert {file.name for file in (tmp_path / "new").iterdir()} == {"prelu.json", "prelu.png"}


def test_unknown_names_are_answered_with_those_there_are() -> None:
    result = CliRunner().invoke(cli.main, ["experiment", "nothing"])
    assert result.exit_code == 2
    assert "gradient_clipping" in result.output


def test_only_what_is_required_decides() -> None:
    opinion, proof = Claim("an opinion", False, required=False), Claim("a proof", False)
    assert Outcome((), (opinion,)).sound
    assert not Outcome((), (opinion, proof)).sound


@pytest.mark.parametrize(
    ("pairs", "holds"),
    [
        (((56.0, 48.0), (57.0, 48.0)), True),
        (((48.0, 56.0), (48.0, 57.0)), False),
        (((56.0, 48.0), (55.0, 48.0)), None),  # one framework within the noise
        (((56.0, 48.0), (48.0, 56.0)), None),  # of two minds
        (((50.0, 50.0), (50.0, 50.0)), None),
    ],
)
def test_an_accuracy_is_higher_only_by_more_than_the_noise(
    pairs: tuple[tuple[float, float], ...], holds: bool | None
) -> None:
    # Two standard errors of a difference, about 50 % of 2,000 images, are 3.2 points; two trainings, 7.
    claim = opinions.higher("it is better", pairs, 2_000)
    assert claim.holds is holds
    assert "7.7 points" in claim.text
    assert opinions.higher("it is better", pairs, 200).holds is None


def test_an_opinion_may_allow_a_margin() -> None:
    pairs = [(48.0, 48.0)] * 2
    assert opinions.higher("it is as good", pairs, 2_000, margin=8).holds is True
    assert opinions.higher("it is as good", pairs, 2_000, margin=7).holds is None


def test_seeds_of_two_minds_leave_an_opinion_undecided() -> None:
    worse, better = {0: 33.9, 1: 32.5, 2: 34.6}, {0: 37.3, 1: 33.4, 2: 35.2}
    assert classic_cnn.no_worse(worse, better).holds is None
    lower = {seed: accuracy - 3 - 0.1 * seed for seed, accuracy in worse.items()}
    assert classic_cnn.no_worse(lower, worse).holds is False
    assert classic_cnn.no_worse(worse, lower).holds is True
    alike = {seed: accuracy + 0.1 * seed for seed, accuracy in worse.items()}
    assert classic_cnn.no_worse(worse, alike).holds is True


def test_minima_are_sharper_only_by_more_than_those_of_one_batch_size_differ() -> None:
    def rises(small: tuple[float, float], large: tuple[float, float]) -> list[dict[str, object]]:
        return [
            {"minimum": f"batch {batch}, trained by {side}", "percent": {side: percent}}
            for batch, both in ((5, small), (50, large))
            for side, percent in zip(("torch", "keras"), both, strict=True)
        ]

    minima = [
        sharpness.Minimum(side, batch, 1, {}, 0.1, (99.0, 30.0))
        for batch in (5, 50)
        for side in ("torch", "keras")
    ]

    def verdicts(*both: tuple[float, float]) -> list[bool | None]:
        return [claim.holds for claim in sharpness.judged(minima, rises(*both), 2_000)[:2]]

    assert verdicts((1.0, 2.0), (5.0, 5.0)) == [True, True]
    assert verdicts((1.0, 3.0), (5.0, 5.0)) == [True, None]
    assert verdicts((5.0, 5.0), (1.0, 2.0)) == [False, False]


def test_what_is_undecided_is_shown_as_such() -> None:
    claim = Claim("it is better", None, required=False)
    assert guide.verdict(asdict(claim)) == "Undecided"
    assert VERDICTS[claim.holds] == "undecided"
    must = Claim("they agree", None)
    assert "must" in guide.verdict(asdict(must))
    assert not Outcome((), (must,)).sound
