"""The files of a training run, each of them whole at any moment.

run.json             what is trained, on what, with which versions
initial.safetensors  the weights it starts from
checkpoint.safetensors  the state after the last whole epoch
metrics.jsonl        one line for every stretch of steps and for every epoch
lock                 held by the process that trains
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from crosscheck import checkpoint
from crosscheck.errors import CheckpointError, CrosscheckError
from crosscheck.layouts import Weights
from crosscheck.recipes.recipe import SCHEDULE

Row = dict[str, Any]

# Without these in run.json, nothing can be done with a run.
KEYS = ("recipe", "side", "backend", "seed", "data", "data_sha256", "train_images", "versions", "machine")

# What runs of before there was a choice do not say.
BEFORE = {"dtype": "float32", "mode": "", "workers": 1, "synchronized": True}

OPTIMIZER = "optimizer/"
WEIGHTS = "weights/"


def other_than(facts: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    """In what a run is not the wanted one; empty if it is.

    What was published may differ, and so may the number of epochs, unless the learning rate follows it.

    Args:
        facts: of the run, as its run.json has them.
        wanted: what they should be, as far as it matters.
    """
    kept: dict[str, Any] = {**BEFORE, **facts}
    wanted = json.loads(json.dumps(wanted))  # a tuple is a list in a file
    differing = [key for key, value in wanted.items() if key != "recipe" and kept.get(key) != value]
    recipe = wanted.get("recipe", {})
    free = ("published",) if any(key in recipe for key in SCHEDULE) else ("published", "epochs")
    return differing + [key for key in recipe if key not in free and kept["recipe"].get(key) != recipe[key]]


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

    def require_ready(self, resume: bool) -> None:
        """Make sure that a run can be begun here, or resumed.

        Raises:
            CrosscheckError: there is a run and it is not to be resumed, or there is none to resume.
        """
        if self.path.exists() and not self.path.is_dir():
            raise CrosscheckError(f"{self.path}: is a file; --out must be a folder")
        if resume and not self.exists():
            raise CrosscheckError(f"{self.path}: no run to resume; begin one without --resume")
        if self.exists() and not resume:
            raise CrosscheckError(f"{self.path}: holds a run already; --resume it, or choose another --out")

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Within the block no other process trains here.

        Raises:
            CrosscheckError: one does already.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self.path / "lock", timeout=0):
                yield
        except Timeout:
            raise CrosscheckError(f"{self.path}: another process is training here") from None

    def begin(self, facts: Mapping[str, Any], initial: Weights) -> None:
        """Write down what is to be trained, and from which weights."""
        self._checkpoint.unlink(missing_ok=True)  # of a run whose run.json was removed
        checkpoint.save(self.path / "initial.safetensors", initial, {"what": "initial weights"})
        checkpoint.write_text(self._metrics, "")
        self._write_facts(facts)

    def facts(self) -> dict[str, Any]:
        """What is trained here.

        Raises:
            CrosscheckError: there is no run here, or its run.json is damaged.
        """
        try:
            facts: dict[str, Any] = BEFORE | json.loads(self._facts.read_text())
            missing = [key for key in KEYS if key not in facts]
            facts["recipe"]["name"], facts["recipe"]["batch_size"]
        except FileNotFoundError:
            raise CrosscheckError(f"{self.path}: there is no training run here (no run.json)") from None
        except (ValueError, TypeError, KeyError) as error:
            raise CrosscheckError(f"{self._facts}: damaged ({type(error).__name__}: {error})") from None
        if missing:
            raise CrosscheckError(f"{self._facts}: damaged: {', '.join(missing)} missing")
        return facts

    def require(self, wanted: Mapping[str, Any]) -> None:
        """Make sure that the run here is the wanted one.

        What was published may differ, and so may the number of epochs, unless the learning rate follows it.

        Raises:
            CrosscheckError: it is another run; the message says in what.
        """
        if differing := other_than(self.facts(), wanted):
            raise CrosscheckError(
                f"{self.path}: holds another run (other {', '.join(differing)}); use the options it was "
                "begun with, or choose another --out"
            )

    def resumed(self, epochs: int, session: Mapping[str, Any] | None) -> None:
        """Write down that the run goes on.

        Args:
            epochs: how long it is to be now.
            session: the circumstances, where they are others than before.
        """
        facts = self.facts()
        facts["recipe"]["epochs"] = epochs
        sessions = [*facts.get("resumed", []), *([session] if session else [])]
        self._write_facts(facts | ({"resumed": sessions} if sessions else {}))

    def save(self, epoch: int, weights: Weights, optimizer: Weights) -> None:
        """Keep the state after an epoch, in place of the one before."""
        arrays = {WEIGHTS + name: array for name, array in weights.items()}
        arrays |= {OPTIMIZER + name: array for name, array in optimizer.items()}
        checkpoint.save(self._checkpoint, arrays, {"epoch": epoch})

    def state(self) -> tuple[int, Weights, Weights]:
        """The last kept epoch with weights and optimizer state; epoch 0 if none was finished.

        Raises:
            CheckpointError: the file is damaged, or is no checkpoint of a run.
        """
        if not self._checkpoint.exists():
            return 0, checkpoint.read(self.path / "initial.safetensors").arrays, {}
        kept = checkpoint.read(self._checkpoint)
        epoch = kept.facts.get("epoch")
        if not isinstance(epoch, int):
            raise CheckpointError(f"{self._checkpoint}: is no checkpoint of a training run")
        weights, optimizer = (
            {name.removeprefix(prefix): a for name, a in kept.arrays.items() if name.startswith(prefix)}
            for prefix in (WEIGHTS, OPTIMIZER)
        )
        return epoch, weights, optimizer

    def epochs_done(self) -> int:
        """How many epochs are kept."""
        return self.state()[0]

    def log(self, row: Row) -> None:
        """Add a line to the metrics."""
        with self._metrics.open("a") as file:
            file.write(json.dumps(row) + "\n")

    def metrics(self) -> list[Row]:
        """Every line of the metrics; a last line that was cut off by a kill is left out.

        Raises:
            CrosscheckError: there are none, or a line is damaged.
        """
        rows: list[Row] = []
        try:
            *lines, _ = self._metrics.read_text().split("\n")
        except (OSError, UnicodeDecodeError):
            raise CrosscheckError(f"{self.path}: there is no training run here (no metrics.jsonl)") from None
        for number, line in enumerate(lines, start=1):
            try:
                row = json.loads(line)
                row["kind"], row["epoch"]
            except (ValueError, TypeError, KeyError):
                raise CrosscheckError(f"{self._metrics}: line {number} is damaged") from None
            rows.append(row)
        return rows

    def last_epoch(self) -> Row:
        """What the metrics say of the last whole epoch.

        Raises:
            CrosscheckError: they say nothing of any.
        """
        epochs = [row for row in self.metrics() if row["kind"] == "epoch"]
        if not epochs:
            raise CrosscheckError(f"{self._metrics}: damaged: it holds no whole epoch")
        return epochs[-1]

    def forget_after(self, epoch: int) -> None:
        """Drop the metrics of epochs that will be trained again, and a line that was cut off."""
        kept = [json.dumps(row) for row in self.metrics() if row["epoch"] <= epoch]
        checkpoint.write_text(self._metrics, "".join(line + "\n" for line in kept))

    def _write_facts(self, facts: Mapping[str, Any]) -> None:
        checkpoint.write_text(self._facts, json.dumps(facts, indent=2) + "\n")
