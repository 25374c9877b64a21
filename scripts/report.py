"""Write what is generated in the docs: tables in them, a page a technique, the guide to porting.

python scripts/report.py            (writes)
python scripts/report.py --check    (exit status 1 if a document is out of date)
"""

from pathlib import Path

import click

from crosscheck import checkpoint, console, documents, guide, options
from crosscheck.ports import causes
from crosscheck.ports import guide as porting
from crosscheck.technique import techniques
from crosscheck.training import comparison_pictures, report, results_page
from crosscheck.verification import limitations

ROOT = Path(__file__).parent.parent
ARTICLE_004 = ROOT / "results" / "article_004.json"


def rendered() -> dict[Path, str]:
    """Every generated document as it ought to be."""
    pages = {ROOT / "docs" / f"{name}.md": guide.page(t, ROOT) for name, t in techniques().items()}
    pages |= {ROOT / causes.PAGE: porting.page(), ROOT / limitations.PAGE: limitations.page()}
    pages |= {ROOT / results_page.PAGE: results_page.page(ROOT)}
    return documents.written(ROOT) | pages


@click.command(context_settings=options.CONTEXT)
@click.option("--check", is_flag=True, help="Write nothing; exit status 1 if a document is out of date.")
@console.user_command
def main(check: bool) -> None:
    """Write what is generated in the docs.

    \b
    Example:
      python scripts/report.py
    """
    stale = []
    if ARTICLE_004.exists():
        results = report.read(ARTICLE_004)
        if not check:
            comparison_pictures.draw(results, ARTICLE_004.parent)
        stale += comparison_pictures.outdated(results, ARTICLE_004.parent)
    for file, text in rendered().items():
        if not check:
            checkpoint.write_text(file, text)
        elif not file.exists() or file.read_text() != text:
            stale.append(file)
    for file in stale:
        console.note(f"{file.relative_to(ROOT)} is out of date; run python scripts/report.py")
    if stale:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
