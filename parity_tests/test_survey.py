"""A survey of every way to execute: what it asks for, what it keeps, and that it goes on where it was."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crosscheck import commands, survey
from crosscheck.environment import versions
from crosscheck.errors import CrosscheckError
from crosscheck.modes import MODES

ROOT = Path(__file__).parent.parent
Verify = Callable[..., None]


def answering(asked: list[str], verdict: str) -> Verify:
    """A `crosscheck verify` that finds three rows of a verdict at once."""

    def verify(*arguments: object, fine: tuple[int, ...] = (0,)) -> None:
        *way, option, file = arguments
        assert (way[0], option) == ("verify", "--json")
        assert fine == (0, 1)
        asked.append(" ".join(map(str, way[1:])))
        facts = {"versions": versions(), "machine": "a machine", "revision": "abc"}
        rows = [{"check": "output", "verdict": verdict}] * 3
        Path(str(file)).write_text(json.dumps(facts | {"rows": rows}))

    return verify


def test_every_mode_of_either_framework_is_asked_for() -> None:
    ways = [str(way) for way in survey.ways()]
    assert len(ways) == len(set(ways))
    for key, modes in MODES.items():
        side, backend = ("torch", "tensorflow") if key == "torch" else ("keras", key.split()[-1])
        for mode in modes:
            asked = f"--backend {backend} --{side}-mode {mode}"
            # PyTorch runs eagerly, and Keras on torch in its only mode, unless told otherwise.
            assert asked in ways or (mode == "eager" and f"--backend {backend}" in ways)
    assert "--backend tensorflow --torch-mode compile" in ways
    assert "--backend jax --dtype mixed_bfloat16" in ways


def test_it_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(commands, "crosscheck", answering(asked, "equal"))
    half: dict[str, Any] = {}
    for found in survey.survey({}, tmp_path):
        half = found
        if len(half) == 4:
            break
    first = next(iter(half))
    half[first]["versions"] = half[first]["versions"] | {"torch": "1.0"}
    ways = [str(way) for way in survey.ways()]
    *_, whole = survey.survey(half, tmp_path)
    assert asked == [*ways[:4], first, *ways[4:]]
    assert sorted(whole) == sorted(ways)
    assert list(survey.survey(whole, tmp_path)) == []


def test_what_failed_is_kept_and_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "crosscheck", answering([], "different"))
    found = next(survey.survey({}, tmp_path))
    monkeypatch.setattr(commands, "crosscheck", answering([], "limited"))
    *_, found = survey.survey(found, tmp_path)
    assert survey.failed(found) == 3
    assert survey.table(found).endswith("; a machine.")
    (first, *others) = survey.table(found).splitlines()[2 : 2 + len(survey.ways())]
    assert first == "| `--backend tensorflow` | 3 | 0 | 0 | 0 | 3 | abc |"
    assert found["--backend tensorflow"]["failed"] == [{"check": "output", "verdict": "different"}] * 3
    assert all(line.endswith(" | 3 | 0 | 0 | 3 | 0 | abc |") for line in others)


def test_what_broke_off_is_no_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor are the rows that it left, if the next one ends without any."""

    def broken(*arguments: object, fine: tuple[int, ...] = (0,)) -> None:
        Path(str(arguments[-1])).write_text('{"rows": []}')
        raise CrosscheckError("it ended with status 2; see above")

    monkeypatch.setattr(commands, "crosscheck", broken)
    with pytest.raises(CrosscheckError, match="status 2"):
        next(survey.survey({}, tmp_path))
    monkeypatch.setattr(commands, "crosscheck", lambda *_, **__: None)
    with pytest.raises(CrosscheckError, match="wrote no rows"):
        next(survey.survey({}, tmp_path))


@pytest.mark.parametrize("text", ["", "[]", "{", '{"suite": "article_000"}', '{"--backend jax": {}}'])
def test_a_file_of_something_else_is_left_alone(text: str, tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    assert survey.read(file) == {}
    file.write_text(text)
    command = [sys.executable, "scripts/survey.py", "--json", str(file)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert answer.returncode == 2
    assert answer.stderr == f"error: {file}: holds no results of a survey\n"
    assert file.read_text() == text


def test_what_was_not_verified_is_said_to_be_so() -> None:
    assert "| `--backend jax` | not run | not run |" in survey.table({})
