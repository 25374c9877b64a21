"""The catalogue: every technique with its cases, and what each is checked for."""

from collections.abc import Iterable

from rich.table import Table

from crosscheck.technique import AnyCase, Case, Technique

# What a kind of case is checked for; see `verification.verify`.
CHECKED = {
    "model": "count, output, gradients, buffers, round trip, refusals, trajectory",
    "function": "results, refusals",
    "optimizer": "closed form, trajectory",
}


def table(techniques: Iterable[Technique]) -> Table:
    """One block a technique: title and source, then a line for each case."""
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("technique", "article", "parameters", "checked for"):
        shown.add_column(column, overflow="fold", justify="right" if column == "parameters" else "left")
    for technique in techniques:
        shown.add_row(f"[bold]{technique.name}[/]", technique.article, "", technique.title)
        for case in technique.cases:
            shown.add_row(f"  {case.name}", "", case.row()[3], checked(case))
    return shown


def checked(case: AnyCase) -> str:
    """What a case is checked for, in words."""
    if isinstance(case, Case) and case.counted_only:
        return "count"
    return CHECKED[case.kind]
