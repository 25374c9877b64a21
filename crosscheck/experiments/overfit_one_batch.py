"""Do all nets learn one batch by heart, and is every mistake planted in one found and named?"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from crosscheck import console
from crosscheck.data import batches
from crosscheck.experiments import drawing
from crosscheck.experiments.experiment import Cell, Claim, Experiment, Outcome, Setting, Table
from crosscheck.experiments.fitting import subset
from crosscheck.optimizers import Adam
from crosscheck.overfitting import INITIAL, PASSED, Plan, Report, loss_at_random
from crosscheck.sides import Both
from crosscheck.technique import Case, technique, techniques

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Batch = tuple[np.ndarray, np.ndarray]

IMAGES = 8
NET = ("cifar_cnn", "baseline")
QUICK = (("split_linear", "control"),)
# A deep net without connections between its layers is in no hurry; 100 steps are enough for most others.
# The largest take long for a step.
STEPS, LARGE_STEPS, LARGE = 600, 150, 750_000  # LARGE: parameters
RATE, SMALL_RATE = 0.002, 1e-6
SMALL = "very small rate"


@dataclass(frozen=True)
class Mistake:
    """Something wrong with the baseline net, its loss, its labels or its training.

    Attributes:
        name: for the table.
        verdict: what the check must say, or how it must begin.
        changes, loss: see `overfit_case`.
        labels: "shuffled" at every step, or "contradicting".
        rate: learning rate.
    """

    name: str
    verdict: str
    changes: dict[str, str] = field(default_factory=dict)
    loss: str = "cross_entropy"
    labels: str = ""
    rate: float = RATE


MISTAKES = (
    Mistake("fc1 dead", "no gradient reaches block1.conv", {"fc1": "dead"}),
    Mistake("block1 frozen", "no gradient reaches block1.conv (frozen)", {"block1": "frozen"}),
    Mistake(SMALL, "the loss does not fall: the weights hardly move", rate=SMALL_RATE),
    Mistake("labels shuffled", "labels do not stay with their images", labels="shuffled"),
    Mistake("softmax twice", "the loss is not the cross entropy of logits: it takes", loss="softmax_twice"),
    Mistake("softmax in the net", "the outputs are probabilities", {"fc2": "softmax"}),
    Mistake("squared error", "the loss is not the cross entropy of logits: it is", loss="squared_error"),
    Mistake("twin images", "labels contradict", labels="contradicting"),
)


def run(setting: Setting) -> Outcome:
    """Check every net for images of this size; then the baseline net with one mistake after another."""
    chosen = subset(setting.dataset.train, IMAGES)
    x, y = batches.gather(chosen, np.arange(IMAGES), 0.5, 0.5)
    steps = 60 if setting.quick else 100
    nets = QUICK if setting.quick else everything(x.shape[1:])
    sound = {
        "/".join(names): checked(
            setting, names, (x, y), Plan(Adam(RATE), steps if setting.quick else enough(names))
        )
        for names in nets
    }
    wrong: dict[str, Both] = {}
    for mistake in MISTAKES[:3] if setting.quick else MISTAKES:
        given = spoilt(mistake.labels, x, y, steps)
        wrong[mistake.name] = checked(setting, NET, given, Plan(Adam(mistake.rate), steps), mistake)

    columns = ("net", "initial loss, torch", "keras", "to 0.01, torch", "keras", "to 0.001, torch", "keras")
    rows = [(name, *figures(both), told(both)) for name, both in sound.items()]
    limits = "" if setting.quick else f" (of {STEPS}; of {LARGE_STEPS} above {LARGE:,} parameters)"
    title = f"{IMAGES} images, steps of Adam {RATE:g}{limits} to a loss; log K = {np.log(10):.4f}"
    table = Table(title, (*columns, "verdict of both"), rows)
    mistakes = Table(
        "The baseline net with a mistake",
        ("mistake", "last loss, torch", "last loss, keras", "verdict of both"),
        [(name, *(float(r.measured.losses[-1]) for r in both), told(both)) for name, both in wrong.items()],
    )
    losses = {
        kind: {
            name: {side: report.measured.losses.tolist() for side, report in both._asdict().items()}
            for name, both in found.items()
        }
        for kind, found in (("sound", sound), ("wrong", wrong))
    }
    scope = "of a quick run" if setting.quick else f"of {' x '.join(map(str, x.shape[1:3]))} images"
    said = claims(sound, wrong, scope, "" if setting.quick else left_out(x.shape[1:]))
    return Outcome((table, mistakes), said, {"losses": losses})


def checked(
    setting: Setting, names: tuple[str, str], batch: Batch, plan: Plan, mistake: Mistake | None = None
) -> Both:
    """The reports of both sides."""
    console.raise_if_interrupted()
    setting.note(f"{'/'.join(names)}{f', {mistake.name}' if mistake else ''}")
    extra = (mistake.loss, mistake.changes) if mistake else ()
    return setting.sides.both(
        "techniques.overfit_one_batch:overfit_case", names, batch, plan, setting.seed, *extra
    )


def classifiers() -> list[tuple[tuple[str, str], Case]]:
    """Every net that classifies, with its technique's and its own name."""
    return [
        ((technique.name, case.name), case)
        for technique in techniques().values()
        for case in technique.models
        if case.loss == "cross_entropy"
    ]


def everything(size: tuple[int, ...]) -> list[tuple[str, str]]:
    """Every net that classifies images of this size."""
    return [names for names, case in classifiers() if case.input_shape[1:] == size]


def enough(names: tuple[str, str]) -> int:
    """The steps that a sound net is given."""
    return LARGE_STEPS if technique(names[0]).model(names[1]).expected_count > LARGE else STEPS


def left_out(size: tuple[int, ...]) -> str:
    """What is said of the nets for images of other sizes, which are not tried here."""
    others = [(names, case) for names, case in classifiers() if case.input_shape[1:] != size]
    untried = ["/".join(names) for names, case in others if case.counted_only]
    return (
        f"; left out for their other images: {', '.join(untried)} and {len(others) - len(untried)} small "
        "nets, which parity_tests/test_overfit_one_batch.py tries"
    )


def spoilt(labels: str, x: np.ndarray, y: np.ndarray, steps: int) -> Batch:
    """The batch with labels that are shuffled at every step, or contradict each other."""
    if labels == "shuffled":
        generator = np.random.default_rng(0)
        return x, np.stack([y, *(generator.permutation(y) for _ in range(steps - 1))])
    if labels == "contradicting":
        other = int(np.argmax(y != y[0]))
        return np.concatenate([x[:other], x[:1], x[other + 1 :]]), y
    return x, y


def figures(both: Both) -> tuple[Cell, ...]:
    """A row of the table of nets."""
    initial = (float(report.measured.losses[0]) for report in both)
    steps = (report.steps_to(limit) for limit in (1e-2, 1e-3) for report in both)
    return (*initial, *(step if step >= 0 else "-" for step in steps))


def told(both: Both) -> str:
    """The verdict, if it is the same on both sides."""
    if both.torch.verdict == both.keras.verdict:
        return both.torch.verdict
    return f"torch: {both.torch.verdict}; keras: {both.keras.verdict}"


def claims(sound: dict[str, Both], wrong: dict[str, Both], scope: str, omitted: str) -> tuple[Claim, ...]:
    """What must hold, and what the article says.

    Args:
        sound, wrong: reports by net or mistake.
        scope, omitted: which nets were tried, and which were not.
    """
    passed = [name for name, both in sound.items() if all(report.verdict == PASSED for report in both)]
    found = [
        mistake.name
        for mistake in MISTAKES
        if mistake.name in wrong and all(r.verdict.startswith(mistake.verdict) for r in wrong[mistake.name])
    ]
    alike = all(both.torch.findings == both.keras.findings for both in (*sound.values(), *wrong.values()))
    off = max(
        abs(loss_at_random(report.measured.outputs) / report.uniform_loss - 1)
        for both in sound.values()
        for report in both
    )
    small: Report = wrong[SMALL].torch
    first, last = small.measured.losses[[0, -1]]
    return (
        Claim(
            f"{len(passed)} of {len(sound)} nets {scope} pass on both sides{omitted}",
            len(passed) == len(sound),
        ),
        Claim(
            f"averaged over labels at random their initial loss is log K, to {off:.1%} at most",
            off <= INITIAL,
        ),
        Claim(f"{len(found)} of {len(wrong)} mistakes are found and named", len(found) == len(wrong)),
        Claim("both sides find the same, to the word", alike),
        Claim(
            f"the article: 'with a very small learning rate'. With {SMALL_RATE:g} the loss goes from "
            f"{first:.4f} to {last:.4f} in {len(small.measured.losses)} steps; with {RATE:g} the net passes",
            small.verdict == PASSED,
            required=False,
        ),
    )


def draw(figure: "Figure", data: dict[str, Any]) -> None:
    """The losses of a few sound nets, and of the net with mistakes."""
    left, right = figure.subplots(1, 2)
    sound = data["losses"]["sound"]
    shown = [name for name in sound if name.endswith(("/control", "/baseline", "/bn_before", "/residual"))]
    drawing.courses(left, {name: sound[name] for name in shown[:4]})
    wrong = {
        n: c for n, c in data["losses"]["wrong"].items() if n not in ("squared error", "softmax in the net")
    }
    drawing.courses(right, wrong)
    left.set(title="Nothing wrong", yscale="log")
    right.set(title=f"{'/'.join(NET)} with a mistake", ylim=(-0.05, 2.6))
    right.legend(fontsize="x-small", ncols=2, loc="center right", bbox_to_anchor=(1, 0.36))


EXPERIMENT = Experiment(
    name="overfit_one_batch",
    question="Do all nets learn one batch by heart, and is every mistake that is planted in one named?",
    run=run,
    draw=draw,
)
