"""The parts of the README that are generated from results: no figure is written by hand."""

import json
from pathlib import Path
from typing import Any

from crosscheck import guide
from crosscheck.ports import guide as porting
from crosscheck.technique import techniques
from crosscheck.training import report


def written(root: Path) -> str:
    """The README as the results have it.

    Args:
        root: of the repository, which holds README.md and results/.
    """

    def data(name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((root / "results" / f"{name}.json").read_text())
        return found

    results = report.read(root / "results" / "article_000.json")
    others = [f"split_linear/{case}" for case in ("split", "adjusted", "wide", "untied")]
    text = (root / "README.md").read_text()
    for name, block in {
        "article_000": report.table(results),
        "article_000_contrasts": report.contrasts(results, "split_linear/control", others),
        "article_000_sharing": report.contrasts(results, "split_linear/untied", ["split_linear/adjusted"]),
        "techniques": guide.catalogue(techniques().values()),
        "corpus": porting.corpus_table(data("corpus"), data("corpus_first_run")),
        "wild": porting.wild_table(data("wild")),
        "bench": report.speeds(data("bench")),
    }.items():
        text = report.insert(text, name, block)
    return text
