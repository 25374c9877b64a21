"""Every experiment runs, says what it found, and leaves data and a picture that can be drawn again."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from crosscheck import cli, guide
from crosscheck.data import dataset
from crosscheck.experiments import experiment
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
