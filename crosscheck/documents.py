"""Documents written by hand, with parts that are generated from results: no figure is written by hand."""

import json
from pathlib import Path
from typing import Any

from crosscheck import guide, survey
from crosscheck.ports import guide as porting
from crosscheck.technique import techniques
from crosscheck.training import report, results_page

README = Path("README.md")
# Each with the names of its generated parts.
PARTS = {
    README: ("trained", "techniques"),
    Path("docs") / "compare.md": ("wild", "corpus"),
    Path("docs") / "training.md": ("bench",),
    Path("docs") / "verify.md": ("modes",),
    Path("docs") / "article_000.md": ("article_000", "article_000_contrasts", "article_000_sharing"),
}


def written(root: Path) -> dict[Path, str]:
    """Every such document as the results have it, by its path.

    Args:
        root: of the repository, which holds the documents and results/.
    """
    blocks = _blocks(root)
    found = {}
    for file, names in PARTS.items():
        text = (root / file).read_text()
        for name in names:
            text = report.insert(text, name, blocks[name])
        found[root / file] = text
    return found


def _blocks(root: Path) -> dict[str, str]:
    def data(name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((root / "results" / f"{name}.json").read_text())
        return found

    results = report.read(root / "results" / "article_000.json")
    others = [f"split_linear/{case}" for case in ("split", "adjusted", "wide", "untied")]
    return {
        "article_000": report.table(results),
        "article_000_contrasts": report.contrasts(results, "split_linear/control", others),
        "article_000_sharing": report.contrasts(results, "split_linear/untied", ["split_linear/adjusted"]),
        "techniques": guide.catalogue(techniques().values()),
        "corpus": porting.corpus_table(data("corpus"), data("corpus_first_run")),
        "wild": porting.wild_table(data("wild")),
        "modes": survey.table(data("modes")),
        "bench": report.speeds(data("bench")),
        "trained": results_page.summary(root),
    }
