"""Suites: which runs they are, what is kept of them, how they end; and which run a folder holds."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from crosscheck import cli, console
from crosscheck.data import dataset
from crosscheck.errors import CrosscheckError
from crosscheck.recipes.recipe import recipes
from crosscheck.training import launch, suite, suite_execution, suite_results
from crosscheck.training.run_folder import RunFolder

FACTS: dict[str, Any] = {
    "side": "torch",
    "backend": "torch",
    "device": "cpu",
    "threads": 1,
    "data": "generated",
    "data_sha256": "0" * 64,
    "train_images": 10_000,
    "versions": {},
    "machine": "m",
    "revision": "r",
}
EPOCH = {"kind": "epoch", "train_loss": 1.0, "train_accuracy": 0.6, "test_loss": 1.1, "test_accuracy": 0.5}


def trained(run: suite.Run, epochs: int, **facts: Any) -> None:
    """Write the files of a run as training would."""
    run.folder.path.mkdir(parents=True)
    own = {"recipe": run.recipe.facts(), "side": run.side, "backend": run.backend, "seed": run.seed}
    run.folder.begin(FACTS | own | facts, {"w": np.zeros(1)})
    for epoch in range(1, epochs + 1):
        run.folder.log(EPOCH | {"epoch": epoch, "images_per_second": 100.0})
        run.folder.save(epoch, {"w": np.zeros(1)}, {})


def test_a_recipe_may_be_about_workers() -> None:
    assert [suite.own_workers(one) for one in suite.suite_recipes("lr_scaling")] == [1, 8, 8, 8]
    assert {suite.own_workers(one) for one in suite.suite_recipes("article_004")} == {1}


@pytest.mark.parametrize("name", recipes())
def test_every_recipe_can_be_resumed(name: str, tmp_path: Path) -> None:
    folder, recipe = RunFolder(tmp_path), recipes()[name].facts()
    folder.begin(FACTS | {"recipe": recipe, "seed": 0}, {"w": np.zeros(1)})
    folder.require({"recipe": recipe | {"published": {"test_accuracy": 0.9}}})
    longer = {"recipe": recipe | {"epochs": 999}}
    if recipes()[name].scheduled(1_000).constant:
        folder.require(longer)
    else:  # the rate of the steps that are done would have been another one
        with pytest.raises(CrosscheckError, match=r"holds another run \(other epochs\)"):
            folder.require(longer)


SHA = "0" * 64
SIDES = [("torch", "torch"), ("keras", "tensorflow")]
ROOT = Path(__file__).parent.parent


def read(file: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(file.read_text())["runs"]
    return found


def test_results_are_never_lost_and_count_without_their_folders(tmp_path: Path) -> None:
    runs = suite.plan("article_000", [("torch", "torch")], 2, "cpu", tmp_path / "runs")
    file = tmp_path / "results.json"
    suite_results.write(file, "article_000", runs, SHA)
    assert not file.exists()  # of nothing there are no results
    for run in runs[:2]:
        trained(run, run.recipe.epochs)
    file.write_text('{"runs": []}')  # as an earlier version began it
    suite_results.write(file, "article_000", runs, SHA)
    kept = read(file)
    assert len(kept) == 2
    # In a clone the folders of the runs are not there.
    elsewhere = suite.plan("article_000", [("torch", "torch")], 2, "cpu", tmp_path / "clone")
    assert suite_results.held(file, elsewhere, SHA).keys() == {run.identity for run in runs[:2]}
    trained(elsewhere[2], elsewhere[2].recipe.epochs)
    suite_results.write(file, "article_000", elsewhere, SHA)
    assert read(file)[:2] == kept
    assert len(read(file)) == 3


def test_results_of_other_runs_are_refused(tmp_path: Path) -> None:
    runs = suite.plan("article_000", [("torch", "torch")], 2, "cpu", tmp_path / "runs")
    file = tmp_path / "results.json"
    trained(runs[0], runs[0].recipe.epochs)
    suite_results.write(file, "article_000", runs, SHA)
    text = file.read_text()
    on_gpu = suite.plan("article_000", [("torch", "torch")], 2, "cuda", tmp_path / "runs")
    longer = [replace(run, recipe=replace(run.recipe, epochs=9)) for run in runs]
    for others, sha256, told in (
        (runs[1:], SHA, "not asked for, such as split_linear/"),
        (on_gpu, SHA, "with other device"),
        (runs, "1" * 64, "with other data_sha256"),
        (longer, SHA, "with other epochs"),
    ):
        with pytest.raises(CrosscheckError, match=told):
            suite_results.write(file, "article_000", others, sha256)
    assert file.read_text() == text


def test_the_command_trains_what_its_file_does_not_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha256 = dataset.load("generated").sha256
    runs = suite.plan("article_004", SIDES, 1, "cpu", tmp_path / "runs")
    for run in runs[:-2]:
        trained(run, run.recipe.epochs, data_sha256=sha256)
    file = tmp_path / "results.json"
    suite_results.write(file, "article_004", runs, sha256)
    executed: list[str] = []

    def execute(run: suite.Run, *_: object) -> None:
        executed.append(run.folder.path.name)
        trained(run, run.recipe.epochs, data_sha256=sha256)

    monkeypatch.setattr(suite_execution, "execute", execute)
    monkeypatch.setattr(console, "end_when_told", lambda: None)
    arguments = ["suite", "article_004", "--data", "generated", "--seeds", "1", "--json", str(file)]
    result = CliRunner().invoke(cli.main, [*arguments, "--out", str(tmp_path / "clone")])
    assert result.exit_code == 0, result.output
    assert f"holds {len(runs) - 2} of the {len(runs)} runs already" in result.output
    assert executed == [run.folder.path.name for run in runs[-2:]]
    assert len(read(file)) == len(runs)


@pytest.mark.parametrize("name", ["article_000", "article_004"])
def test_the_results_of_this_repository_are_gone_on_with(name: str, tmp_path: Path) -> None:
    file = ROOT / "results" / f"{name}.json"
    kept = json.loads(file.read_text())
    runs = suite.plan(name, SIDES, 5, "cpu", tmp_path)
    assert len(suite_results.held(file, runs, kept["runs"][0]["data_sha256"])) == len(kept["runs"])
    assert all(run["revision"] for run in kept["runs"])


def test_workers_that_there_cannot_be_are_told_before_the_first_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sides = [("torch", "torch"), ("keras", "torch")]
    runs = suite.plan("lr_scaling", sides, 1, "cpu", tmp_path)
    with pytest.raises(CrosscheckError, match="keras on torch cannot be used for several workers"):
        suite.require_workers(runs, 1)
    assert [run.workers(16) for run in runs[:4]] == [16, 16, 8, 8]  # those that it is about stay
    monkeypatch.setattr(suite, "gpu_count", lambda: 2)
    with pytest.raises(CrosscheckError, match="lr_scaling/same_rate takes 8 workers, and there are 2 GPUs"):
        suite.require_workers(suite.plan("lr_scaling", sides[:1], 1, "cuda", tmp_path), 1)
    alone = suite.plan("article_004", sides, 1, "cpu", tmp_path)
    suite.require_workers(alone, 1)
    with pytest.raises(CrosscheckError, match="cannot be used for several workers"):
        suite.require_workers(alone, 2)


def test_a_run_of_one_worker_is_none_of_eight(tmp_path: Path) -> None:
    runs = suite.plan("lr_scaling", [("torch", "torch")], 1, "cpu", tmp_path)
    for run in runs[:2]:
        trained(run, run.recipe.epochs)
    assert runs[0].finished(SHA)
    with pytest.raises(CrosscheckError, match=r"holds another run \(other workers\)"):
        runs[1].finished(SHA)


def test_metrics_without_an_epoch_are_damaged(tmp_path: Path) -> None:
    run, *_ = suite.plan("article_004", [("torch", "torch")], 1, "cpu", tmp_path)
    trained(run, run.recipe.epochs)
    (run.folder.path / "metrics.jsonl").write_text("")
    with pytest.raises(CrosscheckError, match="damaged: it holds no whole epoch"):
        suite_results.write(tmp_path / "results.json", "article_004", [run], SHA)


def test_runs_that_are_longer_or_other_are_not_counted(tmp_path: Path) -> None:
    first, second, third, *_ = suite.plan("article_004", [("torch", "torch")], 1, "cpu", tmp_path)
    trained(first, first.recipe.epochs - 1)
    assert not first.finished("0" * 64)
    trained(second, second.recipe.epochs + 1)
    with pytest.raises(CrosscheckError, match="holds 11 epochs, the suite's run has 10"):
        second.finished("0" * 64)
    trained(third, third.recipe.epochs)
    file = third.folder.path / "run.json"
    for key, value in (("dtype", "float64"), ("synchronized", False)):
        file.write_text(json.dumps(json.loads(file.read_text()) | {key: value}))
        with pytest.raises(CrosscheckError, match=rf"holds another run \(other .*{key}"):
            third.finished("0" * 64)


def test_a_suite_executes_every_run_and_begins_no_other_once_one_has_failed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    begun: list[int] = []
    kept: list[int] = []
    suite_execution.execute_all([0, 1, 2, 3], 2, begun.append, lambda: kept.append(len(begun)))  # type: ignore[list-item,arg-type]
    assert sorted(begun) == [0, 1, 2, 3]
    assert len(kept) == 4

    def execute(number: int) -> None:
        if number == 0:
            time.sleep(0.1)
            raise CrosscheckError("run 0 failed")
        begun.append(number)

    for jobs in (1, 2):
        begun.clear()
        kept.clear()
        runs = [0, 1, 2, 3] if jobs == 1 else [1, 0, 2, 3]
        with pytest.raises(CrosscheckError, match="run 0 failed"):
            suite_execution.execute_all(runs, jobs, execute, lambda: kept.append(1))  # type: ignore[arg-type]
        assert len(begun) == len(kept)
        if jobs == 1:
            assert begun == []
        assert "run 0 failed; no other run is begun" in capsys.readouterr().err


# Two runs at a time: the first fails after a second, the other would take a minute.
INTERRUPTED = """
import subprocess, sys, time
from crosscheck import console
from crosscheck.errors import CrosscheckError
from crosscheck.training import suite_execution
def execute(number):
    if number == 0:
        time.sleep(1)
        raise CrosscheckError("run 0 failed")
    code = "import time; print('training', flush=True); time.sleep(60)"
    if suite_execution._status([sys.executable, "-c", code], None):
        raise KeyboardInterrupt
with console.for_user():
    suite_execution.execute_all([0, 1], 2, execute, lambda: None)
"""


def test_ctrl_c_reaches_what_still_runs_after_a_failure() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stdout.readline() == "training\n"
    assert process.stderr
    assert "run 0 failed" in process.stderr.readline()
    began = time.monotonic()
    os.kill(process.pid, signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert time.monotonic() - began < 20


# As one that hangs inside a library.
DEAF = """
import pathlib, signal, sys, time
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, signal.SIG_IGN)
pathlib.Path(sys.argv[1]).touch()
time.sleep(60)
"""


def test_a_run_that_does_not_obey_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "PATIENCE", 0.5)
    deaf = tmp_path / "deaf"
    statuses = []

    def execute(run: Any) -> None:
        if run == "deaf":
            statuses.append(suite_execution._status([sys.executable, "-c", DEAF, str(deaf)], None))
            return
        while not deaf.exists():
            time.sleep(0.05)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        suite_execution.execute_all(["deaf", "interrupted"], 2, execute, lambda: None)  # type: ignore[list-item]
    assert statuses == [-signal.SIGKILL]
