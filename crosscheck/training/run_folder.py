"""The files of a training run, each of them whole at any moment.

run.json             what is trained, on what, with which versions
initial.safetensors  the weights it starts from
checkpoint.safetensors  the state after the last whole epoch
metrics.jsonl        one line for every stretch of steps and for every epoch
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crosscheck import checkpoint
from crosscheck.errors import CrosscheckError
from crosscheck.layouts import Weights

Row = dict[str, Any]

OPTIMIZER = "optimizer/"
WEIGHTS = "weights/"


class RunFolder:
    """Reads and writes the files of one run.

    Args:
        path: the folder; it need not exist before the first file is written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._facts = path / "run.json"
        self._checkpoint = path / "checkpoint.safetensors"
        self._metrics = path / "metrics.jsonl"

    def exists(self) -> bool:
        """Whether a run was begun here."""
        return self._facts.exists()

    def begin(self, facts: Mapping[str, Any], initial: Weights) -> None:
        """Write down what is to be trained, and from which weights."""
        checkpoint.save(self.path / "initial.safetensors", initial, {"what": "initial weights"})
        self._metrics.write_text("")
        checkpoint.write_text(self._facts, json.dumps(facts, indent=2) + "\n")

    def facts(self) -> dict[str, Any]:
        """What is trained here.

        Raises:
            CrosscheckError: there is no run here, or its run.json is damaged.
        """
        try:
            facts: dict[str, Any] = json.loads(self._facts.read_text())
        except FileNotFoundError:
            raise CrosscheckError(f"{self.path}: there is no training run here (no run.json)") from None
        except (OSError, ValueError) as error:
            raise CrosscheckError(f"{self._facts}: cannot be read ({error})") from None
        return facts

    def save(self, epoch: int, weights: Weights, optimizer: Weights) -> None:
        """Keep the state after an epoch, in place of the one before."""
        arrays = {WEIGHTS + name: array for name, array in weights.items()}
        arrays |= {OPTIMIZER + name: array for name, array in optimizer.items()}
        checkpoint.save(self._checkpoint, arrays, {"epoch": epoch})

    def state(self) -> tuple[int, Weights, Weights]:
        """The last kept epoch with weights and optimizer state; epoch 0 if none was finished."""
        if not self._checkpoint.exists():
            return 0, checkpoint.read(self.path / "initial.safetensors").arrays, {}
        kept = checkpoint.read(self._checkpoint)
        weights, optimizer = (
            {name.removeprefix(prefix): a for name, a in kept.arrays.items() if name.startswith(prefix)}
            for prefix in (WEIGHTS, OPTIMIZER)
        )
        return int(kept.facts["epoch"]), weights, optimizer

    def log(self, row: Row) -> None:
        """Add a line to the metrics."""
        with self._metrics.open("a") as file:
            file.write(json.dumps(row) + "\n")

    def metrics(self) -> list[Row]:
        """Every whole line of the metrics; a line that was cut off when the run was killed is left out."""
        try:
            lines = self._metrics.read_text().splitlines()
        except OSError:
            raise CrosscheckError(f"{self.path}: there is no training run here (no metrics.jsonl)") from None
        return [json.loads(line) for line in lines if re.fullmatch(r"\{.*\}", line)]

    def forget_after(self, epoch: int) -> None:
        """Drop the metrics of epochs that will be trained again."""
        kept = [json.dumps(row) for row in self.metrics() if row["epoch"] <= epoch]
        checkpoint.write_text(self._metrics, "".join(line + "\n" for line in kept))
