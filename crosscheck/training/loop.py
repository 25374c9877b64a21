"""The training loop that both sides run: what is trained on which images in which order.

A side only takes steps; see `Trainer`. So that two runs differ by their framework and by nothing
else, initial weights, batches, metrics and files come from here.
"""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np

from crosscheck import console, modes
from crosscheck.data import batches
from crosscheck.data.dataset import Dataset
from crosscheck.data.split import Split
from crosscheck.environment import machine, revision, versions
from crosscheck.errors import CrosscheckError
from crosscheck.layouts import Weights
from crosscheck.optimizers import Optimizer
from crosscheck.parameters import initial_weights
from crosscheck.recipes.recipe import Recipe
from crosscheck.reference.losses import cross_entropy
from crosscheck.technique import technique
from crosscheck.training.run_folder import RunFolder

# Images that one call into the framework is given: enough that Python is seldom in the way, few
# enough that the progress bar moves.
CHUNK_IMAGES = 8_000
# Steps that one line of the metrics averages over.
ROW_STEPS = 100
EVALUATION_IMAGES = 2_000
# Where there is no terminal for a progress bar, a line this often.
QUIET_SECONDS = 30.0


class Trainer(Protocol):
    """What a side does; `torch_impl.training.Trainer` and `keras_impl.training.Trainer`."""

    def __init__(
        self,
        technique_name: str,
        case_name: str,
        dtype: str,
        optimizer: Optimizer,
        weights: Weights,
        longest: int,
    ) -> None: ...
    def train(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]: ...
    def predict(self, x: np.ndarray) -> np.ndarray: ...
    def weights(self) -> Weights: ...
    def optimizer_state(self) -> Weights: ...
    def restore(self, weights: Weights, state: Weights) -> None: ...


@dataclass(frozen=True)
class Settings:
    """What the user chose beside the recipe. The recipe's own epochs and batch size are replaced.

    Attributes:
        side: "torch" or "keras".
        backend: Keras' backend; "torch" for PyTorch.
        device: "cpu" or "cuda".
        dtype: of weights and computations, or "mixed_bfloat16".
        mode: in which the framework executes the model, see `crosscheck.modes`.
        threads: of the framework, in each worker.
        workers: that share out every batch.
        synchronized: whether batch norm takes its moments over the whole batch, and not over a worker's part.
        data: as the user named it.
        seed: of initial weights and batch order.
        framework: what the framework says of itself: threads, TF32, determinism.
    """

    side: str
    backend: str
    device: str
    dtype: str
    mode: str
    threads: int
    workers: int
    synchronized: bool
    data: str
    seed: int
    framework: Mapping[str, Any]


def train(
    trainer_class: type[Trainer],
    recipe: Recipe,
    settings: Settings,
    dataset: Dataset,
    folder: RunFolder,
    resume: bool,
) -> dict[str, Any]:
    """Train a recipe, or go on with it.

    Args:
        trainer_class: the side's.
        recipe: with the user's epochs and batch size.
        settings: what the user chose beside the recipe.
        dataset: images to train on and to test on.
        folder: where the run is kept.
        resume: go on after the last whole epoch that `folder` keeps.

    Returns:
        the last epoch's line of the metrics.

    Raises:
        CrosscheckError: the folder holds a run and `resume` is not set, or holds another run.
    """
    parameters = dict(technique(recipe.technique).model(recipe.case).parameters)
    optimizer = recipe.scheduled(len(dataset.train))
    facts = _facts(recipe, settings, dataset)
    with folder.alone():
        folder.require_ready(resume)
        if not resume:
            folder.begin(facts, initial_weights(parameters, settings.seed))
        else:
            keys = ("recipe", "side", "backend", "dtype", "seed", "data_sha256", "synchronized")
            folder.require({key: facts[key] for key in keys})
        done, weights, state = folder.state()
        if done >= recipe.epochs:
            console.note(f"{folder.path}: epoch {done} is done; there is nothing to resume")
            return folder.last_epoch()
        if resume:
            folder.resumed(recipe.epochs, _other_circumstances(folder, facts))
        folder.forget_after(done)
        steps = chunk_steps(recipe.batch_size)
        weights = {name: array.astype(modes.stored(settings.dtype)) for name, array in weights.items()}
        trainer = trainer_class(recipe.technique, recipe.case, settings.dtype, optimizer, weights, steps)
        if done:
            trainer.restore(weights, state)
        row: dict[str, Any] = {}
        for epoch in range(done + 1, recipe.epochs + 1):
            row = _epoch(trainer, recipe, settings, dataset, folder, epoch)
            # The line before the checkpoint: a run that is killed between the two does the epoch again.
            folder.log(row)
            folder.save(epoch, trainer.weights(), trainer.optimizer_state())
            console.say(
                f"{recipe.name} {settings.side} epoch {epoch}/{recipe.epochs}: "
                f"loss {row['train_loss']:.4f}, test loss {row['test_loss']:.4f}, "
                f"test accuracy {row['test_accuracy']:.2%}, {row['images_per_second']:,.0f} images/s"
            )
        return row


def chunk_steps(batch_size: int) -> int:
    """Steps of one call into the framework: whole lines of the metrics, unless batches are very large."""
    steps = max(1, CHUNK_IMAGES // batch_size)
    if steps >= ROW_STEPS:
        return steps // ROW_STEPS * ROW_STEPS
    return ROW_STEPS if ROW_STEPS * batch_size <= 2 * CHUNK_IMAGES else steps


def evaluate(trainer: Trainer, split: Split, recipe: Recipe, dtype: str = "float32") -> tuple[float, float]:
    """Mean loss and accuracy over a whole split, computed from the logits in float64 for both sides."""
    loss, hits = 0.0, 0
    for start in range(0, len(split), EVALUATION_IMAGES):
        rows = np.arange(start, min(start + EVALUATION_IMAGES, len(split)))
        x, y = batches.gather(split, rows, recipe.mean, recipe.std, dtype)
        logits = trainer.predict(x).astype(np.float64)
        loss += cross_entropy(logits, y) * len(y)
        hits += int((logits.argmax(axis=1) == y).sum())
    return loss / len(split), hits / len(split)


def _epoch(
    trainer: Trainer, recipe: Recipe, settings: Settings, dataset: Dataset, folder: RunFolder, epoch: int
) -> dict[str, Any]:
    order = batches.epoch_order(len(dataset.train), settings.seed, epoch)
    longest, dtype = chunk_steps(recipe.batch_size), modes.stored(settings.dtype)
    losses: list[float] = []
    sizes: list[int] = []
    hits, seconds, told = 0, 0.0, time.monotonic()
    columns = (
        "loss {task.fields[loss]:.3f}",
        "acc {task.fields[accuracy]:.1%}",
        "{task.fields[speed]:,.0f}/s",
    )
    with console.progress(*columns) as bar:
        task = bar.add_task(
            f"epoch {epoch}/{recipe.epochs}", total=len(order), loss=0.0, accuracy=0.0, speed=0.0
        )
        for indices in batches.chunks(order, recipe.batch_size, longest):
            console.raise_if_interrupted()
            began = time.perf_counter()
            x, y = batches.gather(dataset.train, indices, recipe.mean, recipe.std, dtype)
            chunk_losses, chunk_hits = trainer.train(x, y)
            took = time.perf_counter() - began
            if not np.isfinite(chunk_losses).all():
                step = len(losses) + int(np.argmin(np.isfinite(chunk_losses))) + 1
                raise CrosscheckError(
                    f"{folder.path}: the loss is not finite at step {step:,} of epoch {epoch}; "
                    "lower the learning rate, or look at the data"
                )
            _log_steps(folder, epoch, len(losses), chunk_losses, chunk_hits, indices.shape[1])
            losses += [float(loss) for loss in chunk_losses]
            sizes += [indices.shape[1]] * len(chunk_losses)
            hits, seconds = hits + int(chunk_hits.sum()), seconds + took
            if not console.err.is_terminal and time.monotonic() - told > QUIET_SECONDS:
                told = time.monotonic()
                console.note(f"epoch {epoch}: {sum(sizes):,} of {len(order):,} images, loss {losses[-1]:.3f}")
            bar.update(
                task,
                advance=indices.size,
                loss=float(chunk_losses.mean()),
                accuracy=float(chunk_hits.sum() / indices.size),
                speed=indices.size / took,
            )
    test_loss, test_accuracy = evaluate(trainer, dataset.test, recipe, dtype)
    if not np.isfinite(test_loss):
        raise CrosscheckError(
            f"{folder.path}: the test loss is not finite after epoch {epoch}; lower the learning rate"
        )
    return {
        "kind": "epoch",
        "epoch": epoch,
        # Weighted by images: the last batch may be smaller than the others.
        "train_loss": float(np.average(losses, weights=sizes)),
        "train_accuracy": hits / len(order),
        "test_loss": test_loss,
        "test_accuracy": test_accuracy,
        "seconds": seconds,
        "images_per_second": len(order) / seconds,
    }


def _log_steps(
    folder: RunFolder, epoch: int, before: int, losses: np.ndarray, hits: np.ndarray, batch_size: int
) -> None:
    for start in range(0, len(losses), ROW_STEPS):
        part = slice(start, start + ROW_STEPS)
        folder.log(
            {
                "kind": "steps",
                "epoch": epoch,
                "step": before + start + len(losses[part]),
                "steps": len(losses[part]),
                "loss": float(losses[part].mean()),
                "accuracy": float(hits[part].mean() / batch_size),
            }
        )


def _facts(recipe: Recipe, settings: Settings, dataset: Dataset) -> dict[str, Any]:
    return {
        "recipe": recipe.facts(),
        **asdict(settings),
        "data_sha256": dataset.sha256,
        "train_images": len(dataset.train),
        "test_images": len(dataset.test),
        "versions": versions(),
        "machine": machine(settings.device),
        "revision": revision(),
    }


def _other_circumstances(folder: RunFolder, facts: dict[str, Any]) -> dict[str, Any] | None:
    """Those in which the run goes on, if they have changed: then it may not be bit for bit, which is said."""
    kept = folder.facts()
    before = kept["resumed"][-1] if kept.get("resumed") else kept
    settings = ("device", "mode", "threads", "workers")
    circumstances = (*settings, "versions", "machine", "revision")
    changed = [key for key in circumstances if before.get(key) != facts[key]]
    if not changed:
        return None
    console.note(f"{folder.path}: other {', '.join(changed)} than before: may not be the same bit for bit")
    return {key: facts[key] for key in (*circumstances, "framework")}
