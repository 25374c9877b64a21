"""Does a net stay what it was when its batch norms are folded, and what is gained?"""

from typing import TYPE_CHECKING, Any

import numpy as np

from crosscheck.data import batches
from crosscheck.experiments.experiment import Claim, Experiment, Outcome, Setting, Table
from crosscheck.experiments.fitting import fitting, subset
from crosscheck.layouts import Weights
from crosscheck.optimizers import SGD
from crosscheck.parameters import trained_like_weights
from crosscheck.technique import technique
from crosscheck.timing import ratio

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Source = tuple[str, ...]
BEFORE, AFTER, RESIDUAL = (("cifar_cnn", name) for name in ("bn_before", "bn_after", "residual"))
BATCH_SIZE = 64
DTYPES = ("float64", "float32")
# Epsilon of the batch norms, and the name of it.
EPSILONS = {1e-5: "PyTorch's 1e-5", 1e-3: "Keras' 1e-3"}
# 1e-13, which is 450 roundings, and as many in float32. At most 90 and 110 were measured.
ROUNDING = {dtype: 1e-13 * float(np.finfo(dtype).eps / np.finfo("float64").eps) for dtype in DTYPES}


def run(setting: Setting) -> Outcome:
    """Train a net with batch norm before the ReLU; fold it and others, rightly and wrongly; time them."""
    setting.note("training")
    steps = 10 if setting.quick else 300
    images = subset(setting.dataset.train, steps * BATCH_SIZE)
    with fitting(setting, BEFORE, SGD(0.02, momentum=0.9), BATCH_SIZE) as fit:
        fit.epochs(images, BATCH_SIZE, 1, setting.seed)
        trained = fit.weights().torch
    x, labels = batches.gather(setting.dataset.test, np.arange(200), 0, 1, "float64")
    folds, same = everything_folded(setting, trained, x)
    forgotten, epsilon_claims, errors = epsilon_forgotten(setting, trained, x, labels)
    refused, reason = behind_relu(setting, x)
    claims = [same, *epsilon_claims, refused]
    tables = [folds, forgotten]
    data: dict[str, Any] = {"errors": errors, "reason": reason}
    timed, ratios = speeds(setting, trained)
    if timed is not None:
        tables.append(timed)
        for name, (middle, low, high) in ratios.items():
            spread = f"middle half {low:.2f} to {high:.2f}"
            text = f"folding saves time: {name} is {middle:.2f} times as fast ({spread})"
            claims.append(Claim(text, low > 1, required=False))
    data["ratios"] = ratios
    return Outcome(tuple(tables), tuple(claims), data)


def ask(
    setting: Setting,
    source: Source,
    dtype: str,
    weights: Weights,
    x: np.ndarray,
    changes: dict[str, float] | None = None,
) -> dict[str, dict[str, Any]]:
    """Both sides' answers of `folded`, see their published.py; a published net has weights of its own."""
    found = setting.sides.both("published:folded", source, dtype, weights, x, changes)
    return {"torch": found.torch, "keras": found.keras}


def difference(found: dict[str, Any]) -> float:
    """How far the outputs before and after are apart, relative to the largest."""
    return float(np.abs(found["after"] - found["before"]).max() / np.abs(found["before"]).max())


def weights_of(source: Source, trained: Weights, seed: int) -> Weights:
    """Trained where there are such, as after training otherwise; a published net has its own."""
    if source == BEFORE:
        return trained
    if len(source) == 1:
        return {}
    return trained_like_weights(dict(technique(source[0]).model(source[1]).parameters), seed)


def everything_folded(setting: Setting, trained: Weights, x: np.ndarray) -> tuple[Table, Claim]:
    """Nets of article 004, and a published one; in both precisions."""
    rows: list[tuple[str | int | float, ...]] = []
    worst = dict.fromkeys(ROUNDING, 0.0)
    sources: tuple[Source, ...] = (
        (BEFORE, RESIDUAL) if setting.quick else (BEFORE, RESIDUAL, ("MobileNetV2",))
    )
    for source in sources:
        weights = weights_of(source, trained, setting.seed)
        images = x if len(source) > 1 else np.random.default_rng(setting.seed).normal(size=(4, 64, 64, 3))
        apart: dict[str, dict[str, float]] = {}
        for dtype in ROUNDING:
            setting.note(f"folding {source[-1]}, {dtype}")
            answers = ask(setting, source, dtype, weights, images)
            for side, found in answers.items():
                apart.setdefault(side, {})[dtype] = difference(found)
                worst[dtype] = max(worst[dtype], difference(found))
        for side, found in answers.items():
            removed = found["parameters_removed"]
            rows.append(
                (f"{source[-1]}, {side}", found["pairs"], found["left"], removed, *apart[side].values())
            )
    columns = ("net", "folded", "left", "parameters removed", "float64 apart", "float32 apart")
    text = ", ".join(f"{worst[dtype]:.1e} in {dtype}" for dtype in ROUNDING)
    held = all(worst[dtype] <= limit for dtype, limit in ROUNDING.items())
    claim = Claim(f"the folded nets' outputs are those of the nets, to {text} of the largest", held)
    return Table("Every batch norm folded; outputs apart relative to the largest", columns, rows), claim


def epsilon_forgotten(
    setting: Setting, trained: Weights, x: np.ndarray, labels: np.ndarray
) -> tuple[Table, tuple[Claim, ...], dict[str, dict[str, float]]]:
    """The formula of the article's source, gamma w / sqrt(variance), on the trained net."""
    rows: list[tuple[str | int | float, ...]] = []
    errors: dict[str, dict[str, float]] = {}
    variances = np.concatenate([v.ravel() for n, v in trained.items() if n.endswith("moving_variance")])
    for epsilon, name in EPSILONS.items():
        setting.note(f"forgetting epsilon, {name}")
        changes = {"epsilon": epsilon, "mistaken_epsilon": 0.0}
        for side, found in ask(setting, BEFORE, "float64", trained, x, changes).items():
            errors.setdefault(name, {})[side] = difference(found)
            right = [float((found[key].argmax(axis=1) == labels).mean()) for key in ("before", "after")]
            rows.append((f"{name}, {side}", difference(found), *right))
    columns = ("epsilon of the net", "outputs apart", "accuracy", "accuracy, forgotten")
    table = Table(
        f"Epsilon forgotten; trained net, smallest moving variance {variances.min():.2g}", columns, rows
    )
    shown = ", ".join(f"{found['torch']:.1e} with {name}" for name, found in errors.items())
    between = max(abs(f["torch"] - f["keras"]) / f["torch"] for f in errors.values())
    least = min(found["torch"] for found in errors.values())
    return (
        table,
        (
            Claim(f"without epsilon the folded net is another: outputs apart by {shown}", least > 1e-9),
            Claim(f"both sides are wrong by the same amount, to a relative {between:.1e}", between < 1e-6),
        ),
        errors,
    )


def behind_relu(setting: Setting, x: np.ndarray) -> tuple[Claim, str]:
    """Batch norm behind the ReLU: refused, and how wrong a net is that has it folded all the same."""
    weights = weights_of(AFTER, {}, setting.seed)
    answers = ask(setting, AFTER, "float64", weights, x[:8])
    # With the same weights, the net whose batch norm comes before the ReLU is, folded, the net whose
    # batch norm behind the ReLU was taken into the convolution before it.
    moved = ask(setting, BEFORE, "float64", weights, x[:8])
    apart = {
        side: difference({"before": found["before"], "after": moved[side]["after"]})
        for side, found in answers.items()
    }
    reasons = {side: found["refused"] for side, found in answers.items()}
    text = (
        f"behind a ReLU both sides fold nothing ({answers['torch']['left']} batch norms left); folded past "
        f"the ReLU the net is another: outputs apart by {apart['torch']:.2f} and {apart['keras']:.2f}"
    )
    agree = reasons["torch"] == reasons["keras"] and all(found["pairs"] == 0 for found in answers.values())
    return Claim(text, agree and min(apart.values()) > 1e-9), reasons["torch"]


def speeds(setting: Setting, trained: Weights) -> tuple[Table | None, dict[str, tuple[float, float, float]]]:
    """Inference as it is and folded, by turns in one process; one side after the other."""
    if setting.quick:
        return None, {}
    generator = np.random.default_rng(setting.seed)
    nets: tuple[Source, ...] = (BEFORE, RESIDUAL, ("MobileNetV2",))
    sources = [
        (source, weights_of(source, trained, setting.seed), generator.normal(size=(16, 64, 64, 3))[:, :s, :s])
        for source, s in zip(nets, (32, 32, 64), strict=True)
    ]
    rows: list[tuple[str | int | float, ...]] = []
    ratios: dict[str, tuple[float, float, float]] = {}
    for side in (setting.sides.torch, setting.sides.keras):
        setting.note(f"timing, {side.name}")
        found = side.call(f"{side.name}_impl.published:speeds", sources, 61)
        for source, (whole, folded) in zip(nets, found.values(), strict=True):
            middle, low, high = ratios[f"{source[-1]}, {side.name}"] = ratio(whole, folded)
            times = (1e3 * float(np.median(whole)), 1e3 * float(np.median(folded)))
            rows.append((f"{source[-1]}, {side.name}", *times, middle, f"{low:.2f} to {high:.2f}"))
    columns = ("net", "ms", "ms folded", "times as fast", "middle half")
    return Table("Inference of 16 images, float32, medians of 61 rounds", columns, rows), ratios


def draw(figure: "Figure", data: dict[str, Any]) -> None:
    """How wrong the formula without epsilon is; and how much faster the folded nets are."""
    left, right = figure.subplots(1, 2)
    names = list(data["errors"])
    for offset, side, colour in ((-0.2, "torch", "C0"), (0.2, "keras", "C1")):
        heights = [data["errors"][name][side] for name in names]
        left.bar(np.arange(len(names)) + offset, heights, 0.4, label=side, color=colour)
        nets = [key for key in data["ratios"] if key.endswith(side)]
        middles = np.array([data["ratios"][key] for key in nets])
        if nets:
            places, found = np.arange(len(nets)) + offset, middles[:, 0]
            spread = np.abs(middles[:, 1:].T - found)
            right.bar(places, found, 0.4, yerr=spread, capsize=4, label=side, color=colour)
            right.set_xticks(range(len(nets)), [key.partition(",")[0] for key in nets])
    left.set_xticks(range(len(names)), names)
    left.set(yscale="log", title="Epsilon forgotten", ylabel="outputs apart, relative to the largest")
    left.set_xlabel("epsilon of the net")
    every = [height for found in data["errors"].values() for height in found.values()]
    left.set_ylim(min(every) / 10, max(every) * 10)
    left.legend(loc="upper left")
    if not data["ratios"]:
        right.text(0.5, 0.5, "timed in the full run only", ha="center", transform=right.transAxes)
        right.set_axis_off()
        return
    right.axhline(1, color="black", linewidth=0.8, linestyle=":")
    right.set(title="Inference, 16 images: folded against not", ylabel="times as fast (bars: middle half)")
    right.set_ylim(0, right.get_ylim()[1] * 1.25)
    right.legend(loc="upper left")


EXPERIMENT = Experiment(
    name="bn_folding",
    question="Does a net stay what it was when its batch norms are folded, and what is gained by it?",
    run=run,
    draw=draw,
)
