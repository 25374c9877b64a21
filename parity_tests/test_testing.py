"""`assert_parity` in a test suite of the user's own: few lines, two processes, messages one can read."""

import subprocess
import sys

import pytest

TORCH = """
from torch import nn
from sizes import WIDTH

def build():
    return nn.Sequential(nn.Linear(6, WIDTH), nn.ReLU(), nn.BatchNorm1d(WIDTH), nn.Linear(WIDTH, 3))

def trained():
    import torch
    model = build()
    return model, torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9), nn.CrossEntropyLoss()
"""
KERAS = """
import keras
from keras import layers
from sizes import WIDTH

def net(epsilon):
    x = keras.Input((6,))
    y = layers.BatchNormalization(epsilon=epsilon, momentum=0.9)(layers.Dense(WIDTH, activation="relu")(x))
    return keras.Model(x, layers.Dense(3)(y))

def build():
    return net(1e-5)

def default():
    return net(1e-3)

def trained(momentum=0.9):
    model = build()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.1, momentum=momentum), loss)
    return model

def slow():
    return trained(0.5)

def dying():
    import os, signal
    os.kill(os.getpid(), signal.SIGKILL)
"""
SUITE = """
import multiprocessing
import pathlib
import sys

import numpy as np
import pytest

from crosscheck import testing
from crosscheck.errors import CrosscheckError
from crosscheck.testing import assert_parity


def test_right():
    assert_parity("net_torch.py:build", "net_keras.py:build", ["5x6"])


def test_mistaken():
    assert_parity("net_torch.py:build", "net_keras.py:default", "5x6")


def test_not_to_be_compared():
    assert_parity("net_torch.py:build", "net_keras.py:nothing", np.ones((5, 6), np.float32))


def test_trained():
    assert_parity("net_torch.py:trained", "net_keras.py:trained", "5x6", target="5:int64:0..2", steps=3)


def test_trained_otherwise():
    assert_parity("net_torch.py:trained", "net_keras.py:slow", "5x6", target=np.arange(5) % 3)


def test_as_modules_and_from_another_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert_parity("net_torch:build", "net_keras:build", "5x6", map={"0": "dense"})


def test_neighbours_of_the_same_name(tmp_path):
    for name in ("net_torch.py", "net_keras.py"):
        (tmp_path / name).write_text(pathlib.Path(name).read_text())
    (tmp_path / "sizes.py").write_text("WIDTH = 9")
    assert_parity(f"{tmp_path}/net_torch.py:build", f"{tmp_path}/net_keras.py:build", "5x6")
    with pytest.raises(CrosscheckError):
        assert_parity("net_torch.py:build", f"{tmp_path}/net_keras.py:build", "5x6")


def test_two_processes_and_no_framework_here():
    assert len(multiprocessing.active_children()) == 2
    assert not {"torch", "keras", "tensorflow"} & set(sys.modules)


def test_a_dead_process_is_replaced():
    with pytest.raises(CrosscheckError, match="the keras process has died .SIGKILL: out of memory"):
        assert_parity("net_torch.py:build", "net_keras.py:dying", "5x6")
    assert_parity("net_torch.py:build", "net_keras.py:build", "5x6")
    assert len(multiprocessing.active_children()) == 2


@pytest.fixture(scope="session", autouse=True)
def logs():
    yield
    print("kept:", list(testing._open))
"""


@pytest.fixture(scope="module")
def answer(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What pytest says of the user's suite."""
    folder = tmp_path_factory.mktemp("repository")
    (folder / "net_torch.py").write_text(TORCH)
    (folder / "net_keras.py").write_text(KERAS)
    (folder / "sizes.py").write_text("WIDTH = 8")
    (folder / "test_parity.py").write_text(SUITE)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", "--tb=short"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600)
    assert done.returncode == 1, done.stdout + done.stderr
    assert not done.stderr
    return done.stdout


def failed(answer: str, name: str) -> str:
    """What is shown of one failure."""
    begin = answer.index(f"_ {name} _")
    ends = [found for end in ("\n___", "\n===") if (found := answer.find(end, begin)) > 0]
    return answer[begin : min(ends)]


def test_only_what_should_fail_does(answer: str) -> None:
    wrong = {line.split("::")[1].split()[0] for line in answer.splitlines() if line.startswith("FAILED")}
    assert wrong == {"test_mistaken", "test_not_to_be_compared", "test_trained_otherwise"}
    assert "3 failed, 6 passed" in answer


def test_a_difference_is_an_assertion_that_says_where_and_why(answer: str) -> None:
    shown = failed(answer, "test_mistaken")
    assert "AssertionError: Different: the outputs are" in shown
    assert "First divergence: torch 2 <-> keras batch_normalization" in shown
    assert "epsilon is 0.001 in keras and 1e-05 in torch" in shown
    # The line of the test, and nothing of what is inside crosscheck.
    assert "testing.py" not in shown
    assert 'assert_parity("net_torch.py:build", "net_keras.py:default", "5x6")' in shown


def test_a_difference_in_training_says_which_step(answer: str) -> None:
    shown = failed(answer, "test_trained_otherwise")
    assert "Equal: the outputs agree" in shown
    assert "AssertionError: Training differs: at step 2" in shown
    assert "sgd.momentum" in shown


def test_what_cannot_be_compared_is_no_assertion(answer: str) -> None:
    shown = failed(answer, "test_not_to_be_compared")
    assert "CrosscheckError: keras: " in shown
    assert "has no function 'nothing'; it has: " in shown
    assert "AssertionError" not in shown
