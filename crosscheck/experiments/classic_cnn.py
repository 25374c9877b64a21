"""What each stage of the classic pattern costs, and what 3x3 filters alone buy for the same."""

from typing import TYPE_CHECKING, Any

import numpy as np

from crosscheck.experiments import opinions
from crosscheck.experiments.experiment import Claim, Experiment, Outcome, Setting, Table
from crosscheck.experiments.fitting import fitting, subset
from crosscheck.layouts import Weights
from crosscheck.optimizers import Adam
from crosscheck.parameters import initial_weights
from crosscheck.sides import Both
from crosscheck.specs.classic_cnn import Stage, costs
from crosscheck.technique import Case, technique
from crosscheck.training.statistics import Samples
from crosscheck.training.suite_results import MARGIN

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BATCH_SIZE = 64
OPTIMIZER = Adam(0.001)  # SGD would spend most of so short a training on the first plateau
COUNTED = {"11x11, 5x5, 3x3": "imagenet_eleven", "3x3 only": "imagenet_threes"}
TRAINED = {"7x7, 5x5, 3x3": "cifar_seven", "3x3 only": "cifar_threes"}
RELATIVE = 1e-12
COMPARED = 20  # steps; training amplifies rounding
SMOOTHED = 25  # steps


def run(setting: Setting) -> Outcome:
    """Have both sides count each stage's cost on a large image; train two nets of one cost on CIFAR-10."""
    tables, claims = [], []
    data: dict[str, Any] = {"costs": {}, "losses": {}}
    for name, case_name in COUNTED.items():
        setting.note(f"stages, {name}")
        case = technique("classic_cnn").model(case_name)
        found = stages(setting, case)
        by_hand = expected(case)
        torch, keras = (side["multiply_accumulates"].tolist() for side in found)
        data["costs"][name] = {"torch": torch, "keras": keras, "labels": labels(case)}
        tables.append(cost_table(name, case, found))
        claims.append(Claim(f"{name}: both sides count what the formula says", torch == keras == by_hand))
    pattern, threes = (sum(data["costs"][name]["torch"]) for name in COUNTED)
    depths = [len(data["costs"][name]["labels"]) for name in COUNTED]
    claims.append(
        Claim(
            f"3x3 filters alone: {depths[1]} layers instead of {depths[0]} for {threes / pattern:.1%} of the "
            "multiply-accumulates",
            0.99 < threes / pattern <= 1 and depths[1] > depths[0],
        )
    )
    shares = np.array(data["costs"]["11x11, 5x5, 3x3"]["torch"]) / pattern
    claims.append(
        Claim(
            f"of the pattern's cost {shares[0]:.0%} is in the 11x11 stage and {shares[1]:.0%} in the 5x5 "
            "stage: the largest filters are not the dearest, since they see three channels only",
            bool(shares[0] < shares[1]),
        )
    )
    trained, more = training(setting, data)
    return Outcome((*tables, trained), (*claims, *more), data)


def stages(setting: Setting, case: Case) -> Both:
    """What either side's `stages` says of a net and an image."""
    weights: Weights = initial_weights(dict(case.parameters), setting.seed)
    x = np.zeros(case.input_shape, np.float32)
    points = [(weights, {"x": x})]
    found = setting.sides.both("functions:call", "classic_cnn", f"stages_{case.name}", "float32", points)
    return Both(found.torch[0], found.keras[0])


def expected(case: Case) -> list[int]:
    """What the formula says of each stage's cost."""
    _, height, width, channels = case.input_shape
    return costs([Stage(*stage) for stage in case.arguments["stages"]], (height, width, channels))


def labels(case: Case) -> list[str]:
    """Each stage as one reads it in a table."""
    return [
        f"{size}x{size}" + (f"/{stride}" if stride > 1 else "") + f", {filters}" + (" + pool" * pooled)
        for size, stride, filters, pooled in case.arguments["stages"]
    ]


def cost_table(name: str, case: Case, found: Both) -> Table:
    """Maps and costs, stage by stage, as both sides count them."""
    rows: list[tuple[str | int | float, ...]] = []
    counted = [side["multiply_accumulates"].tolist() for side in found]
    for number, label in enumerate(labels(case)):
        convolved, passed_on = (
            "x".join(map(str, found.torch[k][number])) for k in ("convolved", "passed_on")
        )
        torch, keras = (side[number] for side in counted)
        share = f"{torch / sum(counted[0]):.1%}"
        rows.append((label, convolved, passed_on, f"{torch:,}", f"{keras:,}", share))
    rows.append(("all", "", "", *(f"{sum(side):,}" for side in counted), "100.0%"))
    columns = ("filters", "map", "passed on", "torch", "keras", "share")
    size = "x".join(map(str, case.input_shape[1:3]))
    return Table(f"{name}, image {size}: multiply-accumulates", columns, rows)


def training(setting: Setting, data: dict[str, Any]) -> tuple[Table, list[Claim]]:
    """Two nets of the same depth and cost for images of 32 x 32, each begun several times."""
    steps = 6 if setting.quick else 200
    images = subset(setting.dataset.train, steps * BATCH_SIZE)
    test = subset(setting.dataset.test, 200 if setting.quick else 2_000)
    rows: list[tuple[str | int | float, ...]] = []
    totals: list[str] = []
    found: list[Samples] = []
    apart = 0.0
    for name, case in TRAINED.items():
        net = technique("classic_cnn").model(case)
        totals.append(f"{sum(expected(net)):,}")
        accuracies: dict[int, Both] = {}
        for one in setting.by_seed():
            setting.note(f"training {name}, {steps} steps, seed {one.seed}")
            with fitting(one, ("classic_cnn", case), OPTIMIZER, BATCH_SIZE, dtype="float64") as fit:
                torch, keras = fit.epochs(images, BATCH_SIZE, 1, one.seed)
                accuracies[one.seed] = right = fit.accuracy(test)
            parted = np.abs(torch - keras) / np.abs(torch)
            apart = max(apart, float(parted[:COMPARED].max()))
            data["losses"].setdefault(name, {"torch": torch.tolist(), "keras": keras.tolist()})
            last = [float(side[-SMOOTHED:].mean()) for side in (torch, keras)]
            rows.append((f"{name} ({net.expected_count:,})", one.seed, *last, *right, float(parted.max())))
        found.append({seed: opinions.percent(both) for seed, both in accuracies.items()})
    claims = [
        Claim(
            f"both sides train alike: losses of the first {min(steps, COMPARED)} steps to {apart:.1e}",
            apart <= RELATIVE,
        )
    ]
    if not setting.quick:
        claims.append(no_worse(*found))
    columns = (
        "net (parameters)", "seed", "last loss, torch", "keras", "accuracy, torch", "keras", "farthest apart",
    )  # fmt: skip
    title = (
        f"Images of 32 x 32, {steps} steps of {BATCH_SIZE}, float64, Adam 0.001; cost {' and '.join(totals)}"
    )
    return Table(title, columns, rows), claims


def no_worse(pattern: Samples, threes: Samples) -> Claim:
    """The opinion that large filters first do for small images, too; accuracies in percent, by seed."""
    text = (
        f"the pattern is general, no worse on small images than 3x3 filters of its cost (by {100 * MARGIN:g} "
        "points at most)"
    )
    return opinions.higher(text, pattern, threes, 100 * MARGIN)


def draw(figure: "Figure", data: dict[str, Any]) -> None:
    """The cost of each stage, both sides' bars beside each other; and the losses of the trained nets."""
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    start, ticks, names = 0, [], []
    for number, (name, counted) in enumerate(data["costs"].items()):
        places = start + np.arange(len(counted["labels"]))
        for offset, side, alpha in ((-0.2, "torch", 0.45), (0.2, "keras", 1.0)):
            millions = np.array(counted[side]) / 1e6
            label = f"{name}, {side}: {millions.sum():.0f} in all"
            left.bar(places + offset, millions, 0.4, color=f"C{number}", alpha=alpha, label=label)
        ticks += places.tolist()
        names += counted["labels"]
        start = int(places[-1]) + 2
    left.set(title="Cost of each stage, image 224 x 224", ylabel="million multiply-accumulates")
    left.set_xticks(ticks, names, rotation=60, ha="right", fontsize="small")
    left.set_ylim(top=1.45 * max(max(c["torch"]) for c in data["costs"].values()) / 1e6)
    for number, (name, sides) in enumerate(data["losses"].items()):
        smooth = np.ones(SMOOTHED) / SMOOTHED
        for side, losses in sides.items():
            shown = np.convolve(losses, smooth, "valid") if len(losses) > SMOOTHED else losses
            style = (
                {"linewidth": 4, "alpha": 0.4} if side == "torch" else {"linewidth": 1.2, "linestyle": "--"}
            )
            right.plot(shown, color=f"C{number}", label=f"{name}, {side}", **style)
    right.set(
        title=f"Same cost, image 32 x 32:\ntraining loss, mean of {SMOOTHED} steps",
        xlabel="step",
        ylabel="loss",
    )
    for axes in (left, right):
        axes.legend(fontsize="small", loc="upper right")
        axes.grid(alpha=0.3)


EXPERIMENT = Experiment(
    name="classic_cnn",
    question="What does each stage of the classic pattern cost, and what do 3x3 filters buy for the same?",
    run=run,
    draw=draw,
)
