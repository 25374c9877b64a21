"""Do large batches end in sharper minima, and do both frameworks measure the same sharpness?"""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from crosscheck.data import batches
from crosscheck.data.split import Split
from crosscheck.experiments import drawing, opinions
from crosscheck.experiments.experiment import Claim, Experiment, Outcome, Setting, Table
from crosscheck.experiments.fitting import fitting, subset
from crosscheck.layouts import Weights
from crosscheck.optimizers import Adam
from crosscheck.reference.losses import cross_entropy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NET = ("sharpness", "net")
ADAM = Adam(0.001)
RELATIVE = 1e-12
# Epsilon, and dimension and seed of the subspace: the paper's two and two.
BOXES = ((1e-3, None), (5e-4, None), (1e-3, (100, 0)), (5e-4, (100, 0)))
SPACES = {None: "all of the space", (100, 0): "100 random directions"}


class Minimum(NamedTuple):
    """Where a training ended.

    Attributes:
        side: that trained.
        batch: size of the batches.
        epochs: of the training.
        weights: neutral.
        loss: mean over the training images.
        correct: training images and test images whose class is found, in percent.
    """

    side: str
    batch: int
    epochs: int
    weights: Weights
    loss: float
    correct: tuple[float, float]

    @property
    def name(self) -> str:
        """For tables and pictures."""
        return f"batch {self.batch}, trained by {self.side}"


def run(setting: Setting) -> Outcome:
    """Train with small and with large batches, look around the minima and at the line between them."""
    # The large batches are 10 % of the images, as in the paper.
    size, plan = (100, {50: 1, 100: 1}) if setting.quick else (500, {5: 60, 50: 200})
    train = subset(setting.dataset.train, size)
    test = subset(setting.dataset.test, 100 if setting.quick else 2_000)
    minima = [
        found for batch, epochs in plan.items() for found in trained(setting, train, test, batch, epochs)
    ]
    rows = [(m.name, m.epochs, m.loss, *m.correct) for m in minima]
    columns = ("minimum", "epochs", "training loss", "training %", "test %")
    ends = Table(f"{size} images, Adam 0.001, float32, not until the loss stalls", columns, rows)
    around, rises, claim = look_around(setting, minima, train)
    alphas = np.linspace(-1, 2, 4 if setting.quick else 25)
    lines, line_claim = along(setting, minima, {"training": train, "test": test}, alphas)
    claims = [claim, line_claim, *([] if setting.quick else judged(minima, rises, len(test)))]
    data = {"batches": list(plan), "rises": rises, "alphas": alphas.tolist(), "lines": lines}
    return Outcome((ends, around), tuple(claims), data)


def trained(setting: Setting, train: Split, test: Split, batch: int, epochs: int) -> list[Minimum]:
    """A net of either side, from the same weights, trained with batches of one size."""
    setting.note(f"training with batches of {batch}")
    splits = [batches.gather(split, np.arange(len(split)), 0, 1) for split in (train, test)]
    with fitting(setting, NET, ADAM, batch) as fit:
        fit.epochs(train, batch, epochs, setting.seed)
        predicted, weights = [fit.predict(x) for x, _ in splits], fit.weights()
    found = []
    for number, side in enumerate(("torch", "keras")):
        outputs = [both[number].astype(np.float64) for both in predicted]
        right = [
            100 * float((out.argmax(axis=1) == y).mean()) for out, (_, y) in zip(outputs, splits, strict=True)
        ]
        loss = cross_entropy(outputs[0], splits[0][1])
        found.append(Minimum(side, batch, epochs, weights[number], loss, (right[0], right[1])))
    return found


def look_around(
    setting: Setting, minima: list[Minimum], train: Split
) -> tuple[Table, list[dict[str, Any]], Claim]:
    """The sharpness of every minimum, each measured by both sides."""
    boxes = BOXES[::2] if setting.quick else BOXES
    images = batches.gather(train, np.arange(len(train)), 0, 1, "float64")
    rises, rows = [], []
    for minimum in minima[:1] if setting.quick else minima:
        setting.note(f"looking around the minimum of {minimum.name}")
        torch, keras = setting.sides.both(
            "techniques.sharpness:landscape", NET, [minimum.weights], images, boxes
        )
        for (epsilon, subspace), by_torch, by_keras in zip(boxes, torch[0], keras[0], strict=True):
            # Of the loss: where the sharpness is small it is the difference of two that are nearly equal.
            apart = abs(by_torch.highest - by_keras.highest) / by_torch.highest
            figures = (by_torch.percent, by_keras.percent, apart)
            rows.append((minimum.name, f"{epsilon:g}", SPACES[subspace], *figures))
            rise = {"minimum": minimum.name, "epsilon": epsilon, "space": SPACES[subspace]}
            by_side = {"torch": by_torch.percent, "keras": by_keras.percent}
            rises.append({**rise, "percent": by_side})
    worst = max(row[5] for row in rows)
    columns = ("minimum", "epsilon", "searched", "by torch", "by keras", "highest losses apart")
    table = Table("Sharpness in percent, float64, 10 iterations of L-BFGS-B", columns, rows)
    text = f"from the same weights both frameworks find the same highest loss close by, to {worst:.1e}"
    return table, rises, Claim(text, worst <= RELATIVE)


def along(
    setting: Setting, minima: list[Minimum], splits: dict[str, Split], alphas: np.ndarray
) -> tuple[dict[str, Any], Claim]:
    """Loss and accuracy on the line through PyTorch's minima, each measured by both sides."""
    small, large = (minimum.weights for minimum in minima if minimum.side == "torch")
    found: dict[str, Any] = {}
    worst, same = 0.0, True
    for name, split in splits.items():
        setting.note(f"along the line between the minima, {name} images")
        images = batches.gather(split, np.arange(len(split)), 0, 1, "float64")
        torch, keras = setting.sides.both("techniques.sharpness:course", NET, (large, small), images, alphas)
        worst = max(worst, float(np.max(np.abs(torch["loss"] - keras["loss"]) / torch["loss"])))
        same = same and bool((torch["hits"] == keras["hits"]).all())
        found[name] = {
            side: {"loss": line["loss"].tolist(), "accuracy": (100 * line["hits"] / len(split)).tolist()}
            for side, line in (("torch", torch), ("keras", keras))
        }
    hits = "all" if same else "not all"
    text = (
        f"on the line through the minima the losses agree to {worst:.1e}, and {hits} counts of right answers"
    )
    return found, Claim(text, same and worst <= RELATIVE)


def judged(minima: list[Minimum], rises: list[dict[str, Any]], tested: int) -> list[Claim]:
    """What the paper says of small and large batches."""
    claims = []
    small, large = sorted({minimum.batch for minimum in minima})
    by_chance = max(other_minima(rises, batch).max() for batch in (small, large))
    for side in ("torch", "keras"):
        ratios = sharpness_of(rises, large, side) / sharpness_of(rises, small, side)
        text = (
            f"trained by {side}, the minimum of batch {large} is sharper, {min(ratios):.1f} to "
            f"{max(ratios):.1f} times as sharp as that of batch {small} (one run each; minima of one batch "
            f"size, one by each framework, differ by a factor of up to {by_chance:.1f})"
        )
        sharper = True if min(ratios) > by_chance else False if max(ratios) < 1 / by_chance else None
        claims.append(Claim(text, sharper, required=False))
    first, second = ([m.correct[1] for m in minima if m.batch == batch] for batch in (small, large))
    text = (
        f"batch {small} does better on test images than batch {large}: {first[0]:.1f} and {first[1]:.1f} "
        f"against {second[0]:.1f} and {second[1]:.1f} %, torch and keras"
    )
    return [*claims, opinions.higher(text, list(zip(first, second, strict=True)), tested)]


def sharpness_of(rises: list[dict[str, Any]], batch: int, side: str) -> np.ndarray:
    """The sharpness in every box of the minimum that a side found with batches of one size, by itself."""
    name = f"batch {batch}, trained by {side}"
    return np.array([rise["percent"][side] for rise in rises if rise["minimum"] == name])


def other_minima(rises: list[dict[str, Any]], batch: int) -> np.ndarray:
    """By what factor the two sides' minima of one batch size differ in every box."""
    torch, keras = (sharpness_of(rises, batch, side) for side in ("torch", "keras"))
    return np.asarray(np.maximum(torch / keras, keras / torch))


def draw(figure: "Figure", data: dict[str, Any]) -> None:
    """Loss and accuracy along the line, and the sharpness of every minimum."""
    loss, accuracy, bars = figure.subplots(1, 3, width_ratios=(1, 1, 1.5))
    small, large = data["batches"]
    for axes, figures, label in ((loss, "loss", "mean loss"), (accuracy, "accuracy", "accuracy (%)")):
        draw_line(axes, data, figures)
        axes.set(xlabel="alpha", ylabel=label, title=f"{figures.capitalize()} on the line")
        axes.set_xticks(
            (-1, 0, 1, 2), ("-1", f"0\nbatch {small}", f"1\nbatch {large}", "2"), fontsize="small"
        )
    loss.set_yscale("log")
    accuracy.set_ylim(0, 140)
    accuracy.set_yticks(range(0, 101, 20))
    accuracy.legend(fontsize="x-small", loc="upper left")
    first = max(rise["epsilon"] for rise in data["rises"])
    shown = [rise for rise in data["rises"] if rise["epsilon"] == first]
    names = list(dict.fromkeys(rise["minimum"] for rise in shown))
    spaces = dict.fromkeys(rise["space"] for rise in shown)
    found = {
        f"{space}, by {side}": [rise["percent"][side] for rise in shown if rise["space"] == space]
        for space in spaces
        for side in ("torch", "keras")
    }
    drawing.bars(bars, [name.replace(", trained", ",\ntrained") for name in names], found, "sharpness (%)")
    limits = 0.3 * min(map(min, found.values())), 30 * max(map(max, found.values()))
    bars.set(title=f"Sharpness, epsilon {first:g}", yscale="log", ylim=limits)
    bars.legend(fontsize="x-small", loc="upper left")


def draw_line(axes: "Axes", data: dict[str, Any], figures: str) -> None:
    """One figure along the line, for each set of images and by each side."""
    for number, (name, sides) in enumerate(data["lines"].items()):
        for side, style in (("torch", {"linewidth": 3.5, "alpha": 0.4}), ("keras", {"linestyle": "--"})):
            axes.plot(
                data["alphas"], sides[side][figures], color=f"C{number}", label=f"{name}, {side}", **style
            )
    for end in (0, 1):
        axes.axvline(end, color="black", linewidth=0.8, linestyle=":")
    axes.grid(alpha=0.3)


EXPERIMENT = Experiment(
    name="sharpness",
    question="Do large batches end in sharper minima, and do both frameworks measure the same sharpness?",
    run=run,
    draw=draw,
)
