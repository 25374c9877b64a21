"""Running the checks, case by case, and showing what came of them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from rich.markup import escape
from rich.table import Table

from crosscheck.compare import failed
from crosscheck.environment import machine, revision, versions
from crosscheck.errors import CrosscheckError, SideError
from crosscheck.modes import MIXED
from crosscheck.sides import Both, Sides
from crosscheck.technique import AnyCase, Call, Case, Technique, Update
from crosscheck.verification import checks, functions, steps
from crosscheck.verification.finite_difference import finite_difference
from crosscheck.verification.limitations import known_here, marked
from crosscheck.verification.rows import Finding, Row
from crosscheck.verification.subject import Subject
from crosscheck.verification.trajectory import Course, net_trajectory, trajectory

# What is checked of each kind of case. (subject, dtype) -> findings; trajectories need a course, too.
MODEL = (
    checks.parameter_count,
    checks.output,
    checks.gradients,
    finite_difference,
    checks.buffers,
    checks.round_trip,
    checks.refusals,
)
EXECUTED = (checks.output, checks.gradients, finite_difference, checks.buffers)  # what a mode may change
COUNTED = (checks.parameter_count,)
MIXED_CHECKS = (checks.mixed_precision,)
FUNCTION = (functions.results, functions.refusals)
OPTIMIZER = (steps.closed_form,)
Check = Callable[[Any, str], Iterator[Finding]]

WIDE = 78  # columns of a terminal that hold everything
COLOURS = {"equal": "green", "within_rounding": "green", "limited": "yellow"}


def verify(
    techniques: Iterable[Technique],
    sides: Sides,
    dtypes: Sequence[str],
    course: Course,
    cases: Sequence[str] = (),
    seed: int = 0,
) -> Iterator[Row]:
    """Check every case of the techniques.

    Args:
        techniques: to be checked.
        sides: both frameworks.
        dtypes: "float64", "float32" or both.
        course: what trajectories run on.
        cases: names of the cases; all of them if empty.
        seed: of weights, inputs and batches.

    Raises:
        SideError: a framework's process died or hung; a failed row that says so comes first.
    """

    for technique in techniques:
        for case in technique.cases:
            if cases and case.name not in cases:
                continue
            subject, chosen = on_the_table(technique, case, sides, course, seed)
            for dtype in precisions(case, dtypes):
                for check in chosen if dtype != MIXED else MIXED_CHECKS:
                    for name, comparison in _findings(check, subject, dtype):
                        where = (technique.name, case.name, name, dtype, sides.backend, sides.device)
                        yield marked(Row(*where, comparison, sides.modes), known_here())


def on_the_table(
    technique: Technique, case: AnyCase, sides: Sides, course: Course, seed: int
) -> tuple[Any, tuple[Check, ...]]:
    """A case as a subject of checks, and the checks of its kind.

    Under a mode that was asked for only what executes a model is checked: nothing else is changed by it.
    """
    asked = any(sides.modes)
    if isinstance(case, Call):
        return functions.Called(technique, case, sides, seed), () if asked else FUNCTION
    if isinstance(case, Update):
        more = (partial(net_trajectory, course),) if case.net else ()
        return steps.Stepped(technique, case, sides, seed), (*(() if asked else OPTIMIZER), *more)
    subject = Subject(technique, case, sides, seed)
    if case.counted_only:
        return subject, () if asked else COUNTED
    trains = case.trains and any(parameter.trainable for parameter in case.parameters.values())
    empty = () if case.parameters else (checks.round_trip,)
    chosen = tuple(check for check in (EXECUTED if asked else MODEL) if check not in empty)
    return subject, (*chosen, partial(trajectory, course)) if trains else chosen


def precisions(case: AnyCase, dtypes: Sequence[str]) -> Sequence[str]:
    """Those of the precisions asked for in which there is something to check: a count needs only one."""
    if isinstance(case, Case) and case.counted_only:
        return [dtype for dtype in dtypes if dtype != MIXED][:1]
    if isinstance(case, Case):
        return dtypes
    # Mixed precision is of models: functions and optimizers are given what they compute in.
    known = case.dtypes if isinstance(case, Call) else dtypes
    return [dtype for dtype in dtypes if dtype in known and dtype != MIXED]


def _findings(check: Check, subject: Any, dtype: str) -> Iterator[Finding]:
    """The findings of a check; one that cannot be carried out has failed, it is not left out."""
    try:
        yield from check(subject, dtype)
    except SideError as error:
        yield "process", failed(str(error).splitlines()[0])
        raise
    except Exception as error:  # whatever it was, the check was not passed
        reason = str(error) if isinstance(error, CrosscheckError) else repr(error)
        yield getattr(check, "__name__", "trajectory"), failed(" ".join(reason.split()))


def table(rows: Sequence[Row], everything: bool, width: int) -> Table:
    """One line for each kind of check with the row that used most of its allowance; failures alone."""
    shown = Table(box=None, pad_edge=False, header_style="bold")
    figures = ("error", "allowed", "used") if width >= WIDE else ("used",)
    shown.add_column("check", overflow="fold")
    shown.add_column("dtype", no_wrap=True)
    for column in figures:
        shown.add_column(column, justify="right", no_wrap=True)
    shown.add_column("verdict", no_wrap=True)
    title = ""
    for row, count in _worst(rows, everything):
        if title != (title := f"{row.technique}/{row.case}"):
            shown.add_row(f"[bold]{title}[/]")
        found = row.comparison
        check = row.check if count == 1 else f"{row.check.split('/')[0]} ({count})"
        cells = {
            "error": f"{found.error:.1e}",
            "allowed": f"{found.allowed:.1e}",
            "used": f"{found.used:.0%}" if found.used < 10 else f"{found.used:.0e}x",
        }
        verdict = f"[{COLOURS.get(found.verdict, 'red')}]{found.verdict}[/]"
        shown.add_row(f"  {escape(check)}", row.dtype, *(cells[name] for name in figures), verdict)
    return shown


def without_mode(techniques: Iterable[Technique], cases: Sequence[str]) -> int:
    """How many cases no mode changes: functions, optimizers' rules, and models that are only counted."""
    chosen = (case for found in techniques for case in found.cases if not cases or case.name in cases)
    return sum(not isinstance(case, Case) or case.counted_only for case in chosen)


def facts(settings: Both) -> dict[str, Any]:
    """Under which circumstances rows came about, as data."""
    where = {"versions": versions(), "machine": machine(settings.torch["device"]), "revision": revision()}
    return {**where, "settings": settings._asdict()}


def describe(settings: Both) -> str:
    """Under which circumstances the rows came about, in one line."""
    installed = versions()
    packages = dict.fromkeys(("torch", "keras", settings.keras["backend"]))
    named = ", ".join(f"{package} {installed[package]}" for package in packages)
    threads = {settings.torch["OMP_NUM_THREADS"], settings.keras["OMP_NUM_THREADS"]}
    on = [settings.torch["tf32"], settings.keras.get("NVIDIA_TF32_OVERRIDE") != "0"]
    tf32 = {(True, True): "on", (False, False): "off"}.get((on[0], on[1]), "on in one framework only")
    where = machine(settings.torch["device"])
    return f"{named}; {' and '.join(threads)} CPU threads a side, TF32 {tf32}; {where}"


def _worst(rows: Sequence[Row], everything: bool) -> Iterator[tuple[Row, int]]:
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        alone = everything or not (row.passed or row.comparison.verdict == "limited")
        kind = row.check if alone else row.check.split("/")[0]
        key = (row.technique, row.case, row.dtype, kind, str(alone), str(row.passed))
        groups.setdefault(key, []).append(row)
    for group in groups.values():
        yield max(group, key=lambda row: row.comparison.used), len(group)
