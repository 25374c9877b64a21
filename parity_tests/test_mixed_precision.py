"""Training in mixed precision: weights in float32, layers that compute in bfloat16, losses in float32."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from crosscheck import checkpoint
from crosscheck.layouts import Weights
from crosscheck.modes import MIXED
from crosscheck.optimizers import Adam
from crosscheck.parameters import initial_weights
from crosscheck.sides import Side, Sides, open_sides
from crosscheck.technique import technique
from crosscheck.training.run_folder import RunFolder
from crosscheck.verification.rows import failures
from crosscheck.verification.trajectory import Course
from crosscheck.verification.verify import verify
from parity_tests import packagings

ROOT = Path(__file__).parent.parent
NET = ("cifar_cnn", "small_bn_before")
STEPS = 12


def trained(side: Side, dtype: str) -> tuple[np.ndarray, Weights, np.ndarray]:
    """Losses, weights, and what is predicted in the end, of a short course."""
    case = technique(NET[0]).model(NET[1])
    generator = np.random.default_rng(0)
    x = generator.normal(size=(STEPS, 8, *case.input_shape[1:])).astype(np.float32)
    y = generator.integers(0, 10, (STEPS, 8))
    session, start = "crosscheck.training.session", initial_weights(dict(case.parameters), 0)
    side.call(f"{session}:begin", side.name, "mixed", *NET, dtype, Adam(0.001), start, STEPS)
    losses, _ = side.call(f"{session}:train", "mixed", x, y)
    found = losses, side.call(f"{session}:weights", "mixed"), side.call(f"{session}:predict", "mixed", x[0])
    side.call(f"{session}:end", "mixed")
    return found


def in_bfloat16(values: np.ndarray) -> bool:
    """Whether bfloat16 could hold all of these float32 numbers."""
    return not (values.view(np.uint32) & 0xFFFF).any()


def test_mixed_precision_is_mixed_on_both_sides(sides: Sides) -> None:
    found = {
        side.name: (trained(side, "float32"), trained(side, MIXED)) for side in (sides.torch, sides.keras)
    }
    for name, ((losses, _, predicted), (mixed, weights, output)) in found.items():
        apart = np.abs(mixed - losses) / losses
        assert 1e-5 < apart.max() < 0.05, (name, apart)
        assert {value.dtype for value in (mixed, output, predicted, *weights.values())} == {
            np.dtype("float32")
        }
        assert (in_bfloat16(output), in_bfloat16(predicted)) == (True, False), name
        assert not in_bfloat16(mixed), f"{name}: losses in bfloat16"
        assert not any(in_bfloat16(weights[kernel]) for kernel in ("fc1.kernel", "block1.conv.kernel")), name
    # What bfloat16 takes from both is of one size, which is also how far it takes them apart.
    (exact, torch), (_, keras) = ((losses[0], mixed[0]) for losses, mixed in found.values())
    assert np.abs(keras - torch).mean() < 2 * np.abs(torch - exact).mean()


@pytest.mark.parametrize("side", ["torch", "keras"])
def test_a_run_in_mixed_precision(side: str, tmp_path: Path) -> None:
    data, out = packagings.as_folder(packagings.binary(), tmp_path / "data"), tmp_path / "run"
    command = [sys.executable, ROOT / "scripts" / f"train_{side}.py", "--recipe", "split_linear/split"]
    more = ["--batch-size", 15, "--epochs", 1, "--dtype", MIXED, "--data", data, "--out", out]
    subprocess.run(list(map(str, command + more)), capture_output=True, check=True, timeout=300)
    assert json.loads((out / "run.json").read_text())["dtype"] == MIXED
    kept = checkpoint.read(out / "checkpoint.safetensors").arrays
    assert "float64" not in {str(value.dtype) for value in kept.values()}
    assert not in_bfloat16(kept["weights/fc1.kernel"])
    assert RunFolder(out).last_epoch()["test_loss"] < 3


def test_what_is_held_of_mixed_precision_is_not_lost_on_the_torch_backend(course: Course) -> None:
    """An assignment to a variable that Keras casts goes to the cast copy there: outputs came back as 0."""
    with open_sides("torch", timeout=300) as sides:
        rows = list(verify([technique("prelu")], sides, [MIXED], course, ["small"]))
    assert any(row.check == "output/training/keras-float64" for row in rows)
    assert not failures(rows)
