"""What an experiment is, and how the experiments are found.

Every module in `crosscheck/experiments` that defines `EXPERIMENT` is found; it has the name of its
technique. An experiment asks one question, answers it on both sides from the same weights, and says
which claims hold.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crosscheck import checkpoint, registry
from crosscheck import experiments as package
from crosscheck.data.dataset import Dataset
from crosscheck.environment import machine, revision, versions
from crosscheck.sides import Sides
from crosscheck.training.statistics import ENOUGH

if TYPE_CHECKING:  # loading it takes a second, which the other commands need not wait for
    from matplotlib.figure import Figure

Cell = str | int | float


@dataclass(frozen=True)
class Setting:
    """What an experiment is given.

    Attributes:
        sides: both frameworks.
        dataset: images.
        quick: small enough for a test; shows that it runs, and proves little.
        seed: of everything random.
        note: tells the person at the terminal what is being done.
    """

    sides: Sides
    dataset: Dataset
    quick: bool
    seed: int
    note: Callable[[str], None]

    def by_seed(self) -> list["Setting"]:
        """The same with each of the seeds that an opinion is judged by; quick, with its own alone."""
        count = 1 if self.quick else ENOUGH
        return [replace(self, seed=self.seed + number) for number in range(count)]


@dataclass(frozen=True)
class Table:
    """Figures to be read; a float is shown with four digits."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[Cell, ...]]


@dataclass(frozen=True)
class Claim:
    """A statement that the experiment tested.

    Attributes:
        text: what is claimed, with the figure that decides.
        holds: whether it did; None where the figures cannot tell.
        required: whether the frameworks must bear it out (that they agree, what a proof says). An
            article's opinion is not: that it does not hold is a result.
    """

    text: str
    holds: bool | None
    required: bool = True


@dataclass(frozen=True)
class Outcome:
    """What an experiment showed; `data` is what its picture is drawn from."""

    tables: tuple[Table, ...]
    claims: tuple[Claim, ...]
    data: dict[str, Any] = field(default_factory=dict)

    @property
    def sound(self) -> bool:
        """Whether everything that is required holds."""
        return all(claim.holds for claim in self.claims if claim.required)


@dataclass(frozen=True)
class Experiment:
    """An experiment on a technique.

    Attributes:
        name: of the technique.
        question: what it asks, one sentence.
        run: carries it out.
        draw: draws the picture from the outcome's data, which may have come from a file.
    """

    name: str
    question: str
    run: Callable[[Setting], Outcome]
    draw: Callable[["Figure", dict[str, Any]], None]


@cache
def experiments() -> dict[str, Experiment]:
    """Every experiment by name."""
    return {found.name: found for found in registry.declared(package, "EXPERIMENT").values()}


def experiment(name: str) -> Experiment:
    """The experiment of this name.

    Raises:
        CrosscheckError: there is none; the message lists those there are.
    """
    return registry.lookup(experiments(), "experiment", name)


def command(found: Experiment, setting: Setting) -> str:
    """What repeats it; images are named as they were given, without the folder they lay in."""
    given = {
        "--data": Path(setting.dataset.source).name,
        "--seed": setting.seed,
        "--backend": setting.sides.backend,
        "--device": setting.sides.device,
    }
    options = [f"{option} {value}" for option, value in given.items()]
    return " ".join(["crosscheck experiment", found.name, *options, *(["--quick"] if setting.quick else [])])


def write(found: Experiment, outcome: Outcome, setting: Setting, settings: Any, folder: Path) -> None:
    """Write NAME.json with all that is needed to repeat it, and NAME.png."""
    facts = {
        "experiment": found.name,
        "question": found.question,
        "command": command(found, setting),
        "quick": setting.quick,
        "seed": setting.seed,
        "backend": setting.sides.backend,
        "device": setting.sides.device,
        "images": Path(setting.dataset.source).name,
        "data_sha256": setting.dataset.sha256,
        "settings": settings,
        "versions": versions(),
        "machine": machine(setting.sides.device),
        "revision": revision(),
        **asdict(outcome),
    }
    # Serialised before anything is written: what cannot be written must not leave half a file.
    text = json.dumps(facts, indent=1) + "\n"
    picture(found, json.loads(text)["data"], folder / f"{found.name}.png")
    checkpoint.write_text(folder / f"{found.name}.json", text)


def picture(found: Experiment, data: dict[str, Any], file: Path) -> None:
    """Draw the picture of an experiment from its data."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    found.draw(figure, data)
    with checkpoint.atomic(file) as temporary:
        figure.savefig(temporary, format="png", dpi=120)
