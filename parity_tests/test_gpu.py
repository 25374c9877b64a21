"""What is to be seen on a GPU only; where no framework sees one, these are reported as not run."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from crosscheck import commands, gpu
from crosscheck.environment import BACKENDS, gpu_count, gpu_present, machine
from crosscheck.errors import CrosscheckError
from crosscheck.ports import inputs
from crosscheck.ports.comparison import Ports
from crosscheck.ports.diagnosis import diagnose
from crosscheck.sides import Sides, open_sides
from crosscheck.technique import technique
from crosscheck.training.run_folder import KEYS, RunFolder
from crosscheck.verification.rows import failures
from crosscheck.verification.trajectory import Course
from crosscheck.verification.verify import verify

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module", params=BACKENDS)
def cuda_sides(request: pytest.FixtureRequest) -> Iterator[Sides]:
    """Both frameworks on the GPU, for each backend that sees it."""
    if not gpu_present():
        pytest.skip("not run: there is no GPU here")
    with ExitStack() as stack:
        try:
            sides = stack.enter_context(open_sides(request.param, "cuda", timeout=600))
        except CrosscheckError as error:
            # Anything else that goes wrong on a machine with a GPU is a failure.
            if not gpu.ABSENT.search(str(error)):
                raise
            pytest.skip(f"not run: {error}")
        yield sides


@pytest.mark.gpu
@pytest.mark.parametrize(
    ("name", "case"),
    [
        ("split_linear", "split"),
        ("cifar_cnn", "small_bn_before"),
        ("densenet", "small"),
        ("knn_layer", "small"),
    ],
)
def test_a_technique_is_equal_on_the_gpu(name: str, case: str, cuda_sides: Sides, course: Course) -> None:
    rows = list(verify([technique(name)], cuda_sides, ["float64", "float32"], course, [case]))
    assert failures(rows) == []


@pytest.mark.gpu
def test_a_port_of_your_own_is_compared_on_the_gpu(cuda_sides: Sides) -> None:
    ported = ROOT / "parity_tests" / "ported"
    original, given = f"{ported / 'originals.py'}:residual", inputs.read(("2x3x16x24",))
    assert Ports(cuda_sides, original, f"{ported / 'ports.py'}:residual", given).compare().equal
    ports = Ports(cuda_sides, original, f"{ported / 'ports.py'}:residual_epsilon", given)
    fault = next(parted for parted in ports.compare().parted if parted.at_fault)
    cause = diagnose(ports, fault)
    assert cause is not None
    assert [hypothesis.identifier for hypothesis in cause.hypotheses] == ["norm.epsilon"]


@pytest.mark.gpu
def test_neither_framework_takes_the_whole_memory(cuda_sides: Sides) -> None:
    """Both are at work already; what they did not need is free, and a second pair finds room."""
    with open_sides(cuda_sides.backend, "cuda", timeout=600) as others:
        assert others.both("adapter:settings").torch["device"] == "cuda"
        query = ["nvidia-smi", "--query-gpu=memory.used,memory.total", "--format=csv,noheader,nounits"]
        answer = subprocess.run(query, capture_output=True, text=True, check=True)
        used, total = (float(number) for number in answer.stdout.splitlines()[0].split(","))
        assert used < total / 2


@pytest.mark.gpu
def test_tf32_is_off_on_both_sides(cuda_sides: Sides, course: Course) -> None:
    """Read off a product of matrices: TF32 keeps 10 bits of a number, float32 has 23."""
    rows = list(verify([technique("split_linear")], cuda_sides, ["float32"], course, ["split"]))
    for side in ("torch", "keras"):
        (row,) = [row for row in rows if row.check == f"output/{side}-oracle"]
        assert row.passed


def ran(*command: object) -> None:
    answer = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, cwd=ROOT)
    assert answer.returncode == 0, answer.stderr


def trained(side: str, backend: str, device: str, folder: Path, *options: object) -> RunFolder:
    """An epoch of a small net on generated images, in float64."""
    command = [sys.executable, f"scripts/train_{side}.py", "--recipe", "split_linear/split"]
    command += ["--data", "generated", "--epochs", "1", "--batch-size", "100", "--dtype", "float64"]
    command += ["--device", device, *(["--backend", backend] if side == "keras" else [])]
    ran(*command, "--out", folder, *options)
    return RunFolder(folder)


@pytest.mark.gpu
@pytest.mark.parametrize("side", ["torch", "keras"])
def test_the_training_scripts_train_on_the_gpu(side: str, cuda_sides: Sides, tmp_path: Path) -> None:
    here, there = (trained(side, cuda_sides.backend, name, tmp_path / name) for name in ("cpu", "cuda"))
    assert there.facts()["device"] == "cuda"
    assert "cpu" not in there.facts()["framework"]["device"].lower()
    assert not there.facts()["machine"].startswith("GPU unknown")
    # Keras' torch backend computes float64 partly in float32.
    rel = 1e-4 if (side, cuda_sides.backend) == ("keras", "torch") else 1e-9
    assert there.last_epoch()["test_loss"] == pytest.approx(here.last_epoch()["test_loss"], rel=rel)


@pytest.mark.gpu
def test_workers_have_a_gpu_each(cuda_sides: Sides, tmp_path: Path) -> None:
    if gpu_count() < 2:
        pytest.skip("not run: there are no two GPUs here")
    one, two = (trained("torch", "", "cuda", tmp_path / n, "--workers", n) for n in ("1", "2"))
    assert two.last_epoch()["train_loss"] == pytest.approx(one.last_epoch()["train_loss"], rel=1e-12)


@pytest.mark.gpu
def test_trajectories_and_experiments_run_on_the_gpu(cuda_sides: Sides, tmp_path: Path) -> None:
    given = ("--device", "cuda", "--backend", cuda_sides.backend, "--out", tmp_path)
    if cuda_sides.backend != "torch":  # which has no float64 of its own
        recipe = ("split_linear/split", "--data", "generated", "--steps", "20")
        ran(sys.executable, "-m", "crosscheck", "trajectories", *recipe, *given)
        facts = json.loads((tmp_path / "split_linear-split.json").read_text())
        assert not any("cpu" in settings["device"].lower() for settings in facts["settings"].values())
        ran(sys.executable, "-m", "crosscheck", "experiment", "prelu", "--quick", *given)


def test_the_gpu_check_says_in_one_line_that_there_is_no_gpu(tmp_path: Path) -> None:
    if gpu_present():
        pytest.skip("not run: there is a GPU here")
    command = [sys.executable, "scripts/gpu_check.py", "--data", "generated", "--json", tmp_path / "gpu.json"]
    answer = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, cwd=ROOT)
    assert answer.returncode == 2
    assert "error: nothing to check on: torch: PyTorch sees no CUDA device" in answer.stderr
    assert not (tmp_path / "gpu.json").exists()


def test_a_verification_that_broke_off_is_no_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It leaves rows all the same; the same command begins it anew, and without them."""
    begun: list[str] = []

    def broken(command: list[str], fine: tuple[int, ...] = (0,)) -> None:
        begun.append(command[-1])
        assert not Path(command[command.index("--json") + 1]).exists()
        Path(command[command.index("--json") + 1]).write_text("[]")
        raise CrosscheckError("it ended with status 2; see above")

    monkeypatch.setattr(gpu, "backends", lambda: (["jax"], {}))
    monkeypatch.setattr(commands, "run", broken)
    for _ in range(2):
        with pytest.raises(CrosscheckError, match="status 2"):
            next(gpu.check("generated", 1, tmp_path))
    assert len(begun) == 2


def test_a_side_that_crashes_is_not_taken_for_a_missing_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    def crashing(backend: str, *_: object, **__: object) -> ExitStack:
        if backend == "jax":
            raise CrosscheckError("the keras process has died (SIGSEGV)")
        return ExitStack()

    monkeypatch.setattr(gpu, "open_sides", crashing)
    with pytest.raises(CrosscheckError, match="SIGSEGV"):
        gpu.backends()


def test_the_same_losses_are_not_yet_the_same_bits(tmp_path: Path) -> None:
    """Noted losses are means of a hundred steps; the weights tell."""
    facts = dict.fromkeys(KEYS, "") | {"recipe": {"name": "a", "batch_size": 1}}
    runs = [RunFolder(tmp_path / name) for name in ("one", "same", "other")]
    for run, digit in zip(runs, (0.0, 0.0, 1e-16), strict=True):
        run.path.mkdir()
        run.begin(facts, {"w": np.zeros(2)})
        run.log({"kind": "steps", "epoch": 1, "loss": 2.0})
        run.save(1, {"w": np.full(2, digit)}, {})
    assert gpu.noise_between(runs[0], runs[1])["bitwise"]
    found = gpu.noise_between(runs[0], runs[2])
    assert not found["bitwise"]
    assert found["largest_relative_difference_of_losses"] == 0


def test_rows_are_summed_up_by_technique() -> None:
    row: dict[str, object] = {"technique": "a", "case": "b", "check": "output", "dtype": "float64"}
    row |= {"verdict": "equal", "used": 0.0}
    worse = row | {"verdict": "different", "used": 1.5}
    rows = [row, worse, row | {"technique": "c", "verdict": "limited", "used": None}]
    found = gpu.summary(rows)
    assert found["rows"] == 3
    assert found["closest"] == {"a": {"float64": row}, "c": {}}
    assert gpu.failed({"verify": {"jax": found, "torch": found}}) == 2
    rows[2]["verdict"] = "within_rounding"
    found = gpu.summary(rows)
    assert found["verdicts"] == {"a": {"equal": 1, "different": 1}, "c": {"within_rounding": 1}}
    assert found["not_passed"] == [rows[1]]
    assert json.dumps(found)


def test_a_machine_with_a_gpu_is_named_by_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho 'NVIDIA X1, 550.54, 81559 MiB'\necho 'NVIDIA X1, 550.54, 81559 MiB'\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert gpu_count() == 2
    assert machine("cuda").startswith("NVIDIA X1, 550.54, 81559 MiB; NVIDIA X1, 550.54, 81559 MiB; ")
    assert machine("cuda").endswith(machine())
    assert machine("/job:localhost/device:CPU:0") == machine("TFRT_CPU_0") == machine()
    tool.write_text("#!/bin/sh\nexit 9\n")
    assert gpu_count() == 0
    assert machine("cuda").startswith("GPU unknown: nvidia-smi does not answer; ")


def test_the_gpu_check_looks_at_its_images_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "backends", lambda: (["jax"], {}))
    monkeypatch.setattr(commands, "run", lambda *_: pytest.fail("it began"))
    with pytest.raises(CrosscheckError, match="nothing_here"):
        next(gpu.check(str(tmp_path / "nothing_here"), 1, tmp_path))


BEGUN = """
import pathlib, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
try:
    pathlib.Path("begun").touch()
    time.sleep(60)
finally:
    pathlib.Path("ended").touch()
"""
BEGINNING = f"""
import sys
from crosscheck import commands, console
console.end_when_told()
commands.run([sys.executable, "-c", {BEGUN!r}])
"""


def test_what_the_gpu_check_has_begun_ends_with_it(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", BEGINNING], cwd=tmp_path)
    try:
        while not (tmp_path / "begun").exists():
            assert process.poll() is None
            time.sleep(0.05)
        process.terminate()
        assert process.wait(30) == 128 + signal.SIGTERM
        assert (tmp_path / "ended").exists()
    finally:
        process.kill()
