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
from crosscheck.training.statistics import Samples

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
        seed: of its first weights and its batches.
        side: that trained.
        batch: size of the batches.
        epochs: of the training.
        weights: neutral.
        loss: mean over the training images.
        correct: training images and test images whose class is found, in percent.
    """

    seed: int
    side: str
    batch: int
    epochs: int
    weights: Weights
    loss: float
    correct: tuple[float, float]

    @property
    def name(self) -> str:
        """For tables and pictures."""
        return named(self.batch, self.side)


def named(batch: int, side: str) -> str:
    """The name of a minimum, by size of the batches and side that trained."""
    return f"batch {batch}, trained by {side}"


def run(setting: Setting) -> Outcome:
    """Train with small and with large batches, look around the minima and at the line between them."""
    # The large batches are 10 % of the images, as in the paper.
    size, plan = (100, {50: 1, 100: 1}) if setting.quick else (500, {5: 60, 50: 200})
    train = subset(setting.dataset.train, size)
    test = subset(setting.dataset.test, 100 if setting.quick else 2_000)
    minima = [
        found
        for one in setting.by_seed()
        for batch, epochs in plan.items()
        for found in trained(one, train, test, batch, epochs)
    ]
    rows = [(m.name, m.seed, m.epochs, m.loss, *m.correct) for m in minima]
    columns = ("minimum", "seed", "epochs", "training loss", "training %", "test %")
    ends = Table(f"{size} images, Adam 0.001, float32, not until the loss stalls", columns, rows)
    rises, worst = look_around(setting, minima, train)
    text = f"from the same weights both frameworks find the same highest loss close by, to {worst:.1e}"
    first = [minimum for minimum in minima if minimum.seed == setting.seed]
    alphas = np.linspace(-1, 2, 4 if setting.quick else 25)
    lines, line_claim = along(setting, first, {"training": train, "test": test}, alphas)
    claims = [Claim(text, worst <= RELATIVE), line_claim, *([] if setting.quick else judged(minima, rises))]
    drawn = [rise for rise in rises if rise["seed"] == setting.seed]
    data = {"batches": list(plan), "rises": drawn, "alphas": alphas.tolist(), "lines": lines}
    return Outcome((ends, around(drawn), by_seed(rises)), tuple(claims), data)


def trained(setting: Setting, train: Split, test: Split, batch: int, epochs: int) -> list[Minimum]:
    """A net of either side, from the same weights, trained with batches of one size."""
    setting.note(f"training with batches of {batch}, seed {setting.seed}")
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
        found.append(Minimum(setting.seed, side, batch, epochs, weights[number], loss, (right[0], right[1])))
    return found


def look_around(setting: Setting, minima: list[Minimum], train: Split) -> tuple[list[dict[str, Any]], float]:
    """The sharpness of every minimum, each measured by both sides.

    Returns:
        by minimum, seed, epsilon and space the percent that each side measured, and how far the sides'
        highest losses are apart; and the largest of these distances.
    """
    boxes = BOXES[::2] if setting.quick else BOXES
    images = batches.gather(train, np.arange(len(train)), 0, 1, "float64")
    rises = []
    for minimum in minima[:1] if setting.quick else minima:
        setting.note(f"looking around the minimum of {minimum.name}, seed {minimum.seed}")
        torch, keras = setting.sides.both(
            "techniques.sharpness:landscape", NET, [minimum.weights], images, boxes
        )
        for (epsilon, subspace), by_torch, by_keras in zip(boxes, torch[0], keras[0], strict=True):
            rises.append(
                {
                    "minimum": minimum.name,
                    "seed": minimum.seed,
                    "epsilon": epsilon,
                    "space": SPACES[subspace],
                    "percent": {"torch": by_torch.percent, "keras": by_keras.percent},
                    # Of the loss: where the sharpness is small it is the difference of two nearly equal ones.
                    "apart": abs(by_torch.highest - by_keras.highest) / by_torch.highest,
                }
            )
    return rises, max(rise["apart"] for rise in rises)


def around(rises: list[dict[str, Any]]) -> Table:
    """Every box, as both sides measured it."""
    rows = [
        (
            r["minimum"],
            f"{r['epsilon']:g}",
            r["space"],
            r["percent"]["torch"],
            r["percent"]["keras"],
            r["apart"],
        )
        for r in rises
    ]
    columns = ("minimum", "epsilon", "searched", "by torch", "by keras", "highest losses apart")
    return Table("Sharpness in percent, float64, 10 iterations of L-BFGS-B, first seed", columns, rows)


def by_seed(rises: list[dict[str, Any]]) -> Table:
    """One figure of each minimum."""
    names, seeds = (list(dict.fromkeys(rise[key] for rise in rises)) for key in ("minimum", "seed"))
    rows = [(name, *(powers(rises, name).get(seed, "-") for seed in seeds)) for name in names]
    title = "Sharpness in powers of ten of a percent, mean over the boxes"
    return Table(title, ("minimum", *(f"seed {seed}" for seed in seeds)), rows)


def powers(rises: list[dict[str, Any]], name: str) -> Samples:
    """Decimal logarithm of the sharpness of a minimum, mean over boxes and measuring sides; by seed."""
    found: dict[int, list[float]] = {}
    for rise in rises:
        if rise["minimum"] == name:
            found.setdefault(rise["seed"], []).extend(np.log10(list(rise["percent"].values())))
    return {seed: float(np.mean(figures)) for seed, figures in found.items()}


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


def judged(minima: list[Minimum], rises: list[dict[str, Any]]) -> list[Claim]:
    """What the paper says of small and large batches."""
    small, large = sorted({minimum.batch for minimum in minima})
    claims = [
        opinions.higher(
            f"trained by {side}, the minimum of batch {large} is sharper than that of batch {small}: in "
            "powers of ten, mean over the boxes, by",
            powers(rises, named(large, side)),
            powers(rises, named(small, side)),
            form="{:+.2f}",
        )
        for side in ("torch", "keras")
    ]
    right: dict[int, dict[int, list[float]]] = {small: {}, large: {}}
    for minimum in minima:
        right[minimum.batch].setdefault(minimum.seed, []).append(minimum.correct[1])
    first, second = ({s: float(np.mean(p)) for s, p in right[batch].items()} for batch in (small, large))
    text = f"batch {small} does better on test images than batch {large}"
    return [*claims, opinions.higher(text, first, second)]


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
