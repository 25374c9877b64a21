"""Does the linear scaling rule hold with a warmup, and do the frameworks follow one learning rate?"""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from crosscheck.experiments import drawing, opinions
from crosscheck.experiments.experiment import Cell, Claim, Experiment, Outcome, Setting, Table
from crosscheck.experiments.fitting import fitting, subset
from crosscheck.optimizers import SGD
from crosscheck.parameters import dense, trained_like_weights
from crosscheck.reference.updates import learning_rate, updates
from crosscheck.training.statistics import Samples

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NET = ("cifar_cnn", "baseline")
BASE_BATCH, K = 32, 8
BASE = SGD(2.0**-6, momentum=0.875)
RELATIVE = 1e-12
MARGIN = 2  # points by which a large batch may be worse and still as good
TENSORS = dense("fc", 7, 6)


def run(setting: Setting) -> Outcome:
    """The learning rate of every step; momentum under it; small and large batches in training."""
    rates, rate_claim, drawn = schedules(setting)
    momentum, momentum_claims = momenta(setting)
    training, training_claims, losses = batches(setting)
    claims = (rate_claim, *momentum_claims, *training_claims)
    return Outcome((rates, momentum, training), claims, {"rates": drawn, "losses": losses})


def scaled(setting: Setting, steps: int, warmup: bool) -> SGD:
    """The optimizer of the large batch; the warmup takes a third of the steps."""
    target = "techniques.lr_scaling:scaled_learning_rate"
    torch, keras = setting.sides.both(target, BASE.learning_rate, K * BASE_BATCH, BASE_BATCH)
    if torch != keras:
        raise ValueError(f"the sides scale to {torch} and {keras}")
    large = replace(BASE, learning_rate=torch)
    return replace(large, warmup_start=BASE.learning_rate, warmup_steps=steps // 3) if warmup else large


def schedules(setting: Setting) -> tuple[Table, Claim, dict[str, list[float]]]:
    """Warmup and milestones, as either framework's own kind of schedule computes them."""
    steps = 40
    optimizer = replace(scaled(setting, steps // 2, warmup=True), milestones=(25, 33))
    both = setting.sides.both("techniques.lr_scaling:rates", optimizer, steps)
    formula = np.array([learning_rate(optimizer, step) for step in range(steps)])
    rows = [(s, float(formula[s]), float(both.torch[s]), float(both.keras[s])) for s in (0, 3, 6, 24, 25, 39)]
    apart = max(float(np.max(np.abs(side - formula) / formula)) for side in both)
    table = Table("The learning rate of some steps", ("step", "formula", "torch", "keras"), rows)
    drawn = {"formula": formula.tolist(), "torch": both.torch.tolist(), "keras": both.keras.tolist()}
    return table, Claim(f"both follow the formula at every step, to {apart:.1e}", apart < 1e-15), drawn


def momenta(setting: Setting) -> tuple[Table, tuple[Claim, ...]]:
    """Keras' own SGD, plain and corrected, beside PyTorch's under a rising learning rate."""
    steps = 30
    generator = np.random.default_rng(setting.seed)
    weights = trained_like_weights(TENSORS, setting.seed)
    gradients = [{n: generator.normal(size=w.shape) for n, w in weights.items()} for _ in range(steps)]
    optimizer = scaled(setting, steps, warmup=True)
    formula = list(updates(optimizer, [], weights, gradients))[-1]["fc.kernel"]
    flat = [step["fc.kernel"] for step in gradients]
    target = "techniques.lr_scaling:native_steps"
    both = setting.sides.both(target, optimizer, weights["fc.kernel"], flat)
    apart = {
        f"{side} {name}": float(np.abs(after - formula).max() / np.abs(formula).max())
        for side, found in zip(("torch", "keras"), both, strict=True)
        for name, after in found.items()
    }
    table = Table(
        f"{steps} steps on given gradients, learning rate rising {K}-fold in {steps // 3}, float64",
        ("SGD with momentum of", "relative difference to the formula"),
        list(apart.items()),
    )
    torch, native, corrected = apart["torch SGD"], apart["keras SGD"], apart["keras SGD, corrected"]
    claims = (
        Claim(f"PyTorch's SGD follows the formula, to {torch:.1e}", torch < RELATIVE),
        Claim(f"Keras' own SGD does not under a changing learning rate: {native:.1e} apart", native > 1e-3),
        Claim(f"with the paper's momentum correction it does, to {corrected:.1e}", corrected < RELATIVE),
    )
    return table, claims


def batches(setting: Setting) -> tuple[Table, tuple[Claim, ...], dict[str, Any]]:
    """The same number of images: small batches, and large ones with and without scaling and warmup."""
    epochs, size = (1, 2 * BASE_BATCH * K) if setting.quick else (5, 40 * BASE_BATCH * K)
    train, test = subset(setting.dataset.train, size), subset(setting.dataset.test, 2_000)
    large = size // (BASE_BATCH * K) * epochs
    courses = {
        "small batch": (BASE_BATCH, BASE),
        "large batch, same rate": (BASE_BATCH * K, BASE),
        "large, scaled": (BASE_BATCH * K, scaled(setting, large, warmup=False)),
        "large, scaled, warmup": (BASE_BATCH * K, scaled(setting, large, warmup=True)),
    }
    rows: list[tuple[Cell, ...]] = []
    accuracies: dict[str, Samples] = {name: {} for name in courses}
    losses: dict[str, Any] = {}
    for name, (batch_size, optimizer) in courses.items():
        for one in setting.by_seed():
            setting.note(f"training, {name}, seed {one.seed}")
            with fitting(one, NET, optimizer, batch_size) as fit:
                torch, keras = fit.epochs(train, batch_size, epochs, one.seed)
                accuracy = fit.accuracy(test)
            course = {"torch": torch.tolist(), "keras": keras.tolist(), "batch_size": batch_size}
            losses.setdefault(name, course)  # of the first seed, to be drawn
            accuracies[name][one.seed] = opinions.percent(accuracy)
            last = [float(side[-max(1, len(side) // 6) :].mean()) for side in (torch, keras)]
            rows.append((name, one.seed, len(torch), *last, 100 * accuracy.torch, 100 * accuracy.keras))
    columns = ("course", "seed", "steps", "loss, torch", "loss, keras", "test %, torch", "test %, keras")
    title = f"Baseline net, {epochs} x {size} images, batch {BASE_BATCH} and {K} times that, float32"
    if setting.quick:
        return Table(title, columns, rows), (), losses
    small, same, plain, warm = accuracies.values()
    as_good = (
        f"with both, the large batch is as good as the small one after as many images, to {MARGIN} points"
    )
    claims = (
        opinions.higher("scaling the rate without warmup helps the large batch", plain, same),
        opinions.higher("scaling it with warmup helps the large batch", warm, same),
        opinions.higher("warmup helps", warm, plain),
        opinions.higher(as_good, warm, small, MARGIN),
    )
    return Table(title, columns, rows), claims, losses


def draw(figure: "Figure", data: dict[str, Any]) -> None:
    """The schedule, and the loss over the images seen."""
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.6))
    rates = data["rates"]
    left.plot(rates["torch"], linewidth=3.5, alpha=0.4, label="torch")
    left.plot(rates["keras"], linestyle="--", label="keras")
    left.set(title="Warmup and two milestones", xlabel="step", ylabel="learning rate")
    left.legend(fontsize="small")
    left.grid(alpha=0.3)
    for number, (name, found) in enumerate(data["losses"].items()):
        for side, style in (("torch", {"linewidth": 3.5, "alpha": 0.4}), ("keras", {"linestyle": "--"})):
            steps, means = drawing.smoothed(found[side])
            label = f"{name}, {side}"
            right.plot(steps * found["batch_size"], means, color=f"C{number}", label=label, **style)
    right.set(title="Training loss", xlabel="images seen", ylabel="loss")
    right.legend(fontsize="x-small")
    right.grid(alpha=0.3)


EXPERIMENT = Experiment(
    name="lr_scaling",
    question="Does linear scaling with a warmup hold, and do the frameworks follow one learning rate?",
    run=run,
    draw=draw,
)
