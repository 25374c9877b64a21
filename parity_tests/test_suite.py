"""Suites: which runs they are, what is kept of them, how they end; and which run a folder holds."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from crosscheck.errors import CrosscheckError
from crosscheck.recipes.recipe import recipes
from crosscheck.training import suite
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


def trained(run: suite.Run, epochs: int) -> None:
    """Write the files of a run as training would."""
    run.folder.path.mkdir(parents=True)
    run.folder.begin(FACTS | {"recipe": run.recipe.facts(), "seed": run.seed}, {"w": np.zeros(1)})
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


def test_results_are_never_lost(tmp_path: Path) -> None:
    runs = suite.plan("article_000", [("torch", "torch")], 2, tmp_path / "runs")
    file = tmp_path / "results.json"
    suite.write(file, "article_000", runs, "0" * 64)
    assert not file.exists()  # of nothing there are no results
    for run in runs[:2]:
        trained(run, run.recipe.epochs)
    file.write_text('{"runs": []}')  # as an earlier version began it
    suite.write(file, "article_000", runs, "0" * 64)
    kept = file.read_text()
    assert len(json.loads(kept)["runs"]) == 2
    elsewhere = suite.plan("article_000", [("torch", "torch")], 2, tmp_path / "other")
    for others in (elsewhere, runs[1:]):
        with pytest.raises(CrosscheckError, match=r"holds \d results of runs that are not asked for"):
            suite.write(file, "article_000", others, "0" * 64)
    assert file.read_text() == kept


def test_runs_that_are_longer_or_other_are_not_counted(tmp_path: Path) -> None:
    first, second, third, *_ = suite.plan("article_004", [("torch", "torch")], 1, tmp_path)
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
    suite.execute_all([0, 1, 2, 3], 2, begun.append, lambda: kept.append(len(begun)))  # type: ignore[list-item,arg-type]
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
            suite.execute_all(runs, jobs, execute, lambda: kept.append(1))  # type: ignore[arg-type]
        assert len(begun) == len(kept)
        if jobs == 1:
            assert begun == []
        assert "run 0 failed; no other run is begun" in capsys.readouterr().err


# Two runs at a time: the first fails after a second, the other would take a minute.
INTERRUPTED = """
import subprocess, sys, time
from crosscheck import console
from crosscheck.errors import CrosscheckError
from crosscheck.training import suite
def execute(number):
    if number == 0:
        time.sleep(1)
        raise CrosscheckError("run 0 failed")
    code = "import time; print('training', flush=True); time.sleep(60)"
    if suite._status([sys.executable, "-c", code], None):
        raise KeyboardInterrupt
with console.for_user():
    suite.execute_all([0, 1], 2, execute, lambda: None)
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
