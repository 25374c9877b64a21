"""Trainers that are kept open in a side's process between calls; called over there."""

import importlib

import numpy as np

from crosscheck.layouts import Weights
from crosscheck.optimizers import Optimizer
from crosscheck.training.loop import Trainer

_open: dict[str, Trainer] = {}


def begin(
    side: str,
    key: str,
    technique_name: str,
    case_name: str,
    dtype: str,
    optimizer: Optimizer,
    weights: Weights,
    longest: int,
) -> None:
    """Open a trainer under a key; one that is open under it is replaced."""
    trainer = importlib.import_module(f"{side}_impl.training").Trainer
    _open[key] = trainer(technique_name, case_name, dtype, optimizer, weights, longest)


def train(key: str, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """See `Trainer.train`."""
    return _open[key].train(x, y)


def predict(key: str, x: np.ndarray) -> np.ndarray:
    """See `Trainer.predict`."""
    return _open[key].predict(x)


def weights(key: str) -> Weights:
    """See `Trainer.weights`."""
    return _open[key].weights()


def end(key: str) -> None:
    """Close the trainer."""
    del _open[key]
