"""Write what is generated in the docs: the README's tables, a page a technique, the guide to porting.

python scripts/report.py            (writes)
python scripts/report.py --check    (exit status 1 if a document is out of date)
"""

import json
from pathlib import Path

import click

from crosscheck import checkpoint, console, guide
from crosscheck.ports import causes
from crosscheck.ports import guide as porting
from crosscheck.technique import techniques
from crosscheck.training import report

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"


def rendered() -> dict[Path, str]:
    """Every generated document as it ought to be."""
    pages = {ROOT / "docs" / f"{name}.md": guide.page(t, ROOT) for name, t in techniques().items()}
    return {README: readme(), ROOT / causes.PAGE: porting.page()} | pages


def readme() -> str:
    """The README as the results have it."""
    results = report.read(ROOT / "results" / "article_000.json")
    others = [f"split_linear/{case}" for case in ("split", "adjusted", "wide", "untied")]
    contrasts = report.contrasts(results, "split_linear/control", others)
    text = report.insert(README.read_text(), "article_000", report.table(results))
    text = report.insert(text, "article_000_contrasts", contrasts)
    text = report.insert(text, "techniques", guide.catalogue(techniques().values()))
    bench = json.loads((ROOT / "results" / "bench.json").read_text())
    return report.insert(text, "bench", report.speeds(bench))


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--check", is_flag=True, help="Write nothing; exit status 1 if a document is out of date.")
@console.user_command
def main(check: bool) -> None:
    """Write what is generated in the docs: the README's tables, a page a technique, the guide to porting.

    \b
    Example:
      python scripts/report.py
    """
    for file, text in rendered().items():
        if not check:
            checkpoint.write_text(file, text)
        elif not file.exists() or file.read_text() != text:
            console.note(f"{file.relative_to(ROOT)} is out of date; run python scripts/report.py")
            raise SystemExit(1)


if __name__ == "__main__":
    main()
