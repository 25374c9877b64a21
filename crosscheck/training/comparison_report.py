"""Tables of both frameworks' accuracies, claims and plots, from the results of a suite."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from crosscheck import checkpoint
from crosscheck.technique import technique
from crosscheck.training import report
from crosscheck.training.report import SIDES, Result
from crosscheck.training.statistics import ENOUGH, LEVEL, Kind, Samples, equivalence, holds
from crosscheck.training.suite import SUITES

VERDICTS = {True: "holds", False: "does not hold", None: "undecided"}
SOURCE = "Source"  # in a picture: the checksum of its results


class Claim(NamedTuple):
    """What is claimed, or left open, of two recipes.

    Attributes:
        text: what is claimed.
        first: the recipe that is said to be better, or as good.
        second: the one it is compared with; "" for the best of the others.
        kind: "better"; to the suite's margin, "alike" or "no worse".
    """

    text: str
    first: str
    second: str
    kind: Kind = "better"


CLAIMS = {
    "article_004": (
        Claim("wider is better than the baseline", "wider", "baseline"),
        Claim("deeper is better than the baseline", "deeper", "baseline"),
        Claim("batch norm before ReLU is better than the baseline", "bn_before", "baseline"),
        Claim("batch norm after ReLU is better than the baseline", "bn_after", "baseline"),
        Claim("batch norm before ReLU is better than after it", "bn_before", "bn_after"),
        Claim("residual blocks are better than the baseline", "residual", "baseline"),
        Claim("residual blocks are the best of the article's nets", "residual", ""),
        Claim("the shortcut makes residual blocks better", "residual", "no_shortcut"),
        Claim("residual blocks are as good without the shortcut", "no_shortcut", "residual", "no worse"),
        Claim("clipping the gradient is better than not", "clip", "baseline"),
        Claim("batch 128 is no important change from 64", "batch_128", "baseline", "alike"),
    ),
    "lr_scaling": (
        Claim("a large batch loses by the rate of a small one", "one_worker", "same_rate"),
        Claim("the rate times the workers is better", "scaled", "same_rate"),
        Claim("warmup is better than none", "scaled_warmup", "scaled"),
        Claim("with both, many workers are as good as one", "scaled_warmup", "one_worker", "no worse"),
    ),
}
# In a picture: by how much nets of about as many parameters are drawn apart.
APART = 1.09
COLOURS = {"torch": "#c8553d", "keras": "#2f6690"}
NAMES = {"torch": "PyTorch", "keras": "Keras"}


def table(results: dict[str, Any]) -> str:
    """Parameters, accuracies, how far the frameworks are apart, and whether they are equivalent."""
    margin = results["margin"]
    lines = [
        "| net | parameters | PyTorch, test | Keras, test | n | Keras - PyTorch | p, equivalent | PyTorch, "
        "images/s | Keras, images/s | article |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name, recipe in recipes(results["runs"]).items():
        accuracy = [report.samples(results["runs"], name, side, "test_accuracy") for side in SIDES]
        shared = accuracy[0].keys() & accuracy[1].keys()
        count = technique(recipe["technique"]).model(recipe["case"]).expected_count
        cells = [_short(name), f"{count:,}"]
        cells += [report.percent(side) if side else "-" for side in accuracy]
        counts = dict.fromkeys(str(len(side)) for side in accuracy)
        cells += [" and ".join(counts) + (f", {len(shared)} shared" if len(counts) > 1 and shared else "")]
        if len(shared) > 1:
            cells += [report.difference(accuracy[1], accuracy[0])]
            cells += [f"{equivalence(accuracy[1], accuracy[0], margin):.3f}"]
        else:
            cells += [report.points(accuracy[1], accuracy[0]) if shared else "-", "-"]
        cells += _speeds(results["runs"], name)
        published = recipe["published"].get("test_accuracy")
        cells += [f"{100 * published:.1f} %" if published else "-"]
        lines.append("| " + " | ".join(cells) + " |")
    articles = any(run["recipe"]["published"] for run in results["runs"])
    note = (
        f"p, equivalent: of two one-sided t-tests that the frameworks are within {100 * margin:g} points of "
        f"each other, a margin set before the runs; below {LEVEL:g} they are, each row judged by itself. "
        f"{'The figures of the article are of one run each, without a seed. ' if articles else ''}"
        f"Images/s are those of the median epoch; runs may have shared the machine. {_of_several(results)}"
    ).rstrip()
    return "\n".join([*lines, "", note, "", report.provenance(results)])


def _speeds(runs: Sequence[Result], name: str) -> list[str]:
    """Images/s on either side, on the one machine that trained most of this recipe on both."""
    machines = report.machines(runs)

    def of(machine: str) -> list[Samples]:
        whole = [run for run in runs if report.machines([run]) == [machine]]
        return [report.samples(whole, name, side, "images_per_second") for side in SIDES]

    chosen = max(machines, key=lambda machine: sorted(map(len, of(machine))))
    mark = f" [{machines.index(chosen) + 1}]" if len(machines) > 1 else ""
    return [f"{mean(side.values()):,.0f}{mark}" if side else "-" for side in of(chosen)]


def _of_several(results: dict[str, Any]) -> str:
    if len(report.machines(results["runs"])) == 1:
        return ""
    return (
        "They are of one machine, the one that trained most of the net on both sides; [n] is the n-th below."
    )


def claims(results: dict[str, Any]) -> str:
    """What is claimed, by how much it is so on either side, and whether that holds."""
    lines = ["| claim | PyTorch, points | | Keras, points | |", "|---|---:|---|---:|---|"]
    for claim in CLAIMS[results["suite"]]:
        cells, named = [], claim.second
        for side in SIDES:
            one, other, named = _compared(results, claim, side)
            n = len(one.keys() & other.keys())
            difference = report.difference(one, other) if n > 1 else report.points(one, other)
            cells.append(f"{difference} (n = {n})" if n else "-")
            cells.append(VERDICTS[holds(one, other, claim.kind, results["margin"])])
        lines.append(f"| {claim.text} ({claim.first} - {named}) | {' | '.join(cells)} |")
    note = (
        "Differences seed by seed, in points, mean ± half the 95 % confidence interval where n > 1; of fewer "
        f"than {ENOUGH} seeds nothing is concluded. "
        "That one is better holds where the whole interval is above zero, and does not where it is below; "
        f"that two are alike, or one as good as the other, holds where t-tests say so of "
        f"{100 * results['margin']:g} points (p < {LEVEL:g}; two one-sided, or one), and does not where the "
        "whole interval is farther out. All else is undecided; each claim is judged by itself."
    )
    return "\n".join([*lines, "", note])


def _compared(results: dict[str, Any], claim: Claim, side: str) -> tuple[Samples, Samples, str]:
    """The accuracies that a claim compares on a side, and the name of the second recipe."""
    prefix = SUITES[results["suite"]]

    def of(name: str) -> Samples:
        return report.samples(results["runs"], prefix + name, side, "test_accuracy")

    if claim.second:
        return of(claim.first), of(claim.second), claim.second
    others = {
        _short(name): of(_short(name))
        for name, recipe in recipes(results["runs"]).items()
        if recipe["published"] and _short(name) != claim.first
    }
    best = max((name for name in others if others[name]), key=lambda n: mean(others[n].values()), default="")
    return of(claim.first), others.get(best, {}), "the best of the others"


def alike(results: dict[str, Any]) -> dict[str, bool | None]:
    """Of every recipe whether the frameworks' accuracies are alike to the margin; None if undecided."""
    found = {}
    for name in recipes(results["runs"]):
        torch, keras = (report.samples(results["runs"], name, side, "test_accuracy") for side in SIDES)
        found[name] = holds(keras, torch, "alike", results["margin"])
    return found


def recipes(runs: Iterable[Result]) -> dict[str, dict[str, Any]]:
    """The recipes of the runs, by name, in the order of the suite."""
    return {run["recipe"]["name"]: run["recipe"] for run in runs}


def pictures(results: dict[str, Any], folder: Path) -> None:
    """Draw the article's bar chart, and accuracy against parameters, with both frameworks in each.

    Each picture carries the checksum of what it was drawn from.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    for name, draw in PICTURES.items():
        figure = Figure(figsize=(9, 4.2), layout="constrained")
        FigureCanvasAgg(figure)
        draw(figure.subplots(), results)
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
    axes.set_xticks(range(len(known)), [short.replace("_", "\n") for short in map(_short, known)])
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
        axes.annotate(_short(name), (place, top), (0, 9), **style)
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


def _short(recipe: str) -> str:
    return recipe.partition("/")[2]


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
