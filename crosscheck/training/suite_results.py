"""The results of a suite, as data: what its runs showed, with all that is needed to repeat them."""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from statistics import median

import numpy as np

from crosscheck import checkpoint
from crosscheck.errors import CrosscheckError
from crosscheck.training import report
from crosscheck.training.report import Result
from crosscheck.training.run_folder import Row, other_than
from crosscheck.training.suite import Identity, Run

# The frameworks count as equivalent if their test accuracies are this close; set before article 004's runs,
# after article 000's.
MARGIN = 0.015
# Article 000 prints the mean loss of every 2,000 steps and reports the least of them.
BEST_LOSS_STEPS = 2_000


def held(path: Path, runs: Iterable[Run], data_sha256: str) -> dict[Identity, Result]:
    """The results that a file holds, of runs whose folders may be elsewhere, or gone.

    Raises:
        CrosscheckError: one of them is of no such run, and would be lost; or the file holds something else.
    """
    planned = {run.identity: run for run in runs}
    found = {}
    for one in report.kept(path):
        identity = one["recipe"]["name"], one["side"], one["backend"], one["seed"]
        named = " ".join(map(str, identity))
        if identity not in planned:
            raise CrosscheckError(
                f"{path}: holds results of runs that are not asked for, such as {named}; "
                "ask for as many --seeds on the same backend, or choose another --json"
            )
        run = planned[identity]
        differing = other_than(one, run.facts(data_sha256))
        differing += ["epochs"] * (one["recipe"]["epochs"] != run.recipe.epochs and "epochs" not in differing)
        if differing:
            raise CrosscheckError(
                f"{path}: holds a result of {named} with other {', '.join(differing)}; choose another --json"
            )
        found[identity] = one
    return found


def write(path: Path, name: str, runs: Sequence[Run], data_sha256: str) -> None:
    """Write the results of a suite as data, once there are some; those that are there already stay.

    Raises:
        CrosscheckError: the file holds results that would be lost; it is left as it is.
    """
    there = held(path, runs, data_sha256)
    done = [
        there[run.identity] if run.identity in there else _result(run)
        for run in runs
        if run.identity in there or run.finished(data_sha256)
    ]
    if not done:
        return
    content = {
        "suite": name,
        "command": command(name, runs),
        "margin": MARGIN,
        "planned": len(runs),
        "runs": done,
    }
    checkpoint.write_text(path, json.dumps(content, indent=1) + "\n")


def command(name: str, runs: Sequence[Run]) -> str:
    """What trains a suite again, into another file."""
    seeds = len({run.seed for run in runs})
    backends = {run.backend for run in runs if run.side == "keras"} or {"tensorflow"}
    backend = f"--backend {' '.join(backends)} --device {runs[0].device}"
    return f"crosscheck suite {name} --data PATH --seeds {seeds} {backend} --json FILE"


def _result(run: Run) -> Result:
    facts, rows = run.folder.facts(), run.folder.metrics()
    last = run.folder.last_epoch()
    return {
        **{key: facts[key] for key in ("side", "backend", "device", "threads", "seed", "data_sha256")},
        **{key: facts[key] for key in ("dtype", "mode", "workers", "synchronized")},
        "framework": facts.get("framework", {}),
        "recipe": facts["recipe"],
        "versions": facts["versions"],
        "machine": facts["machine"],
        "revision": facts["revision"],
        "resumed": facts.get("resumed", []),
        **{key: last[key] for key in ("train_loss", "train_accuracy", "test_loss", "test_accuracy")},
        "best_loss": min(_long_means(rows), default=None),
        # Of one epoch it would be chance: something else may have been at work beside it.
        "images_per_second": median(row["images_per_second"] for row in rows if row["kind"] == "epoch"),
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
