"""The command: help with examples, exit statuses, bad input in one line, small terminals."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from crosscheck import cli
from crosscheck.environment import gpu_present
from crosscheck.training.command import command

MODELS = [f"{__file__}:f"] * 2  # a file that is there
COMMANDS = {name: (cli.main, name) for name in cli.main.commands}
COMMANDS |= {f"train {side}": (command(side),) for side in ("torch", "keras")}
CUDA = ("--device", "cuda")
WITHOUT_GPU = pytest.mark.skipif(gpu_present(), reason="not run: there is a GPU here")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(name: str) -> None:
    program, *arguments = COMMANDS[name]
    for flag in ("--help", "-h"):
        result = CliRunner().invoke(program, [*arguments, flag])
        assert result.exit_code == 0
        assert "Example:" in result.output


def run(*arguments: str, columns: int = 80) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "crosscheck", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env=os.environ | {"COLUMNS": str(columns)},
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["verify", "nothing"], "there is no technique 'nothing'; there are: batch_size, bn_"),
        (["verify", "split_linear", "--case", "odd"], "split_linear has no case 'odd'; it has: layer"),
        (["verify", "--data", "/nowhere"], "/nowhere: there is no such file or folder"),
        (["verify", "--backend", "mxnet"], "'mxnet' is not one of"),
        pytest.param(["verify", *CUDA], "sees no CUDA device; use --device cpu", marks=WITHOUT_GPU),
        pytest.param(
            ["compare", *MODELS, "--input", "2x3", *CUDA], "sees no CUDA device; use", marks=WITHOUT_GPU
        ),
        (["suite", "nothing", "--data", "generated"], "there is no suite 'nothing'; there are: article_000"),
        (["curves"], "Missing argument"),
        (["verify", "--json", "/proc/nowhere/rows.json"], "there is no folder /proc/nowhere"),
        (["verify", "--json", "/tmp"], "File '/tmp' is a directory"),
        (["nonsense"], "No such command"),
    ],
)
def test_bad_input_is_one_line_and_status_2(arguments: list[str], message: str) -> None:
    answer = run(*arguments)
    assert answer.returncode == 2
    assert message in answer.stderr
    assert "Traceback" not in answer.stderr


def test_list_names_every_technique_case_and_recipe() -> None:
    answer = run("list")
    assert answer.returncode == 0
    for part in ("split_linear", "control", "62,186", "split_linear/adjusted"):
        assert part in answer.stdout


def test_verify_in_a_small_terminal(tmp_path: Path) -> None:
    file = tmp_path / "rows.json"
    answer = run("verify", "split_linear", "--case", "layer", "--steps", "2", "--json", str(file), columns=60)
    assert answer.returncode == 0, answer.stderr
    table, _, _ = answer.stdout.partition("\n\n")
    assert max(len(line) for line in table.splitlines()) <= 60
    assert "input_gradient" in table  # not cut up
    assert "checks passed (Keras on tensorflow, cpu)" in answer.stdout
    facts = json.loads(file.read_text())
    rows = facts["rows"]
    assert {"versions", "machine", "revision", "settings", "seed", "steps", "data_sha256"} <= facts.keys()
    assert {row["dtype"] for row in rows} == {"float64", "float32"}
    assert {row["verdict"] for row in rows} <= {"equal", "within_rounding"}
    assert answer.stderr == ""


def test_ctrl_c_inside_a_librarys_callback_is_not_lost() -> None:
    """JAX has a callback for the garbage collector; Python drops what is raised in there."""
    code = (
        "import gc, os, signal, sys\n"
        "from crosscheck import console\n"
        "sys.unraisablehook = lambda dropped: None\n"
        "def callback(phase, info):\n"
        "    if phase == 'start': gc.callbacks.remove(callback); os.kill(os.getpid(), signal.SIGINT)\n"
        "with console.for_user():\n"
        "    gc.callbacks.append(callback)\n"
        "    gc.collect()\n"
        "    print('dropped')\n"
        "    console.raise_if_interrupted()\n"
        "    print('went on')\n"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stdout, answer.stderr) == (130, "dropped\n", "Interrupted.\n")


def test_ctrl_c_while_the_commands_are_loaded_shows_no_traceback() -> None:
    told = [sys.executable, "-X", "importtime", "-m", "crosscheck", "list"]
    with subprocess.Popen(told, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as begun:
        said = []
        for line in begun.stderr:
            said.append(line)
            if line.rpartition("|")[2].strip() == "click":
                begun.send_signal(signal.SIGINT)
        assert begun.wait() == -signal.SIGINT
    assert all(line.startswith("import time:") for line in said)
    assert not any("crosscheck.cli" in line for line in said)


def test_an_interrupted_verify_writes_no_file_that_looks_whole(tmp_path: Path) -> None:
    file = tmp_path / "rows.json"
    command = [sys.executable, "-c", INTERRUPTED, "verify", "--case", "layer", "--json", str(file)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert (answer.returncode, answer.stdout, answer.stderr) == (130, "", "Interrupted.\n")
    assert not file.exists()


# The command with a Ctrl-C after its first ten rows.
INTERRUPTED = """
import itertools, os, signal
from crosscheck import cli
from crosscheck.verification import pool

def interrupted(*arguments, all_rows=pool.verify_together):
    yield from itertools.islice(all_rows(*arguments), 10)
    os.kill(os.getpid(), signal.SIGINT)

if __name__ == "__main__":
    pool.verify_together = interrupted
    cli.main()
"""
