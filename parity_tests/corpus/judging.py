"""Whether what the comparison says of a port is what is wrong with it."""

from dataclasses import dataclass
from pathlib import Path

from crosscheck.errors import CrosscheckError
from crosscheck.ports import inputs
from crosscheck.ports.comparison import Ports
from crosscheck.ports.report import Finding, Report, examine, where
from crosscheck.sides import Sides

from .entries import Mistake, Pair


@dataclass(frozen=True)
class Judgement:
    """What was right about the answer to a port with mistakes.

    Attributes:
        detected: it was called different.
        located: the first divergence is where the first mistake is.
        named: every mistake is among the causes.
        said: the first divergence and its cause.
    """

    detected: bool
    located: bool
    named: bool
    said: str

    @property
    def marks(self) -> str:
        """The three in short."""
        return " ".join("yes" if right else "NO" for right in (self.detected, self.located, self.named))


def family(pair: Pair) -> str:
    """The name of its models."""
    return Path(pair.torch.partition(":")[0]).stem.removesuffix("_torch")


def label(pair: Pair) -> str:
    """The two functions, without their folder."""
    return f"{Path(pair.torch).name} {Path(pair.keras).name}"


def examined(sides: Sides, pair: Pair) -> Report:
    """The whole comparison of a pair."""
    return examine(Ports(sides, pair.torch, pair.keras, inputs.read(pair.inputs)))


def judge_right(sides: Sides, pair: Pair) -> str:
    """ "equal", or what is said otherwise: that it is so in evaluation mode alone is not enough."""
    try:
        report = examined(sides, pair)
    except CrosscheckError as error:
        return f"could not be compared: {error}"
    return report.verdict if report.equal else " ".join(report.lines())


def judge(sides: Sides, *mistakes: Mistake) -> Judgement:
    """What is said of a port, against what is wrong with it."""
    try:
        report = examined(sides, mistakes[0].pair)
    except CrosscheckError as error:
        return Judgement(True, False, False, f"could not be compared: {error}")
    if report.equal:
        return Judgement(False, False, False, "equal")
    first = report.findings[0] if report.findings else None
    causes = {name for finding in report.findings for name in finding.identifiers}
    named = [where(first)] if first else []
    if isinstance(first, Finding) and first.between:  # it says between which layers the fault is
        named += [*first.at, *(torch for torch, _ in first.behind)]
    return Judgement(
        True,
        any(found == w or found.startswith(f"{w}.") for w in mistakes[0].where for found in named),
        all(causes & set(mistake.cause) for mistake in mistakes),
        f"{', '.join(named[:2])}: {', '.join(first.identifiers) if first else ''}",
    )
