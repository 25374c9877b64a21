"""The training loop's own arithmetic, with a trainer whose loss is known: nothing of a framework is in it."""

from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from crosscheck.data.dataset import Dataset
from crosscheck.data.split import Split
from crosscheck.layouts import Weights
from crosscheck.recipes.recipe import Recipe, recipe
from crosscheck.training import loop
from crosscheck.training.run_folder import RunFolder

IMAGES, BATCH_SIZE, EPOCHS = 37, 8, 2
CLASSES = 10


class Brightness:
    """Its loss is the mean pixel of a batch; it is sure of the class that an image's brightness names."""

    given: ClassVar[list[np.ndarray]] = []

    def __init__(self, *_: object) -> None:
        Brightness.given = []

    def train(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Notes the order of the images."""
        means = x.mean(axis=(2, 3, 4))
        Brightness.given.append(means.ravel())
        return means.mean(axis=1), (self.named(means) == y).sum(axis=1)

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Logits."""
        return np.asarray(9.0 * np.eye(CLASSES, dtype=np.float32)[self.named(x.mean(axis=(1, 2, 3)))])

    @staticmethod
    def named(brightness: np.ndarray) -> np.ndarray:
        """The class that is named."""
        return np.asarray(np.round(255 * brightness).astype(int) % CLASSES)

    def weights(self) -> Weights:
        """None."""
        return {}

    def optimizer_state(self) -> Weights:
        """None."""
        return {}

    def restore(self, *_: object) -> None:
        """Nothing to restore."""


def images() -> Split:
    """The nth image has brightness n; a third of the labels are other than that names."""
    pixels = np.repeat(np.arange(IMAGES, dtype=np.uint8), 32 * 32 * 3).reshape(IMAGES, 32, 32, 3)
    labels = (np.arange(IMAGES) + (np.arange(IMAGES) % 3 == 0) * 3) % CLASSES
    return Split(pixels, labels.astype(np.uint8))


def trained(folder: Path) -> list[dict[str, object]]:
    """The metrics of two epochs."""
    data = Dataset("here", images(), images(), tuple("abcdefghij"), "0" * 64)
    settings = loop.Settings("torch", "torch", "cpu", "float64", "", 1, 1, True, "here", 0, {})
    run = RunFolder(folder)
    loop.train(Brightness, small(), settings, data, run, resume=False)
    return run.metrics()


def small() -> Recipe:
    return replace(recipe("cifar_cnn/baseline"), epochs=EPOCHS, batch_size=BATCH_SIZE)


def test_every_image_counts_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also those of the smaller last batch, in training and in evaluation."""
    monkeypatch.setattr(loop, "EVALUATION_IMAGES", 16)
    epochs = [row for row in trained(tmp_path / "run") if row["kind"] == "epoch"]
    assert len(epochs) == EPOCHS
    right = float(np.mean(np.arange(IMAGES) % 3 != 0))
    certain = np.log(np.exp(9.0) + CLASSES - 1) - 9.0  # the cross entropy of the class that is named
    for row in epochs:
        assert row["train_loss"] == pytest.approx((IMAGES - 1) / 2 / 255, rel=1e-6)
        assert row["train_accuracy"] == row["test_accuracy"] == pytest.approx(right, rel=1e-12)
        assert row["test_loss"] == pytest.approx(certain + 9.0 * (1 - right), rel=1e-6)


def test_every_epoch_has_all_images_in_an_order_of_its_own(tmp_path: Path) -> None:
    trained(tmp_path / "run")
    shown = np.round(255 * np.concatenate(Brightness.given)).astype(int).reshape(EPOCHS, IMAGES)
    for order in shown:
        assert sorted(order) == list(range(IMAGES))
    assert not np.array_equal(shown[0], shown[1])


def test_a_line_of_the_metrics_is_the_mean_of_its_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "ROW_STEPS", 2)
    rows = [row for row in trained(tmp_path / "run") if row["kind"] == "steps" and row["epoch"] == 1]
    assert [row["steps"] for row in rows] == [2, 2, 1]  # four whole batches, and the smaller last one
    first = np.concatenate(Brightness.given)[: 2 * BATCH_SIZE]
    assert rows[0]["loss"] == pytest.approx(first.mean(), rel=1e-9)
