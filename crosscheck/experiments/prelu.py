"""What do learned slopes change, how many should there be, and what is the gradient at 0?"""

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

NETS = {
    "ReLU": ("cifar_cnn", "baseline"),
    "a slope a layer": ("prelu", "baseline_layer"),
    "a slope a channel": ("prelu", "baseline_channel"),
    "a slope an element": ("prelu", "baseline_element"),
}
ALPHA = 0.3


def run(setting: Setting) -> Outcome:
    """The gradient of three PReLUs at 0; then the baseline net with each way of sharing slopes."""
    zero, claims = at_zero(setting)
    training, more, data = trained(setting)
    return Outcome((zero, training), (*claims, *more), data)


def at_zero(setting: Setting) -> tuple[Table, tuple[Claim, ...]]:
    """The input gradient at exactly 0, by the frameworks' own layers and by ours."""
    model = technique("prelu").model("channel")
    weights = {"alpha": np.full(model.parameters["alpha"].shape, ALPHA)}
    x = np.zeros(model.input_shape)
    both = setting.sides.both("adapter:evaluate", "prelu", "channel", "float64", [(weights, x)], x - 1)
    # The loss is the mean of (y + 1)^2, so that its gradient at y = 0 is 2 / n.
    ours = [float(side[0]["input_gradient"].flat[0]) * x.size / 2 for side in both]
    native = [float(g) for g in setting.sides.both("techniques.prelu:native_gradient_at_zero", ALPHA)]
    rows = [("the frameworks' own layers", native[0], native[1]), ("ours", ours[0], ours[1])]
    claims = (
        Claim(
            f"at 0 PyTorch's gradient is alpha ({native[0]:.3g}), Keras' is {native[1]:.3g}",
            bool(np.allclose(native, (ALPHA, 0.0), rtol=1e-6, atol=0)),
        ),
        Claim("ours is alpha on both sides", bool(np.allclose(ours, ALPHA, rtol=1e-12, atol=0))),
    )
    return Table(f"Gradient at exactly 0, alpha {ALPHA}", ("PReLU", "torch", "keras"), rows), claims


def trained(setting: Setting) -> tuple[Table, tuple[Claim, ...], dict[str, Any]]:
    """Loss, accuracy and slopes after a short training."""
    steps, images = (4, 200) if setting.quick else (200, 2_000)
    batch = BASELINE.batch_size
    train, test = subset(setting.dataset.train, steps * batch), subset(setting.dataset.test, images)
    losses: dict[str, dict[str, list[float]]] = {}
    slopes: dict[str, dict[str, list[float]]] = {}
    last: dict[str, Samples] = {name: {} for name in NETS}
    rows = []
    for name, net in NETS.items():
        for one in setting.by_seed():
            setting.note(f"training with {name}, seed {one.seed}")
            with fitting(one, net, BASELINE.optimizer, batch) as fit:
                found, accuracy = fit.epochs(train, batch, 1, one.seed), fit.accuracy(test)
                alphas = [alphas_of(side) for side in fit.weights()]
            if one.seed == setting.seed:  # these are drawn
                losses[name] = {"torch": found.torch.tolist(), "keras": found.keras.tolist()}
                if len(alphas[0]):
                    torch, keras = (np.quantile(side, np.linspace(0, 1, 101)).tolist() for side in alphas)
                    slopes[name] = {"torch": torch, "keras": keras}
            ends = [float(side[-max(1, steps // 5) :].mean()) for side in found]
            last[name][one.seed] = float(np.mean(ends))
            rows.append((name, len(alphas[0]), one.seed, *ends, 100 * accuracy.torch, 100 * accuracy.keras))
    table = Table(
        f"Baseline net, {steps} steps of {batch} images, Adam 0.001, float32",
        ("net", "slopes", "seed", "loss, torch", "loss, keras", "test %, torch", "test %, keras"),
        rows,
    )
    counts = {row[0]: row[1] for row in rows}
    claims = [
        Claim(
            f"one slope an element, Keras' default, is {counts['a slope an element']:,} slopes; one a "
            f"channel, the paper's, is {counts['a slope a channel']}",
            counts["a slope an element"] == 53_312 and counts["a slope a channel"] == 224,
        )
    ]
    if not setting.quick:
        text = "a slope a channel lowers the training loss: ReLU's less that with slopes"
        claims.append(opinions.higher(text, last["ReLU"], last["a slope a channel"], form="{:+.3f}"))
    return table, tuple(claims), {"losses": losses, "slopes": slopes}


def alphas_of(weights: dict[str, np.ndarray]) -> np.ndarray:
    """All slopes of a net in one row."""
    return np.concatenate([np.zeros(0), *(w.ravel() for n, w in weights.items() if n.endswith("alpha"))])


def draw(figure: "Figure", data: dict[str, Any]) -> None:
    """The losses, and where the slopes have gone."""
    left, right = figure.subplots(1, 2, width_ratios=(1.4, 1))
    drawing.courses(left, data["losses"])
    left.set(title="Training loss")
    for number, (name, sides) in enumerate(data["slopes"].items(), start=1):
        for side, style in (("torch", {"linewidth": 3.5, "alpha": 0.4}), ("keras", {"linestyle": "--"})):
            share = np.linspace(0, 1, len(sides[side]))
            right.plot(sides[side], share, color=f"C{number}", label=f"{name}, {side}", **style)
    right.axvline(0.25, color="black", linewidth=0.8, linestyle=":")
    right.set(
        title="Slopes after training (all began at 0.25)",
        xlabel="alpha",
        ylabel="share of the slopes that is smaller",
    )
    right.legend(fontsize="x-small")
    right.grid(alpha=0.3)


EXPERIMENT = Experiment(
    name="prelu",
    question="What do learned slopes change, how many should there be, and what is the gradient at 0?",
    run=run,
    draw=draw,
)
