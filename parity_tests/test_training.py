"""The training scripts as a user runs them: the same start, resuming bit for bit, interruptions."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from crosscheck import checkpoint
from crosscheck.data import dataset
from crosscheck.environment import gpu_present
from crosscheck.errors import CrosscheckError
from crosscheck.training.run_folder import RunFolder

ROOT = Path(__file__).parent.parent
# 500 steps an epoch: a few seconds. All cores, as by default.
OPTIONS = ["--recipe", "split_linear/split", "--batch-size", "20", "--seed", "3"]
SIDES = ["torch", "keras"]
WITHOUT_GPU = pytest.mark.skipif(gpu_present(), reason="not run: there is a GPU here")


def script(side: str, *options: object) -> list[str]:
    return [sys.executable, str(ROOT / "scripts" / f"train_{side}.py"), *map(str, options)]


def train(side: str, *options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        script(side, *OPTIONS, *options), capture_output=True, text=True, check=False, timeout=300
    )


def state(folder: Path) -> tuple[int, dict[str, np.ndarray]]:
    kept = checkpoint.read(folder / "checkpoint.safetensors")
    return kept.facts["epoch"], kept.arrays


def losses(folder: Path) -> list[tuple[object, ...]]:
    keys = ("kind", "epoch", "step", "loss", "accuracy", "train_loss", "test_loss", "test_accuracy")
    return [tuple(row.get(key) for key in keys) for row in RunFolder(folder).metrics()]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """An uninterrupted run of three epochs on either side."""
    folder = tmp_path_factory.mktemp("runs")
    for side in SIDES:
        answer = train(side, "--epochs", 3, "--out", folder / side)
        assert answer.returncode == 0, answer.stderr
        assert "epoch 3/3" in answer.stdout
    return {side: folder / side for side in SIDES}


def test_both_sides_start_from_the_same_weights_and_end_close(whole: dict[str, Path]) -> None:
    starts = [checkpoint.read(whole[side] / "initial.safetensors").arrays for side in SIDES]
    assert starts[0].keys() == starts[1].keys()
    assert all(np.array_equal(starts[0][name], starts[1][name]) for name in starts[0])
    rows = [RunFolder(whole[side]).metrics() for side in SIDES]
    assert rows[0][0]["loss"] == pytest.approx(rows[1][0]["loss"], rel=1e-4)
    assert rows[0][-1]["test_accuracy"] == pytest.approx(rows[1][-1]["test_accuracy"], abs=0.05)
    assert rows[0][-1]["train_loss"] < rows[0][0]["loss"] - 0.005  # it did learn something


def test_a_run_says_all_that_is_needed_to_repeat_it(whole: dict[str, Path]) -> None:
    for side in SIDES:
        facts = RunFolder(whole[side]).facts()
        assert facts["seed"] == 3
        assert facts["recipe"]["batch_size"] == 20
        assert {"torch", "keras", "tensorflow", "numpy", "python"} <= facts["versions"].keys()
        assert len(facts["data_sha256"]) == 64
        assert facts["framework"]["NVIDIA_TF32_OVERRIDE"] == "0"
        assert facts["framework"]["OMP_NUM_THREADS"] == str(facts["threads"]) == str(os.cpu_count())


def wait_for_epoch(epoch: int, out: Path, process: subprocess.Popen[str]) -> None:
    """Until a run has logged the first steps of an epoch, whose rest it has yet to do."""
    for _ in range(60_000):
        if process.poll() is not None:
            pytest.fail("the run ended too early")
        file = out / "metrics.jsonl"
        if file.exists() and f'"steps", "epoch": {epoch}' in file.read_text():
            return
        time.sleep(0.005)
    pytest.fail("the run did not come so far")


@pytest.mark.parametrize("side", SIDES)
def test_an_interrupted_run_resumes_bit_for_bit(side: str, whole: dict[str, Path], tmp_path: Path) -> None:
    out = tmp_path / "run"
    command = script(side, *OPTIONS, "--epochs", 3, "--out", out)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        wait_for_epoch(2, out, process)
        process.kill()
    assert state(out)[0] == 1  # so it was in the middle of the second
    with (out / "metrics.jsonl").open("a") as file:
        file.write('{"kind": "steps", "epoch": 9')  # a line that was being written
    answer = train(side, "--epochs", 3, "--out", out, "--resume")
    assert answer.returncode == 0, answer.stderr
    (epoch, resumed), (_, expected) = state(out), state(whole[side])
    assert epoch == 3
    assert resumed.keys() == expected.keys()
    assert any(name.startswith("optimizer/") for name in resumed)
    differing = [name for name in expected if not np.array_equal(resumed[name], expected[name])]
    assert not differing
    assert losses(out) == losses(whole[side])
    assert {f.name for f in out.iterdir()} == {
        "run.json", "initial.safetensors", "checkpoint.safetensors", "metrics.jsonl", "lock",
    }  # fmt: skip


@pytest.mark.parametrize("side", SIDES)
def test_more_epochs_can_be_added(side: str, whole: dict[str, Path], tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert train(side, "--epochs", 2, "--out", out).returncode == 0
    assert train(side, "--epochs", 3, "--out", out, "--resume").returncode == 0
    assert losses(out) == losses(whole[side])


@pytest.mark.parametrize("side", SIDES)
def test_ctrl_c_is_one_line_and_its_own_status(side: str, tmp_path: Path) -> None:
    command = script(side, *OPTIONS, "--epochs", 50, "--out", tmp_path / "run")
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        wait_for_epoch(2, tmp_path / "run", process)
        os.killpg(process.pid, signal.SIGINT)
        _, complaint = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Interrupted." in complaint
    assert "--resume" in complaint
    assert "Traceback" not in complaint
    assert state(tmp_path / "run")[0] >= 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--epochs", 3], "holds a run already; --resume it, or choose another --out"),
        (["--epochs", 3, "--resume", "--seed", 4], "holds another run (other seed)"),
        (["--resume", "--out", "/tmp/nowhere"], "/tmp/nowhere: no run to resume"),
        (["--epochs", 3, "--resume", "--batch-size", 25], "holds another run (other batch_size)"),
        (["--recipe", "split_linear/nothing"], "there is no recipe 'split_linear/nothing'; there are: "),
        (["--resume", "--data", "/nowhere"], "/nowhere: there is no such file or folder"),
        pytest.param(
            ["--resume", "--device", "cuda"], "sees no CUDA device; use --device cpu", marks=WITHOUT_GPU
        ),
    ],
)
def test_what_is_wrong_is_one_line(options: list[object], message: str, whole: dict[str, Path]) -> None:
    answer = train("torch", "--out", whole["torch"], *options)
    assert answer.returncode == 2
    assert message in answer.stderr
    assert "Traceback" not in answer.stderr


def test_what_is_done_is_not_done_again(whole: dict[str, Path]) -> None:
    before = (whole["torch"] / "checkpoint.safetensors").read_bytes()
    answer = train("torch", "--epochs", 3, "--out", whole["torch"], "--resume")
    assert answer.returncode == 0
    assert "there is nothing to resume" in answer.stderr
    assert (whole["torch"] / "checkpoint.safetensors").read_bytes() == before


def test_the_last_batch_may_be_smaller(tmp_path: Path) -> None:
    for side in SIDES:
        assert train(side, "--batch-size", 3333, "--epochs", 1, "--out", tmp_path / side).returncode == 0
    rows = [RunFolder(tmp_path / side).metrics() for side in SIDES]
    assert [row["step"] for row in rows[0] if row["kind"] == "steps"] == [2, 3, 4]
    for torch, keras in zip(*rows, strict=True):
        for key in ("loss", "train_loss", "test_loss", "accuracy", "train_accuracy"):
            if key in torch:
                assert torch[key] == pytest.approx(keras[key], rel=1e-5)


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (np.nan, "the loss is not finite at step 1 of epoch 1"),
        (1.0, "the test loss is not finite after epoch 1"),  # the last step has blown up the weights
    ],
)
def test_a_loss_that_is_not_finite_ends_the_run(loss: float, message: str, tmp_path: Path) -> None:
    from crosscheck.recipes.recipe import recipe
    from crosscheck.training import loop

    class Diverging:
        def __init__(self, *_: object) -> None: ...

        def train(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            return np.full(len(x), loss), np.zeros(len(x), np.int32)

        def predict(self, x: np.ndarray) -> np.ndarray:
            return np.full((len(x), 10), np.nan)

    settings = loop.Settings("torch", "torch", "cpu", "float32", "eager", 1, 1, True, "generated", 0, {})
    folder = RunFolder(tmp_path / "run")
    chosen = replace(recipe("split_linear/split"), batch_size=100)
    with pytest.raises(CrosscheckError, match=message):
        loop.train(Diverging, chosen, settings, dataset.load("generated"), folder, False)  # type: ignore[arg-type]


def test_curves(whole: dict[str, Path], tmp_path: Path) -> None:
    picture = tmp_path / "curves.png"
    command = [sys.executable, "-m", "crosscheck", "curves"]
    subprocess.run([*command, *map(str, whole.values()), "--out", str(picture)], check=True)
    assert picture.read_bytes().startswith(b"\x89PNG")
    answer = subprocess.run([*command, str(tmp_path)], capture_output=True, text=True, check=False)
    assert answer.returncode == 2
    assert "there is no training run here" in answer.stderr


def test_resuming_under_other_circumstances_is_said_and_written_down(
    whole: dict[str, Path], tmp_path: Path
) -> None:
    out = tmp_path / "run"
    shutil.copytree(whole["torch"], out)
    answer = train("torch", "--epochs", 4, "--out", out, "--resume", "--threads", 3)
    assert answer.returncode == 0
    assert "other threads than before: may not be the same bit for bit" in answer.stderr
    (session,) = RunFolder(out).facts()["resumed"]
    assert session["threads"] == 3


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("run.json", "{}", "run.json: damaged"),
        ("run.json", "[]", "run.json: damaged"),
        ("run.json", '{"recipe": 3}', "run.json: damaged"),
        ("run.json", "\udcff", "run.json: damaged"),
        ("metrics.jsonl", "{not json}\n", "metrics.jsonl: line 1 is damaged"),
        ("metrics.jsonl", '{"loss": 1}\n', "metrics.jsonl: line 1 is damaged"),
        ("checkpoint.safetensors", "nonsense", "not a whole safetensors file"),
    ],
)
def test_damaged_files_are_one_line(
    name: str, content: str, message: str, whole: dict[str, Path], tmp_path: Path
) -> None:
    out = tmp_path / "run"
    shutil.copytree(whole["torch"], out)
    (out / name).write_bytes(content.encode(errors="surrogateescape"))
    answer = train("torch", "--epochs", 3, "--out", out, "--resume")
    assert answer.returncode == 2
    assert message in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_stale_checkpoint_is_not_taken_over(whole: dict[str, Path], tmp_path: Path) -> None:
    out = tmp_path / "run"
    shutil.copytree(whole["torch"], out)
    (out / "run.json").unlink()
    RunFolder(out).begin({}, {"w": np.zeros(1)})
    assert RunFolder(out).epochs_done() == 0


def test_suite_counts_only_its_own_runs(whole: dict[str, Path], tmp_path: Path) -> None:
    from crosscheck.training import suite, suite_results

    sha256 = dataset.load("generated").sha256
    runs = suite.plan("article_000", [("torch", "torch")], 4, "cpu", tmp_path)
    assert len(runs) == 20
    assert not any(run.finished(sha256) for run in runs)
    (run,) = (run for run in runs if run.recipe.case == "split" and run.seed == 3)
    run.folder.path.symlink_to(whole["torch"])
    with pytest.raises(CrosscheckError, match=r"holds another run \(other batch_size\)"):
        run.finished(sha256)
    with pytest.raises(CrosscheckError, match="holds 3 epochs, the suite's run has 2"):
        replace(run, recipe=replace(run.recipe, batch_size=20)).finished(sha256)
    own = replace(run, recipe=replace(run.recipe, batch_size=20, epochs=3))
    assert own.finished(sha256)
    with pytest.raises(CrosscheckError, match=r"holds another run \(other data_sha256\)"):
        own.finished("0" * 64)
    suite_results.write(tmp_path / "results.json", "article_000", [own], sha256)
    (result,) = json.loads((tmp_path / "results.json").read_text())["runs"]
    assert 0.1 < result["test_accuracy"] < 1
    assert {"versions", "machine", "seed", "recipe", "best_loss", "data_sha256", "revision"} <= result.keys()
