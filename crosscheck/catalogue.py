"""The catalogue: every technique with its cases, and what each is checked for."""

from collections.abc import Iterable

from rich.markup import escape
from rich.table import Table

from crosscheck.technique import AnyCase, Call, Technique, Update


def table(techniques: Iterable[Technique]) -> Table:
    """One block a technique: title and source, then a line for each case."""
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("technique", "article", "parameters", "checked for"):
        shown.add_column(column, overflow="fold", justify="right" if column == "parameters" else "left")
    for technique in techniques:
        shown.add_row(f"[bold]{technique.name}[/]", technique.article, "", technique.title)
        shown.add_row("", "", "", f"[dim]{escape(technique.source)}[/]")
        for case in technique.cases:
            shown.add_row(f"  {case.name}", "", case.row()[3], checked(case))
    return shown


def checked(case: AnyCase) -> str:
    """What a case is checked for, in words; see `verification.verify`."""
    if isinstance(case, Call):
        return "results, refusals"
    if isinstance(case, Update):
        return "closed form, trajectory" if case.net else "closed form"
    if case.counted_only:
        return "count"
    trained = [name for name, parameter in case.parameters.items() if parameter.trainable]
    found = ["count", "output", "input gradient"]
    found += ["gradients"] if trained else []
    found += ["buffers"] if len(trained) < len(case.parameters) else []
    found += ["round trip"] if case.parameters else []
    found += ["refusals"] if case.refused_shapes else []
    return ", ".join([*found, *(["trajectory"] if case.trains and trained else [])])
