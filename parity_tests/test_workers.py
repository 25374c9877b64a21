"""Several workers share out every batch and change nothing by it, in either framework."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from crosscheck import checkpoint
from crosscheck.environment import gpu_present
from crosscheck.modes import MIXED
from crosscheck.recipes.recipe import recipes
from crosscheck.sides import Sides
from crosscheck.technique import technique
from crosscheck.training import launch
from crosscheck.training.run_folder import RunFolder
from crosscheck.training.workers import part
from parity_tests import packagings

ROOT = Path(__file__).parent.parent
TORCHRUN = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node")
RELATIVE = 1e-12
# 100 images: six batches of 15, and one of 10.
SMALL = ("--recipe", "split_linear/split", "--batch-size", 15, "--dtype", "float64", "--seed", 3)

Results = dict[str, np.ndarray]
# Batch norms are made ones of all workers; those of a worker alone need images.
WITHOUT_NORM = sorted(
    {
        (recipe.technique, recipe.case)
        for recipe in recipes().values()
        if not any("moving" in name for name in technique(recipe.technique).model(recipe.case).parameters)
    }
)


@pytest.mark.parametrize(("technique_name", "case"), WITHOUT_NORM)
def test_a_worker_may_have_no_part_of_the_last_batch(technique_name: str, case: str, sides: Sides) -> None:
    found = sides.torch.call("parity_tests.batches_of_none:trained", technique_name, case)
    assert found == ((0, 10), True)


def run(*command: object, status: int = 0) -> str:
    answer = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, check=False, timeout=400, cwd=ROOT
    )
    assert answer.returncode == status, answer.stderr
    return answer.stderr


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Results]:
    """What a short course of some workers comes to; each is run once."""
    known: dict[tuple[object, ...], Results] = {}
    folder = tmp_path_factory.mktemp("courses")

    def ask(
        backend: str, count: int, case: str, optimizer: str, moments: str = "whole", dtype: str = "float64"
    ) -> Results:
        key = (backend, count, case, optimizer, moments, dtype)
        if key not in known:
            side = "torch" if backend == "torch" else "keras"
            start = (*TORCHRUN, count) if side == "torch" and count > 1 else (sys.executable,)
            file = folder / f"{len(known)}.npz"
            module = "parity_tests.course_of_workers"
            run(*start, "-m", module, side, *key, file)
            known[key] = dict(np.load(file))
        return known[key]

    return ask


def apart(one: Results, other: Results, beginning: str) -> float:
    """The largest difference, relative to the tensor it is in."""
    names = [name for name in one if name.startswith(beginning)]
    assert names
    assert one.keys() == other.keys()
    return max(float(np.abs(one[n] - other[n]).max() / max(np.abs(one[n]).max(), 1e-3)) for n in names)


def test_every_row_is_some_workers() -> None:
    for size, count in ((8, 2), (7, 2), (7, 3), (1, 3), (0, 2)):
        parts = [list(range(size))[part(size, number, count)] for number in range(count)]
        assert [row for rows in parts for row in rows] == list(range(size))
        assert max(map(len, parts)) - min(map(len, parts)) <= 1


# Global-norm clipping is what goes wrong when each worker clips for itself; batches that do not divide are
# at the end of every course.
@pytest.mark.parametrize(
    ("backend", "count", "case", "optimizer"),
    [
        ("torch", 2, "small", "clip"),
        ("torch", 3, "small_bn_before", "decay"),
        ("tensorflow", 2, "small", "clip"),
        ("tensorflow", 3, "small_bn_before", "decay"),
        ("jax", 2, "small_bn_before", "clip"),
    ],
)
def test_workers_train_as_one_does(
    backend: str, count: int, case: str, optimizer: str, course: Callable[..., Results]
) -> None:
    one, several = (course(backend, n, case, optimizer) for n in (1, count))
    assert np.array_equal(one["hits"], several["hits"])
    for name in ("losses", "predicted", "weight/", "state/"):
        assert apart(one, several, name) < RELATIVE
    assert several["kept"] == 0  # or an epoch's images would stay in memory
    if backend == "jax":  # eight images are shared out, seven are not
        assert [set(one["shares"]), set(several["shares"])] == [{8, 7, 1}, {4, 7, 1}]


@pytest.mark.parametrize("backend", ["torch", "tensorflow"])
def test_workers_in_mixed_precision(backend: str, course: Callable[..., Results]) -> None:
    one, two = (course(backend, n, "small_bn_before", "decay", "whole", MIXED) for n in (1, 2))
    assert two["losses"].dtype == np.float32
    assert apart(one, two, "losses") < 0.005  # bfloat16 has three digits


@pytest.mark.parametrize("backend", ["torch", "tensorflow"])
def test_batch_norm_of_each_worker_alone_is_another_model(
    backend: str, course: Callable[..., Results]
) -> None:
    """The difference that synchronized batch norm closes; in the very first loss already."""
    case = ("small_bn_before", "decay")
    one, whole, local = (course(backend, *rest) for rest in ((1, *case), (3, *case), (3, *case, "local")))
    assert apart(one, whole, "losses") < RELATIVE
    assert abs(one["losses"][0] - local["losses"][0]) > 1e-4 * one["losses"][0]
    assert all(np.isfinite(value).all() for value in local.values())


def test_the_frameworks_agree_on_several_workers(course: Callable[..., Results]) -> None:
    torch, keras = (course(backend, 3, "small_bn_before", "decay") for backend in ("torch", "tensorflow"))
    assert max(abs(torch["losses"] - keras["losses"]) / torch["losses"]) < RELATIVE


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few images, so that an epoch is soon done."""
    return packagings.as_folder(packagings.binary(), tmp_path_factory.mktemp("few"))


def train(side: str, data: Path, out: Path, *options: object) -> list[str]:
    script = ROOT / "scripts" / f"train_{side}.py"
    return list(map(str, (script, *SMALL, "--data", data, "--out", out, *options)))


def losses(folder: Path) -> np.ndarray:
    return np.array([row["loss"] for row in RunFolder(folder).metrics() if row["kind"] == "steps"])


def same(one: Path, other: Path) -> None:
    assert np.abs(losses(one) / losses(other) - 1).max() < RELATIVE
    weights = [checkpoint.read(folder / "checkpoint.safetensors").arrays for folder in (one, other)]
    assert all(np.abs(weights[0][name] - weights[1][name]).max() < RELATIVE for name in weights[0])


def test_a_killed_worker_ends_the_run_in_order_and_others_go_on(few: Path, tmp_path: Path) -> None:
    run_of_two, one = tmp_path / "two", tmp_path / "one"
    process = subprocess.Popen(
        [*TORCHRUN, "2", *train("torch", few, run_of_two, "--epochs", 9_999)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    deadline = time.monotonic() + 200
    while not (run_of_two / "checkpoint.safetensors").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    children = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True, check=True)
    os.kill(int(children.stdout.split()[-1]), signal.SIGKILL)
    _, errors = process.communicate(timeout=100)
    assert process.returncode != 0
    (line,) = re.findall(r"error: worker \d of 2: .*", errors)
    assert "another worker has died; --resume goes on after the last whole epoch in" in line
    assert 'train_torch.py", line' not in errors  # the only traceback is the one that torchrun ends with
    epochs = RunFolder(run_of_two).epochs_done() + 1
    # As a suite starts it: the module in place of the script.
    resumed = train("torch", few, run_of_two, "--epochs", epochs, "--resume", "--workers", 3)[1:]
    told = run(sys.executable, "-m", "crosscheck.training", "torch", *resumed)
    assert re.search("other .*workers than before", told)
    run(sys.executable, *train("torch", few, one, "--epochs", epochs))
    same(one, run_of_two)


def begun(*command: object) -> subprocess.Popen[str]:
    """Two workers of the script's own, once the first epoch is kept."""
    process = subprocess.Popen(
        [sys.executable, *map(str, command), "--workers", "2", "--epochs", "9999"],
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    folder = Path(command[list(command).index("--out") + 1])
    deadline = time.monotonic() + 200
    while not (folder / "checkpoint.safetensors").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return process


@pytest.mark.parametrize(
    ("number", "whom", "status", "told"),
    [
        (signal.SIGINT, "all", 130, "Interrupted. --resume goes on after the last whole epoch in"),
        (signal.SIGKILL, "one", 2, "error: worker 2 of 2 was killed (SIGKILL); --resume goes on after"),
    ],
)
def test_workers_of_the_script_s_own_end_in_one_line(
    number: int, whom: str, status: int, told: str, few: Path, tmp_path: Path
) -> None:
    process = begun(*train("torch", few, tmp_path / "run"))
    told_at = time.monotonic()
    if whom == "all":  # they are in sessions of their own, as after Ctrl-C in a terminal
        process.send_signal(number)
    else:
        children = subprocess.run(
            ["pgrep", "-P", str(process.pid)], capture_output=True, text=True, check=True
        )
        os.kill(int(children.stdout.split()[-1]), number)
    _, errors = process.communicate(timeout=100)
    assert process.returncode == status
    assert told in errors
    assert "Traceback" not in errors
    assert time.monotonic() - told_at < launch.PATIENCE  # or nobody had told the workers


def test_one_process_trains_in_a_folder(few: Path, tmp_path: Path) -> None:
    process = begun(*train("torch", few, tmp_path / "run"))
    told = run(sys.executable, *train("torch", few, tmp_path / "run", "--resume"), status=2)
    assert "another process is training here" in told
    process.terminate()
    process.communicate(timeout=100)
    assert process.returncode == 143
    run(sys.executable, *train("torch", few, tmp_path / "run", "--resume", "--epochs", 1))


# On jax only batches that divide are shared out.
@pytest.mark.parametrize("options", [("--backend", "tensorflow"), ("--backend", "jax", "--batch-size", 20)])
def test_a_run_goes_on_with_another_number_of_keras_workers(
    options: tuple[object, ...], few: Path, tmp_path: Path
) -> None:
    """With two, after that with one, against one all the time."""
    for name, epochs, workers in (("one", 2, 1), ("other", 1, 2)):
        more = ("--epochs", epochs, "--workers", workers, *options)
        run(sys.executable, *train("keras", few, tmp_path / name, *more))
    run(sys.executable, *train("keras", few, tmp_path / "other", "--epochs", 2, "--resume", *options))
    same(tmp_path / "one", tmp_path / "other")


def test_a_keras_worker_may_have_no_part_of_the_last_batch(few: Path, tmp_path: Path) -> None:
    """Float32, since oneDNN does not know float64; a test on CPUs that TensorFlow uses oneDNN on."""
    options = ("--recipe", "cifar_cnn/bn_before", "--dtype", "float32", "--batch-size", 33, "--epochs", 1)
    run(sys.executable, *train("keras", few, tmp_path / "run", "--workers", 2, *options))
    assert RunFolder(tmp_path / "run").facts()["framework"]["TF_ENABLE_ONEDNN_OPTS"] == "0"


def test_what_workers_cannot_do_is_said_in_one_line(few: Path, tmp_path: Path) -> None:
    for side, options, complaint in (
        ("torch", ("--workers", 16), "a batch of 15 cannot be shared out among 16 workers"),
        (
            "torch",
            ("--workers", 3, "--batch-size", 14, "--local-batch-norm"),
            "last batch of an epoch holds 2",
        ),
        ("torch", ("--workers", 2, "--mode", "compile"), "torch has no mode 'compile' for several workers"),
        (
            "keras",
            ("--workers", 2, "--mode", "xla"),
            "keras on tensorflow has no mode 'xla' for several workers",
        ),
        (
            "keras",
            ("--workers", 2, "--backend", "torch"),
            "keras on torch cannot be used for several workers (it trains on one device)",
        ),
        ("keras", ("--workers", 2, "--backend", "jax", "--local-batch-norm"), "batch norm cannot be local"),
    ):
        told = run(sys.executable, *train(side, few, tmp_path / "run", *options), status=2)
        assert complaint in told
        assert "Traceback" not in told
    assert not (tmp_path / "run").exists()


@pytest.mark.skipif(gpu_present(), reason="not run: there is a GPU here")
def test_workers_without_gpus_of_their_own(few: Path, tmp_path: Path) -> None:
    command = train("torch", few, tmp_path / "run", "--workers", 2, "--device", "cuda")
    told = run(sys.executable, *command, status=2)
    assert "2 workers on this machine, but PyTorch sees 0 GPUs" in told
    assert "Traceback" not in told
    assert not (tmp_path / "run").exists()
