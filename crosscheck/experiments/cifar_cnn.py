"""Do both frameworks train the nets of article 004 alike, and does each of its changes help?

A short run on a part of the images; `crosscheck suite article_004` is the article's whole table.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from crosscheck.experiments import drawing, opinions
from crosscheck.experiments.experiment import Claim, Experiment, Outcome, Setting, Table
from crosscheck.experiments.fitting import fitting, subset
from crosscheck.recipes.cifar_cnn import BASELINE
from crosscheck.technique import technique
from crosscheck.training.statistics import Samples

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NETS = ("baseline", "wider", "deeper", "bn_before", "bn_after", "residual")
SMALL = ("small", "small_bn_before", "small_bn_after", "small_residual")
RELATIVE = 1e-12


def run(setting: Setting) -> Outcome:
    """Train every net for a short while in float32; the small ones in float64, step by step."""
    nets, steps, images = (NETS[:1], 6, 400) if setting.quick else (NETS, 160, 2_000)
    batch = BASELINE.batch_size
    train, test = subset(setting.dataset.train, steps * batch), subset(setting.dataset.test, images)
    losses: dict[str, dict[str, list[float]]] = {}
    accuracies: dict[str, Samples] = {name: {} for name in nets}
    rows, worst = [], 0.0
    for name in nets:
        count = technique("cifar_cnn").model(name).expected_count
        for one in setting.by_seed():
            setting.note(f"training {name}, seed {one.seed}")
            with fitting(one, ("cifar_cnn", name), BASELINE.optimizer, batch) as fit:
                found, accuracy = fit.epochs(train, batch, 1, one.seed), fit.accuracy(test)
            if one.seed == setting.seed:  # these are drawn
                losses[name] = {"torch": found.torch.tolist(), "keras": found.keras.tolist()}
            accuracies[name][one.seed] = opinions.percent(accuracy)
            worst = max(worst, 100 * abs(accuracy.torch - accuracy.keras))
            last = (float(side[-max(1, steps // 5) :].mean()) for side in found)
            rows.append((name, count, one.seed, *last, 100 * accuracy.torch, 100 * accuracy.keras))
    exact, claim = precise(setting)
    columns = ("net", "parameters", "seed", "loss, torch", "loss, keras", "test %, torch", "test %, keras")
    title = f"{steps} steps of {batch} images, Adam 0.001, float32; loss of the last fifth"
    claims = [claim]
    if not setting.quick:
        # Two runs of one framework from weights an ulp apart differ as much.
        claims.append(Claim(f"test accuracies of the frameworks within {worst:.1f} points", worst < 6))
        claims.append(residual_is_best(accuracies))
    tables = (Table(title, columns, rows), exact)
    return Outcome(tables, tuple(claims), {"losses": losses})


def residual_is_best(accuracies: dict[str, Samples]) -> Claim:
    """What the article says; by net, the accuracy of each seed in percent."""
    others = accuracies.keys() - {"residual"}
    best = max(others, key=lambda name: sum(accuracies[name].values()))
    text = f"the residual net is best, as in the article: against {best}, the best of the others"
    return opinions.higher(text, accuracies["residual"], accuracies[best])


def precise(setting: Setting) -> tuple[Table, Claim]:
    """The same optimizer on the small nets in float64."""
    rows, generator = [], np.random.default_rng(setting.seed)
    nets, steps = (SMALL[1:2], 10) if setting.quick else (SMALL, 60)
    for name in nets:
        setting.note(f"{name} in float64")
        size = technique("cifar_cnn").model(name).input_shape[1:]
        x = generator.normal(size=(steps, 8, *size))
        y = generator.integers(0, 10, (steps, 8))
        with fitting(setting, ("cifar_cnn", name), BASELINE.optimizer, 8, dtype="float64") as fit:
            torch, keras = fit.steps(x, y)
        rows.append((name, float(torch[-1]), float(np.max(np.abs(torch - keras) / torch))))
    worst = max(row[2] for row in rows)
    text = f"in float64 the losses of both frameworks agree to {worst:.1e} over {steps} steps of Adam"
    table = Table(f"{steps} steps of Adam 0.001 in float64", ("net", "last loss", "farthest apart"), rows)
    return table, Claim(text, worst <= RELATIVE)


def draw(figure: "Figure", data: dict[str, Any]) -> None:
    """The loss of every net on both sides."""
    axes = figure.subplots()
    drawing.courses(axes, data["losses"])
    axes.set(title="Training loss of the article's nets")


EXPERIMENT = Experiment(
    name="cifar_cnn",
    question="Do both frameworks train the article's nets alike, and does each change help?",
    run=run,
    draw=draw,
)
