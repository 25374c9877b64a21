"""The part of docs/results.md on what was checked on a GPU, from results/gpu.json."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from crosscheck.training import comparison_report

FILE = Path("results") / "gpu.json"


def section(root: Path) -> list[str]:
    """The section's lines in Markdown, below its heading; what has not been run yet is said to be so.

    Args:
        root: of the repository.
    """
    if not (root / FILE).exists():
        return [f"Not run yet: `python scripts/gpu_check.py --data PATH --json {FILE}`.", ""]
    facts: dict[str, Any] = json.loads((root / FILE).read_text())
    versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
    lines = [f"{facts['gpu']}; {facts['machine']}; {versions}; revision {facts['revision']}.", ""]
    lines += [f"Keras on {' and '.join(facts['keras_backends'])}."]
    lines += [f"Not on {name}: {why}." for name, why in facts["other_backends"].items()]
    for backend, found in facts["verify"].items():
        lines += ["", f"### `crosscheck verify --device cuda --backend {backend}`", "", *_verified(found)]
    if facts["noise"]:
        lines += ["", "### Noise: the same run twice", "", *_noise(facts["noise"])]
    for name, results in facts["suites"].items():
        lines += ["", f"### {name.replace('_', ' ').capitalize()}", "", comparison_report.table(results)]
    return [*lines, ""]


def _verified(found: dict[str, Any]) -> list[str]:
    """By technique: how the checks ended, and the one that used the largest share of its allowance."""
    lines = [
        "| technique | checks | ended | closest of those that passed, float64 | float32 |",
        "|---|---:|---|---|---|",
    ]
    for name, verdicts in found["verdicts"].items():
        ended = ", ".join(f"{count:,} {verdict}" for verdict, count in sorted(verdicts.items()))
        closest = [_closest(found["closest"][name].get(dtype)) for dtype in ("float64", "float32")]
        lines.append(f"| {name} | {sum(verdicts.values()):,} | {ended} | {' | '.join(closest)} |")
    if bad := found["not_passed"]:
        kinds = Counter((row["technique"], row["verdict"]) for row in bad)
        told = ", ".join(f"{count} of {name} {verdict}" for (name, verdict), count in kinds.items())
        lines += ["", f"Not passed: {told}; the file lists each."]
    return lines


def _closest(row: dict[str, Any] | None) -> str:
    if row is None:
        return "-"
    return f"{row['case']} {row['check']}: {row['error']:.1e}, {row['used']:.0%} of what is allowed"


def _noise(noise: dict[str, Any]) -> list[str]:
    lines = ["| framework | recipe | losses apart, relative | the same bits |", "|---|---|---:|---|"]
    for name, found in noise.items():
        apart = f"{found['largest_relative_difference_of_losses']:.1e}"
        lines.append(f"| {name} | {found['recipe']} | {apart} | {'yes' if found['bitwise'] else 'no'} |")
    return lines
