"""What does sharing one small layer among the parts save, and what does its gradient add up?"""

from typing import TYPE_CHECKING, Any

import numpy as np

from crosscheck.experiments import drawing
from crosscheck.experiments.experiment import Claim, Experiment, Outcome, Setting, Table
from crosscheck.experiments.fitting import fitting, subset
from crosscheck.layouts import Parameter
from crosscheck.optimizers import SGD
from crosscheck.parameters import trained_like_weights
from crosscheck.technique import Case, technique

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NETS = ("control", "split", "adjusted", "wide", "untied")
BATCH = 4


def run(setting: Setting) -> Outcome:
    """The gradient of the shared layer; parameters and multiplications; a short training."""
    shared, claims = gradients(setting)
    costs, drawn = cost()
    training, data = trained(setting)
    return Outcome((shared, costs, training), claims, data | {"costs": drawn})


def gradients(setting: Setting) -> tuple[Table, tuple[Claim, ...]]:
    """The shared layer's gradient beside those of separate layers that hold the same weights."""
    tied, untied = (technique("split_linear").model(name) for name in ("layer", "untied_layer"))
    weights = trained_like_weights(dict(tied.parameters), setting.seed)
    splits = tied.arguments["splits"]
    copies = {name: np.stack([value] * splits) for name, value in weights.items()}
    generator = np.random.default_rng(setting.seed)
    x, target = (generator.normal(size=(3, size)) for size in (tied.input_shape[1], tied.arguments["units"]))
    rows, worst = [], 0.0
    found = {}
    for case, held in ((tied, weights), (untied, copies)):
        found[case.name] = setting.sides.both(
            "adapter:evaluate", "split_linear", case.name, "float64", [(held, x)], target
        )
    for number, side in enumerate(("torch", "keras")):
        one = found["layer"][number][0]["gradient/kernel"]
        parts = found["untied_layer"][number][0]["gradient/kernel"]
        scale = np.abs(one).max()
        summed, mean = (float(np.abs(one - way).max() / scale) for way in (parts.sum(0), parts.mean(0)))
        rows.append((side, summed, mean))
        worst = max(worst, summed)
    columns = ("side", "against the sum over the parts", "against their average")
    table = Table(f"Gradient of the layer shared by {splits} parts: relative difference", columns, rows)
    nearest = min(row[2] for row in rows)
    claims = (
        Claim(f"the shared gradient is the sum over the parts, to {worst:.0e}", worst < 1e-14),
        Claim(
            f"it is their average, as the article has it ({nearest:.2g} apart)",
            nearest < 1e-6,
            required=False,
        ),
    )
    return table, claims


def multiplications(case: Case) -> int:
    """Of the two dense layers, for one image."""
    splits, hidden = case.arguments["splits"], case.arguments["hidden"]
    features = 5 * 5 * 18
    return features * hidden // splits + 10 * hidden


def cost() -> tuple[Table, dict[str, list[float]]]:
    """Parameters and multiplications of every net."""
    rows = []
    for name in NETS:
        case = technique("split_linear").model(name)
        rows.append((name, case.expected_count, size(case.parameters["fc1.kernel"]), multiplications(case)))
    columns = ("net", "parameters", "weights of fc1", "multiplications of the dense layers")
    drawn = {"parameters": [float(r[1]) for r in rows], "multiplications": [float(r[3]) for r in rows]}
    return Table("What an image costs", columns, rows), drawn


def size(parameter: Parameter) -> int:
    """The number of elements."""
    return int(np.prod(parameter.shape))


def trained(setting: Setting) -> tuple[Table, dict[str, Any]]:
    """The article's recipe on a part of the images; `crosscheck suite article_000` is the whole of it."""
    nets, steps = (NETS[1:2], 40) if setting.quick else (NETS, 2_000)
    train, test = subset(setting.dataset.train, steps * BATCH), subset(setting.dataset.test, 2_000)
    losses: dict[str, dict[str, list[float]]] = {}
    rows = []
    for name in nets:
        setting.note(f"training {name}")
        optimizer = SGD(learning_rate=0.001, momentum=0.9)
        with fitting(setting, ("split_linear", name), optimizer, BATCH) as fit:
            found, accuracy = fit.epochs(train, BATCH, 1, setting.seed), fit.accuracy(test)
        losses[name] = {"torch": found.torch.tolist(), "keras": found.keras.tolist()}
        last = [float(side[-max(1, steps // 5) :].mean()) for side in found]
        rows.append((name, last[0], last[1], 100 * accuracy.torch, 100 * accuracy.keras))
    columns = ("net", "loss, torch", "loss, keras", "test %, torch", "test %, keras")
    title = f"{steps} steps of {BATCH} images, SGD 0.001 with momentum 0.9; loss of the last fifth"
    return Table(title, columns, rows), {"losses": losses}


def draw(figure: "Figure", data: dict[str, Any]) -> None:
    """What each net costs, relative to the control net; the losses."""
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.4))
    relative = {name: np.divide(values, values[0]).tolist() for name, values in data["costs"].items()}
    drawing.bars(left, NETS, relative, "relative to the control net")
    left.axhline(1, color="black", linewidth=0.8, linestyle=":")
    left.set(title="Parameters and multiplications", yscale="log", ylim=(0.1, 8))
    ticks = (0.1, 0.2, 0.5, 1, 2, 5)
    left.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    left.minorticks_off()
    drawing.courses(right, data["losses"])
    right.set(title="Training loss")


EXPERIMENT = Experiment(
    name="split_linear",
    question="What does sharing one layer among the parts save, and what does its gradient add up?",
    run=run,
    draw=draw,
)
