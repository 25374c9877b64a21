"""The whole check on a GPU, by the same commands that a user would give, into one file of results."""

import hashlib
import json
import re
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from crosscheck import checkpoint, commands, survey
from crosscheck.compare import PASSES
from crosscheck.data import dataset
from crosscheck.environment import BACKENDS, gpu, machine, revision, sources, versions
from crosscheck.errors import CrosscheckError
from crosscheck.sides import open_sides
from crosscheck.training.run_folder import RunFolder

SUITES = ("article_000", "article_004")
NOISE_RECIPE = "cifar_cnn/baseline"
STARTING = 600.0  # seconds: a framework may compile for a new GPU when it starts
# What a backend says that is not there, or sees no GPU.
ABSENT = re.compile("sees no CUDA device|backend needs")


def backends() -> tuple[list[str], dict[str, str]]:
    """Keras' backends that see a GPU here, and why the others do not.

    Raises:
        CrosscheckError: there is none; or PyTorch sees none; or something else went wrong.
    """
    found, complaints = [], {}
    for backend in BACKENDS:
        try:
            with open_sides(backend, "cuda", timeout=STARTING):
                found.append(backend)
        except CrosscheckError as error:
            if not ABSENT.search(str(error)):
                raise  # a side that crashes is no side that sees nothing
            complaints[backend] = str(error).splitlines()[0]
    if not found:
        raise CrosscheckError("nothing to check on: " + "; ".join(dict.fromkeys(complaints.values())))
    return found, complaints


def check(data: str, seeds: int, folder: Path) -> Iterator[dict[str, Any]]:
    """Carry out the whole check; it goes on where it was, since the rows and the suites' runs are kept.

    Args:
        data: CIFAR-10, as for the training scripts.
        seeds: runs of each recipe of the suites.
        folder: where runs and rows are kept.

    Yields:
        what is known so far, after every part.
    """
    seeing, unseeing = backends()
    dataset.load(data)  # what is wrong with it is known before anything slow is begun
    facts: dict[str, Any] = {
        "gpu": gpu(),
        "machine": machine(),
        "versions": versions(),
        "revision": revision(),
        "keras_backends": seeing,
        "other_backends": unseeing,
        "command": f"python scripts/gpu_check.py --data {Path(data).name} --seeds {seeds}",
        "verify": {},
        "noise": {},
        "suites": {},
    }
    # What was computed by another card, by other packages or from other sources is not gone on with.
    alike = json.dumps([*(facts[key] for key in ("gpu", "machine", "versions")), sources()])
    folder = folder / hashlib.sha256(alike.encode()).hexdigest()[:12]
    folder.mkdir(parents=True, exist_ok=True)
    for backend in seeing:
        rows = folder / f"rows-{backend}.json"
        found = survey.verified(rows, "--device", "cuda", "--backend", backend)
        facts["verify"][backend] = summary(found["rows"])
        yield facts
    for side, backend in (("torch", "torch"), *(("keras", backend) for backend in seeing)):
        facts["noise"][f"{side} on {backend}"] = noise(side, backend, data, folder)
        yield facts
    for name in SUITES:
        file = folder / f"{name}.json"
        options = ("--device", "cuda", "--backend", seeing[0], "--seeds", seeds, "--out", folder / name)
        commands.crosscheck("suite", name, "--data", data, *options, "--json", file)
        facts["suites"][name] = json.loads(file.read_text())
        yield facts


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """How the checks of every technique ended, by verdict, and each that did not pass.

    Returns:
        the number of rows; of every technique the counts of its verdicts, and of every dtype the passing
        row that used the largest share of its allowance; and the rows that did not pass.
    """
    names = dict.fromkeys(row["technique"] for row in rows)
    counts = {name: dict(Counter(r["verdict"] for r in rows if r["technique"] == name)) for name in names}
    closest: dict[str, dict[str, Any]] = {name: {} for name in names}
    for row in rows:
        best = closest[row["technique"]].get(row["dtype"])
        if row["verdict"] in PASSES and (best is None or row["used"] > best["used"]):
            closest[row["technique"]][row["dtype"]] = row
    bad = [row for row in rows if row["verdict"] not in PASSES]
    return {"rows": len(rows), "verdicts": counts, "closest": closest, "not_passed": bad}


def failed(facts: dict[str, Any]) -> int:
    """How many checks failed on all backends; a known limitation is no failure."""
    return sum(
        row["verdict"] != "limited" for found in facts["verify"].values() for row in found["not_passed"]
    )


def noise(side: str, backend: str, data: str, folder: Path) -> dict[str, Any]:
    """How far two runs of an epoch are apart that were told to do exactly the same; both are made anew."""
    runs = [RunFolder(folder / f"noise-{side}-{backend}-{number}") for number in (1, 2)]
    for run in runs:
        shutil.rmtree(run.path, ignore_errors=True)  # of an earlier check: other sources, or other images
        options = ["--recipe", NOISE_RECIPE, "--data", data, "--epochs", "1", "--device", "cuda"]
        options += ["--backend", backend] if side == "keras" else []
        commands.run([sys.executable, "-m", "crosscheck.training", side, *options, "--out", str(run.path)])
    return noise_between(*runs)


def noise_between(first: RunFolder, second: RunFolder) -> dict[str, Any]:
    """How far two runs are apart: in the losses that they noted, and in the weights that they ended with."""
    losses = [
        np.array([row["loss"] for row in run.metrics() if row["kind"] == "steps"]) for run in (first, second)
    ]
    (_, weights, _), (_, others, _) = first.state(), second.state()
    return {
        "recipe": NOISE_RECIPE,
        "data_sha256": first.facts()["data_sha256"],
        "largest_relative_difference_of_losses": float(np.max(np.abs(losses[0] - losses[1]) / losses[0])),
        "bitwise": all(np.array_equal(weights[name], others[name]) for name in weights),
    }


def write(file: Path, facts: dict[str, Any]) -> None:
    """Write the results."""
    checkpoint.write_text(file, json.dumps(facts, indent=1) + "\n")
