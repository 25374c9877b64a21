"""Is weight decay the same as L2, and do the frameworks mean the same by it?"""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from crosscheck.experiments import drawing
from crosscheck.experiments.experiment import Claim, Experiment, Outcome, Setting, Table
from crosscheck.experiments.fitting import fitting, subset
from crosscheck.optimizers import SGD, Adam, Optimizer
from crosscheck.parameters import dense, trained_like_weights

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TENSORS = dense("fc", 7, 6)
LAMBDA = 2.0**-6
PAIRS: dict[str, Optimizer] = {
    "SGD": SGD(0.05),
    "SGD with momentum": SGD(0.05, momentum=0.9),
    "Adam": Adam(0.01),
}


def run(setting: Setting) -> Outcome:
    """L2 and decay on given gradients; the natives of either framework; a net under both."""
    pairs, pair_claims, data = same_or_not(setting)
    native, native_claims = natives(setting)
    net = trained(setting)
    claims = (*pair_claims, *native_claims)
    return Outcome((pairs, native, net[0]), (*claims, net[1]), data | net[2])


def gradients_for(setting: Setting, steps: int) -> tuple[dict[str, np.ndarray], list[dict[str, np.ndarray]]]:
    """Weights and the gradients of some steps, as after training; one column of them is always 0."""
    generator = np.random.default_rng(setting.seed)
    weights = trained_like_weights(TENSORS, setting.seed)
    steps_of = [{n: generator.normal(size=w.shape) for n, w in weights.items()} for _ in range(steps)]
    for step in steps_of:
        step["fc.kernel"][:, 0] = 0.0  # as behind a dead ReLU
    return weights, steps_of


def same_or_not(setting: Setting) -> tuple[Table, tuple[Claim, ...], dict[str, Any]]:
    """L2 with lambda beside decay with lambda, which is the paper's decay of learning rate x lambda."""
    weights, gradients = gradients_for(setting, 100)
    apart: dict[str, list[float]] = {}
    rows = []
    for name, optimizer in PAIRS.items():
        found = {}
        chosen = {"l2": replace(optimizer, l2=LAMBDA), "decay": replace(optimizer, weight_decay=LAMBDA)}
        for kind, settings in chosen.items():
            both = setting.sides.both("training:updates", TENSORS, "float64", settings, weights, gradients)
            found[kind] = [np.stack([after["fc.kernel"] for after in side]) for side in both]
        size = np.abs(found["l2"][0]).max(axis=(1, 2))
        torch, keras = (np.abs(a - b).max(axis=(1, 2)) / size for a, b in zip(*found.values(), strict=True))
        apart[name] = torch.tolist()
        sides = max(float(np.abs(np.subtract(*pair)).max()) for pair in found.values())
        rows.append((name, float(torch[-1]), float(keras[-1]), sides))
    plain, momentum, adam = (row[1] for row in rows)
    columns = ("optimizer", "L2 against decay, torch", "the same, keras", "torch against keras")
    claims = (
        Claim(f"for plain SGD L2 and decay are the same, to {plain:.1e}", plain < 1e-13),
        Claim(f"with momentum they part, by {momentum:.1e} after 100 steps", momentum > 1e-3),
        Claim(f"for Adam they part, by {adam:.1e} after 100 steps", adam > 1e-3),
        first_step_of_adam(setting),
        Claim(
            f"the frameworks agree on every step, to {max(row[3] for row in rows):.1e}",
            max(row[3] for row in rows) < 1e-12,
        ),
    )
    title = f"lambda {LAMBDA}, 100 steps on given gradients, float64: largest relative difference"
    return Table(title, columns, rows), claims, {"apart": apart}


def first_step_of_adam(setting: Setting) -> Claim:
    """What L2 and decay change of Adam's first step, learning rate x g / (|g| + epsilon).

    L2 makes g to g + lambda w. As long as that has g's sign, the step is the same but for epsilon,
    whatever lambda is; decay takes learning rate x lambda x w besides. So no lambda makes them equal.
    """
    weights, gradients = gradients_for(setting, 1)
    adam = PAIRS["Adam"]
    g, w = gradients[0]["fc.kernel"], weights["fc.kernel"]
    largest = 16 * LAMBDA
    kept = (g != 0) & (np.sign(g + largest * w) == np.sign(g))

    def change(settings: Optimizer) -> float:
        """By how much a step differs from plain Adam's at most, in units of what decay takes."""
        both = setting.sides.both("training:updates", TENSORS, "float64", settings, weights, gradients)
        plain = setting.sides.both("training:updates", TENSORS, "float64", adam, weights, gradients)
        moved = [a[0]["fc.kernel"] - b[0]["fc.kernel"] for a, b in zip(both, plain, strict=True)]
        return max(float(np.abs(m / (adam.learning_rate * LAMBDA * w))[kept].max()) for m in moved)

    coupled = max(change(replace(adam, l2=times * LAMBDA)) for times in (1, 4, 16))
    decoupled = change(replace(adam, weight_decay=LAMBDA))
    return Claim(
        f"for Adam no L2 coefficient can do what decay does: in the first step, coefficients of 1, 4 and 16 "
        f"times lambda change {kept.sum()} weights by {coupled:.1e} of what decay takes from each, at most",
        coupled < 1e-3 and abs(decoupled - 1) < 1e-9,
    )


def natives(setting: Setting) -> tuple[Table, tuple[Claim, ...]]:
    """What the framework's own optimizers make of the same arguments."""
    weights, gradients = gradients_for(setting, 100)
    first = (weights["fc.kernel"], [step["fc.kernel"] for step in gradients])
    found: dict[str, np.ndarray] = {}
    for side in (setting.sides.torch, setting.sides.keras):
        target = f"{side.name}_impl.techniques.weight_decay:native_steps"
        for name, after in side.call(target, *first, LAMBDA).items():
            found[f"{side.name} {name}"] = after
    rows = []
    dead, alive = slice(0, 1), slice(1, None)
    for label, name, columns in (
        ("SGD(momentum, weight_decay)", "SGD(weight_decay)", alive),
        ("Adam(weight_decay)", "Adam(weight_decay)", alive),
        ("Adam(weight_decay), weights without gradient", "Adam(weight_decay)", dead),
        ("Adam()", "Adam()", alive),
    ):
        torch, keras = (found[f"{side} {name}"][..., columns] for side in ("torch", "keras"))
        rows.append((label, float(np.abs(torch - keras).max())))
    claims = (
        Claim(
            f"the same argument means L2 in PyTorch and decay in Keras: SGD parts by {rows[0][1]:.1e}, "
            f"Adam by {rows[1][1]:.1e}",
            min(rows[0][1], rows[1][1]) > 1e-4,
        ),
        Claim(
            f"the frameworks' own Adams part by {rows[3][1]:.1e} without decay: another epsilon in another "
            "place, and betas that Keras rounds to float32",
            rows[3][1] > 1e-9,
        ),
    )
    title = "The frameworks' own optimizers with the same arguments: largest difference after 100 steps"
    return Table(title, ("optimizer", "torch against keras"), rows), claims


def trained(setting: Setting) -> tuple[Table, Claim, dict[str, Any]]:
    """The baseline net under Adam with L2 and with decay."""
    steps = 4 if setting.quick else 150
    images = subset(setting.dataset.train, steps * 64)
    rows: list[tuple[str, float, float, float, float]] = []
    for name, optimizer in (
        ("Adam", Adam(0.001)),
        ("Adam with L2 0.01", Adam(0.001, l2=0.01)),
        ("AdamW 0.01", Adam(0.001, weight_decay=0.01)),
    ):
        setting.note(f"training with {name}")
        with fitting(setting, ("cifar_cnn", "baseline"), optimizer, 64) as fit:
            losses, weights = fit.epochs(images, 64, 1, setting.seed), fit.weights()
        torch, keras = (float(np.linalg.norm(side["fc1.kernel"])) for side in weights)
        last = [float(side[-10:].mean()) for side in losses]
        rows.append((name, last[0], last[1], torch, keras))
    columns = ("optimizer", "loss, torch", "loss, keras", "|fc1.kernel|, torch", "|fc1.kernel|, keras")
    shrunk = min(rows[0][3] - rows[1][3], rows[0][4] - rows[1][4])
    other = max(abs(row[3] - row[4]) / row[3] for row in rows)
    text = (
        f"L2 shrinks the weights on both sides (by at least {shrunk:.2g}), "
        f"and both end with norms within {other:.1%}"
    )
    table = Table(f"Baseline net, {steps} steps of 64 images, float32", columns, rows)
    return table, Claim(text, shrunk > 0 and other < 0.02), {"trained": [list(row) for row in rows]}


def draw(figure: "Figure", data: dict[str, Any]) -> None:
    """How L2 and decay part, and the size of the weights they end in."""
    left, right = figure.subplots(1, 2)
    for name, apart in data["apart"].items():
        left.semilogy(np.arange(1, 101), np.maximum(apart, drawing.NOTHING), label=name)
    left.set(title="L2 against decay, on given gradients", xlabel="step", ylabel="relative difference")
    left.legend(fontsize="small")
    left.grid(alpha=0.3)
    rows = data["trained"]
    norms = {"torch": [row[3] for row in rows], "keras": [row[4] for row in rows]}
    drawing.bars(right, [row[0] for row in rows], norms, "norm of fc1's kernel")
    right.set(title="Weights after training")


EXPERIMENT = Experiment(
    name="weight_decay",
    question="Is weight decay the same as L2, and do the frameworks mean the same by it?",
    run=run,
    draw=draw,
)
