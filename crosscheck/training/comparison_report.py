"""Tables of both frameworks' accuracies, and of claims, from the results of a suite."""

from collections.abc import Iterable, Sequence
from statistics import mean
from typing import Any, NamedTuple

from crosscheck.technique import technique
from crosscheck.training import report
from crosscheck.training.report import SIDES, Result
from crosscheck.training.statistics import ENOUGH, LEVEL, Kind, Samples, holds
from crosscheck.training.suite import SUITES

VERDICTS = {True: "holds", False: "does not hold", None: "undecided"}


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
        cells = [short(name), f"{count:,}"]
        cells += [report.percent(side) if side else "-" for side in accuracy]
        counts = dict.fromkeys(str(len(side)) for side in accuracy)
        cells += [" and ".join(counts) + (f", {len(shared)} shared" if len(counts) > 1 and shared else "")]
        if len(shared) > 1:
            cells += [report.difference(accuracy[1], accuracy[0])]
            cells += [report.equivalent(accuracy[1], accuracy[0], margin)]
        else:
            cells += [report.points(accuracy[1], accuracy[0]) if shared else "-", "-"]
        cells += _speeds(results["runs"], name)
        published = recipe["published"].get("test_accuracy")
        cells += [f"{100 * published:.1f} %" if published else "-"]
        lines.append("| " + " | ".join(cells) + " |")
    torch, keras = together(results["runs"])
    if len(torch) > 1 and len(recipes(results["runs"])) > 1:
        apart, p = report.difference(keras, torch), report.equivalent(keras, torch, margin)
        lines.append(f"| **all nets** | | | | {len(torch)} pairs | {apart} | {p} | | | |")
    articles = any(run["recipe"]["published"] for run in results["runs"])
    note = (
        f"p, equivalent: of two one-sided t-tests that the frameworks are within {100 * margin:g} points of "
        f"each other, a margin set before the runs; below {LEVEL:g} they are, each row judged by itself. "
        "All nets: the differences of every net and seed as one sample. "
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


BEST = "the best of the others on that side"


def claims(results: dict[str, Any]) -> str:
    """What is claimed, by how much it is so on either side, and whether that holds."""
    lines = ["| claim | PyTorch, points | | Keras, points | |", "|---|---:|---|---:|---|"]
    for claim in CLAIMS[results["suite"]]:
        cells = []
        for side in SIDES:
            one, other, named = _compared(results, claim, side)
            n = len(one.keys() & other.keys())
            difference = report.difference(one, other) if n > 1 else report.points(one, other)
            against = "" if claim.second else f"; {named}"
            cells.append(f"{difference} (n = {n}{against})" if n else "-")
            cells.append(VERDICTS[holds(one, other, claim.kind, results["margin"])])
        lines.append(f"| {claim.text} ({claim.first} - {claim.second or BEST}) | {' | '.join(cells)} |")
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
        short(name): of(short(name))
        for name, recipe in recipes(results["runs"]).items()
        if recipe["published"] and short(name) != claim.first
    }
    best = max((name for name in others if others[name]), key=lambda n: mean(others[n].values()), default="")
    return of(claim.first), others.get(best, {}), best


def together(runs: Iterable[Result]) -> tuple[Samples, Samples]:
    """PyTorch's and Keras' accuracies for every net and seed that both have, numbered as one sample."""
    found: dict[tuple[str, int], dict[str, float]] = {}
    for run in runs:
        found.setdefault((run["recipe"]["name"], run["seed"]), {})[run["side"]] = run["test_accuracy"]
    pairs = [sides for sides in found.values() if len(sides) == len(SIDES)]
    torch, keras = ({number: pair[side] for number, pair in enumerate(pairs)} for side in SIDES)
    return torch, keras


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


def short(recipe: str) -> str:
    """Its name without that of the suite."""
    return recipe.partition("/")[2]
