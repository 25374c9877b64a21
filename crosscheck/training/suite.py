"""Every run behind a table of an article: one command that can be stopped and continued."""

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import IO, Any

import numpy as np

from crosscheck import checkpoint, console, registry
from crosscheck.environment import default_threads, revision
from crosscheck.errors import CrosscheckError
from crosscheck.recipes import lr_scaling
from crosscheck.recipes.recipe import Recipe, recipes
from crosscheck.training import report
from crosscheck.training.run_folder import Row, RunFolder

# The frameworks count as equivalent if their test accuracies are this close; set before the runs.
MARGIN = 0.015
SUITES = {
    "article_000": "split_linear/",
    "article_004": "cifar_cnn/",
    "lr_scaling": "lr_scaling/",
}  # by the beginning of their recipes' names
# Article 000 prints the mean loss of every 2,000 steps and reports the least of them.
BEST_LOSS_STEPS = 2_000
_running: set[subprocess.Popen[bytes]] = set()
_stopping = threading.Event()


@dataclass(frozen=True)
class Run:
    """One training run of a suite."""

    recipe: Recipe
    side: str
    backend: str
    seed: int
    folder: RunFolder

    def finished(self, data_sha256: str) -> bool:
        """Whether all its epochs are kept.

        Raises:
            CrosscheckError: the folder holds another run, or a longer one.
        """
        if not self.folder.exists():
            return False
        given = {"recipe": self.recipe.facts(), "side": self.side, "backend": self.backend, "seed": self.seed}
        self.folder.require(given | {"data_sha256": data_sha256, "dtype": "float32", "synchronized": True})
        done = self.folder.epochs_done()
        if done > self.recipe.epochs:
            raise CrosscheckError(
                f"{self.folder.path}: holds {done} epochs, the suite's run has {self.recipe.epochs}; "
                "choose another --out"
            )
        return done == self.recipe.epochs


def suite_recipes(name: str) -> list[Recipe]:
    """The recipes of a suite.

    Raises:
        CrosscheckError: there is no such suite; the message lists those there are.
    """
    beginning = registry.lookup(SUITES, "suite", name)
    return [recipe for recipe in recipes().values() if recipe.name.startswith(beginning)]


def own_workers(recipe: Recipe) -> int:
    """How many workers a recipe is about."""
    base = lr_scaling.BASE
    return recipe.batch_size // base.batch_size if recipe.name.startswith(SUITES["lr_scaling"]) else 1


def plan(name: str, sides: Iterable[tuple[str, str]], seeds: int, out: Path) -> list[Run]:
    """The runs, seed by seed, so that what is finished when it is stopped can be compared already."""
    return [
        Run(
            recipe,
            side,
            backend,
            seed,
            RunFolder(out / f"{recipe.short_name}-{label(side, backend)}-seed{seed}"),
        )
        for seed in range(seeds)
        for recipe in suite_recipes(name)
        for side, backend in sides
    ]


def label(side: str, backend: str) -> str:
    """A short name for a side on a backend: "torch", "keras-jax"."""
    return side if side == backend else f"{side}-{backend}"


def execute(run: Run, data: str, device: str, threads: int | None, workers: int, jobs: int) -> None:
    """Train a run to its end in a process of its own, or go on with it.

    Args:
        run: of the suite.
        data: as the user named it.
        device: "cpu" or "cuda".
        threads: of the framework in each worker; None for a fair share of the cores.
        workers: that share out its batches.
        jobs: runs at a time; the progress of a single one is shown, what several say goes to a log beside
            their folders.

    Raises:
        CrosscheckError: it failed; what it printed says why.
        KeyboardInterrupt: it was interrupted.
    """
    command = [sys.executable, "-m", "crosscheck.training", run.side, "--recipe", run.recipe.name]
    command += ["--data", data, "--seed", str(run.seed), "--device", device, "--out", str(run.folder.path)]
    command += ["--backend", run.backend] if run.side == "keras" else []
    workers = max(workers, own_workers(run.recipe))
    processes = jobs * (workers if run.side == "torch" else 1)
    command += ["--threads", str(threads or default_threads(processes))]
    command += ["--workers", str(workers)] if workers > 1 else []
    command += ["--resume"] if run.folder.exists() else []
    if jobs == 1:
        status, told = _status(command, None), "above"
    else:
        log = run.folder.path.with_suffix(".log")
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a") as file:
            status, told = _status(command, file), str(log)
    if status == console.INTERRUPTED:
        raise KeyboardInterrupt
    if status:
        raise CrosscheckError(f"{run.folder.path}: its training ended with status {status}; see {told}")


def _status(command: list[str], log: IO[str] | None) -> int:
    # In a session of its own: Ctrl-C reaches the suite alone, which passes it on, once.
    process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    _running.add(process)
    if _stopping.is_set():  # it was begun while the others were being told to stop
        process.send_signal(signal.SIGINT)
    try:
        return process.wait()
    finally:
        _running.discard(process)


def execute_all(
    runs: Sequence[Run], jobs: int, execute_one: Callable[[Run], None], done: Callable[[], None]
) -> None:
    """Execute runs, several at a time; once one has failed, no other is begun.

    Args:
        runs: in the order in which they are begun.
        jobs: how many at a time.
        execute_one: executes a run.
        done: called after each of them, by one thread at a time.

    Raises:
        CrosscheckError: a run failed, which is said at once; those that had begun are finished first.
        KeyboardInterrupt: it was interrupted; so are the runs.
        SystemExit: it was told to end; so are the runs.
    """
    failures: list[CrosscheckError] = []

    def attempt(run: Run) -> bool:
        if failures:
            return False
        try:
            execute_one(run)
        except CrosscheckError as error:
            failures.append(error)  # here, before this thread takes the next run
            console.note(f"{error}; no other run is begun")
            return False
        return True

    _stopping.clear()
    with ThreadPoolExecutor(jobs) as pool:
        waiting = {pool.submit(attempt, run) for run in runs}
        try:
            for future in as_completed(waiting):
                if future.result():
                    done()
        except BaseException:
            _stopping.set()
            pool.shutdown(wait=False, cancel_futures=True)
            for process in list(_running):
                process.send_signal(signal.SIGINT)
            raise
    if failures:
        raise failures[0]


def collect(runs: Iterable[Run], data_sha256: str) -> list[dict[str, Any]]:
    """What the finished runs showed, with all that is needed to repeat them."""
    return [_result(run) for run in runs if run.finished(data_sha256)]


def write(path: Path, name: str, runs: Sequence[Run], data_sha256: str) -> None:
    """Write the results of a suite as data, once there are some.

    Raises:
        CrosscheckError: the file holds results that would be lost; it is left as it is.
    """
    done = collect(runs, data_sha256)
    lost = _identities(report.kept(path)) - _identities(done)
    if lost:
        raise CrosscheckError(
            f"{path}: holds {len(lost)} results of runs that are not asked for, or not in "
            f"{runs[0].folder.path.parent}; choose another --json, or more --seeds, or move it away"
        )
    if not done:
        return
    content = {
        "suite": name,
        "revision": revision(),
        "margin": MARGIN,
        "planned": len(runs),
        "runs": done,
    }
    checkpoint.write_text(path, json.dumps(content, indent=1) + "\n")


def _identities(results: Iterable[dict[str, Any]]) -> set[tuple[object, ...]]:
    return {(one["recipe"]["name"], one["side"], one["backend"], one["seed"]) for one in results}


def _result(run: Run) -> dict[str, Any]:
    facts, rows = run.folder.facts(), run.folder.metrics()
    epochs = [row for row in rows if row["kind"] == "epoch"]
    last = epochs[-1]
    return {
        **{key: facts[key] for key in ("side", "backend", "device", "threads", "seed", "data_sha256")},
        **{key: facts[key] for key in ("dtype", "mode", "workers", "synchronized")},
        "recipe": facts["recipe"],
        "versions": facts["versions"],
        "machine": facts["machine"],
        "revision": facts["revision"],
        "resumed": facts.get("resumed", []),
        **{key: last[key] for key in ("train_loss", "train_accuracy", "test_loss", "test_accuracy")},
        "best_loss": min(_long_means(rows), default=None),
        # Of one epoch it would be chance: something else may have been at work beside it.
        "images_per_second": median(row["images_per_second"] for row in epochs),
    }


def _long_means(rows: Iterable[Row]) -> Iterator[float]:
    """Mean losses of `BEST_LOSS_STEPS` steps, as the article prints them."""
    losses: list[float] = []
    sizes: list[int] = []
    for row in rows:
        if row["kind"] == "epoch":
            losses, sizes = [], []
            continue
        losses, sizes = [*losses, row["loss"]], [*sizes, row["steps"]]
        if sum(sizes) >= BEST_LOSS_STEPS:
            yield float(np.average(losses, weights=sizes))
            losses, sizes = [], []
