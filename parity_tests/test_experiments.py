"""Every experiment runs, says what it found, and leaves data and a picture that can be drawn again."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from crosscheck import cli, guide
from crosscheck.data import dataset
from crosscheck.experiments import (
    batch_size,
    cifar_cnn,
    classic_cnn,
    experiment,
    knn_layer,
    opinions,
    sharpness,
)
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
    ("gains", "margin", "holds"),
    [
        ((8.0, 8.5, 9.0), 0, True),
        ((-8.0, -8.5, -9.0), 0, False),
        ((8.0, -8.5, 9.0), 0, None),
        ((8.0, 8.5), 0, None),  # of two seeds nothing is concluded
        ((-1.0, -1.1, -0.9), 2, True),
        ((-3.0, -3.1, -2.9), 2, False),
        ((-2.0, -2.1, -1.9), 2, None),
    ],
)
def test_an_opinion_is_judged_by_its_interval(
    gains: tuple[float, ...], margin: float, holds: bool | None
) -> None:
    second = dict.fromkeys(range(len(gains)), 50.0)
    first = {seed: 50 + gain for seed, gain in enumerate(gains)}
    claim = opinions.higher("it is better", first, second, margin)
    assert claim.holds is holds
    assert not claim.required
    assert f"it is better: {sum(gains) / len(gains):+.1f} points on average of {len(gains)}" in claim.text


def test_an_experiment_has_enough_seeds(sides: Sides) -> None:
    setting = Setting(sides, dataset.load("generated"), quick=False, seed=4, note=lambda _: None)
    assert [one.seed for one in setting.by_seed()] == [4, 5, 6]
    assert [one.seed for one in replace(setting, quick=True).by_seed()] == [4]


def test_seeds_of_two_minds_leave_an_opinion_undecided() -> None:
    worse, better = {0: 33.9, 1: 32.5, 2: 34.6}, {0: 37.3, 1: 33.4, 2: 35.2}
    assert classic_cnn.no_worse(worse, better).holds is None
    lower = {seed: accuracy - 3 - 0.1 * seed for seed, accuracy in worse.items()}
    assert classic_cnn.no_worse(lower, worse).holds is False
    assert classic_cnn.no_worse(worse, lower).holds is True
    alike = {seed: accuracy + 0.1 * seed for seed, accuracy in worse.items()}
    assert classic_cnn.no_worse(worse, alike).holds is True


def test_minima_are_sharper_by_powers_of_ten() -> None:
    def verdicts(*large: float) -> list[bool | None]:
        minima, rises = [], []
        for seed, percent in enumerate(large):
            for side in ("torch", "keras"):
                for batch, sharp in ((5, 1.0), (50, percent)):
                    minima.append(sharpness.Minimum(seed, side, batch, 1, {}, 0.1, (99.0, 30.0 - batch / 50)))
                    measured = {"torch": sharp, "keras": sharp}
                    rises.append({"minimum": minima[-1].name, "seed": seed, "percent": measured})
        return [claim.holds for claim in sharpness.judged(minima, rises)]

    assert verdicts(8.0, 10.0, 12.5) == [True, True, True]
    assert verdicts(0.08, 0.1, 0.125)[:2] == [False, False]
    assert verdicts(0.1, 10.0, 1.0)[:2] == [None, None]
    rises = [{"minimum": "a", "seed": 0, "percent": {"torch": 10.0, "keras": 1000.0}}]
    assert sharpness.powers(rises, "a") == {0: 2.0}


def test_what_articles_say_is_judged_by_seed() -> None:
    accuracies = {64: {0: 40.0, 1: 41.0, 2: 42.0}, 128: {0: 36.0, 1: 37.1, 2: 38.0}}
    shifts = {"64": [0.1, -0.1], "128": [0.2, -0.3]}
    assert [claim.holds for claim in batch_size.judged(accuracies, shifts)] == [False, True]
    nets = {"baseline": accuracies[128], "wider": accuracies[64], "residual": {0: 45.0, 1: 46.1, 2: 47.0}}
    best = cifar_cnn.residual_is_best(nets)
    assert best.holds
    assert "against wider" in best.text

    def found(softmax: float, swapped: float, neighbours: float) -> knn_layer.Found:
        ways = {"softmax": [softmax, 0.1, 0.2, swapped], "neighbours": [0.1, 0.2, neighbours]}
        return knn_layer.Found({name: {"torch": w, "keras": w} for name, w in ways.items()}, {}, 0, 1)

    by_seed = {0: found(0.50, 0.52, 0.40), 1: found(0.51, 0.50, 0.41), 2: found(0.52, 0.53, 0.43)}
    swapped, trained = knn_layer.judged(by_seed)
    assert (swapped.holds, trained.holds) == (None, True)
    assert "by: +9.7 points on average of 3 seeds" in trained.text


def test_what_is_undecided_is_shown_as_such() -> None:
    claim = Claim("it is better", None, required=False)
    assert guide.verdict(asdict(claim)) == "Undecided"
    assert VERDICTS[claim.holds] == "undecided"
    must = Claim("they agree", None)
    assert "must" in guide.verdict(asdict(must))
    assert not Outcome((), (must,)).sound
