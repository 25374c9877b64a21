"""Plots of both frameworks' accuracies, from the results of a suite; each carries the checksum of them."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np
from PIL import Image

from crosscheck import checkpoint
from crosscheck.technique import technique
from crosscheck.training import report
from crosscheck.training.comparison_report import recipes, short
from crosscheck.training.report import Result

SOURCE = "Source"  # in a picture: the checksum of its results
# In a picture: by how much nets of about as many parameters are drawn apart.
APART = 1.09
COLOURS = {"torch": "#c8553d", "keras": "#2f6690"}
NAMES = {"torch": "PyTorch", "keras": "Keras"}


def draw(results: dict[str, Any], folder: Path) -> None:
    """Draw the article's bar chart, and accuracy against parameters, with both frameworks in each.

    Each picture carries the checksum of what it was drawn from.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    for name, picture in PICTURES.items():
        figure = Figure(figsize=(9, 4.2), layout="constrained")
        FigureCanvasAgg(figure)
        picture(figure.subplots(), results)
        with checkpoint.atomic(folder / f"{name}.png") as temporary:
            figure.savefig(temporary, format="png", dpi=120, metadata={SOURCE: _checksum(results)})


def outdated(results: dict[str, Any], folder: Path) -> list[Path]:
    """The pictures that are missing, or were drawn from other results."""
    files = [folder / f"{name}.png" for name in PICTURES]
    return [file for file in files if not file.exists() or _source(file) != _checksum(results)]


def _source(picture: Path) -> str:
    with Image.open(picture) as image:
        return str(image.info.get(SOURCE, ""))


def _checksum(results: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(results, sort_keys=True).encode()).hexdigest()


def bars(axes: Any, results: dict[str, Any]) -> None:
    """Test accuracy of every net on either side, with its spread, and the article's."""
    runs = results["runs"]
    known = recipes(runs)
    for offset, side in ((-0.2, "torch"), (0.2, "keras")):
        heights, spreads, counts = _accuracies(runs, known, side)
        places = [number + offset for number in range(len(known))]
        axes.bar(places, heights, 0.38, yerr=spreads, color=COLOURS[side], label=NAMES[side], capsize=3)
        for place, height, n in zip(places, heights, counts, strict=True):
            if n:
                style = {
                    "color": "white",
                    "rotation": 90,
                    "ha": "center",
                    "va": "center",
                    "fontsize": "small",
                }
                axes.text(place, height / 2, f"{height:.1f}  (n = {n})", **style)
    for number, recipe in enumerate(known.values()):
        label = "article, one run" if number == 0 else None
        axes.plot([number - 0.4, number + 0.4], [_article(recipe)] * 2, "k", linewidth=1.5, label=label)
    axes.set_xticks(range(len(known)), [short.replace("_", "\n") for short in map(short, known)])
    axes.set(ylabel="test accuracy, %", ylim=(0, 100), title=_title(results, "ten epochs"))
    axes.legend(ncols=3, loc="upper left", fontsize="small")


def against_parameters(axes: Any, results: dict[str, Any]) -> None:
    """Test accuracy over the number of parameters; nets of about as many stand beside each other."""
    runs = results["runs"]
    known = recipes(runs)
    counts = [technique(r["technique"]).model(r["case"]).expected_count for r in known.values()]
    places, last = np.array(counts, float), 0.0
    for number in np.argsort(counts, kind="stable"):
        places[number] = last = max(places[number], APART * last)
    tops = np.array([_article(recipe) for recipe in known.values()])
    axes.plot(places, tops, "kx", label="article, one run")
    for side, marker, beside in (("torch", "o", 0.99), ("keras", "s", 1.01)):
        heights, spreads, _ = _accuracies(runs, known, side)
        style = {"color": COLOURS[side], "label": NAMES[side], "alpha": 0.8}
        axes.errorbar(places * beside, heights, yerr=spreads, fmt=marker, capsize=3, **style)
        tops = np.fmax(tops, np.array(heights) + np.nan_to_num(spreads))
    for place, top, name in zip(places, tops, known, strict=True):
        style = {"textcoords": "offset points", "fontsize": "small", "rotation": 90, "ha": "center"}
        axes.annotate(short(name), (place, top), (0, 9), **style)
    axes.margins(x=0.1, y=0.4)
    axes.set(
        xscale="log", xlabel="parameters (those of about as many drawn apart)", ylabel="test accuracy, %"
    )
    axes.set_title(_title(results, "accuracy against parameters"))
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right", fontsize="small")


def _title(results: dict[str, Any], of: str) -> str:
    done, planned = len(results["runs"]), results["planned"]
    so_far = "" if done == planned else f" ({done} of {planned} runs)"
    return f"Article 004, {of}: mean ± standard deviation of n seeds{so_far}"


PICTURES = {"article_004_accuracy": bars, "article_004_parameters": against_parameters}


def _article(recipe: dict[str, Any]) -> float:
    return 100 * recipe["published"].get("test_accuracy", float("nan"))


def _accuracies(
    runs: Sequence[Result], known: Iterable[str], side: str
) -> tuple[list[float], list[float], list[int]]:
    """Of every net the mean and the standard deviation, in percent, and of how many runs they are."""
    found = [list(report.samples(runs, name, side, "test_accuracy").values()) for name in known]
    heights = [100 * mean(values) if values else float("nan") for values in found]
    # No spread of one run.
    spreads = [100 * stdev(values) if len(values) > 1 else float("nan") for values in found]
    return heights, spreads, list(map(len, found))
