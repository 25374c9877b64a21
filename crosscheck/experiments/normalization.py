"""What do batch and instance normalisation depend on, and where does the difference matter?"""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from crosscheck.data.split import Split
from crosscheck.experiments import drawing
from crosscheck.experiments.experiment import Claim, Experiment, Outcome, Setting, Table
from crosscheck.experiments.fitting import fitting, subset
from crosscheck.optimizers import Adam
from crosscheck.parameters import trained_like_weights
from crosscheck.sides import Both
from crosscheck.technique import technique

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BATCH = 32
NORMS = ("none", "batch", "instance")
PARTICIPLES = {"undo": "undone", "keep": "kept"}


def run(setting: Setting) -> Outcome:
    """Change the contrast of an image, or its batch mates; then train a net to undo contrast or keep it."""
    properties, claims = invariances(setting)
    restoring, more, data = restored(setting)
    return Outcome((properties, restoring), (*claims, *more), data)


def outputs(setting: Setting, case: str, x: np.ndarray) -> Both:
    """The layer's output in training mode on both sides, float64."""
    model = technique("normalization").model(case)
    weights = trained_like_weights(dict(model.parameters), setting.seed)
    both = setting.sides.both("adapter:evaluate", "normalization", case, "float64", [(weights, x)], x)
    return Both(*(side[0]["output/training"] for side in both))


def invariances(setting: Setting) -> tuple[Table, tuple[Claim, ...]]:
    """How much the first image's output moves when something is changed."""
    shape = technique("normalization").model("instance_norm").input_shape
    generator = np.random.default_rng(setting.seed)
    x = generator.normal(size=shape)
    contrast = x * generator.uniform(0.3, 3, (len(x), 1, 1, 1)) + generator.normal(size=(len(x), 1, 1, 1))
    mates = np.concatenate([x[:1], generator.normal(2, 3, x[1:].shape)])
    rows = []
    moved: dict[str, list[float]] = {}
    for case in ("batch_norm", "instance_norm"):
        base = outputs(setting, case, x)
        for change, other in (("contrast and brightness of each image", contrast), ("batch mates", mates)):
            found = outputs(setting, case, other)
            torch, keras = (float(np.abs(a[0] - b[0]).max()) for a, b in zip(found, base, strict=True))
            rows.append((case, change, torch, keras))
            moved.setdefault(change, []).append(max(torch, keras))
    alone = [outputs(setting, case, x[:1]) for case in ("batch_norm", "instance_norm")]
    singles = [float(np.abs(a - b).max()) for a, b in zip(*alone, strict=True)]
    single = max(singles)
    rows.append(("both, a batch of one", "batch norm against instance norm", singles[0], singles[1]))
    batch, instance = moved["contrast and brightness of each image"]
    mate_batch, mate_instance = moved["batch mates"]
    claims = (
        # Not exactly, since epsilon is a part of the variance it is added to.
        Claim(
            f"instance norm takes contrast away ({instance:.1e}), batch norm does not ({batch:.1e})",
            instance < 1e-3 < 1e-1 < batch,
        ),
        Claim(
            f"instance norm does not see the batch mates ({mate_instance:.0e}); batch norm does "
            f"({mate_batch:.1e})",
            mate_instance < 1e-14 < 1e-1 < mate_batch,
        ),
        Claim(f"in a batch of one they are the same, to {single:.0e}", single < 1e-13),
    )
    columns = ("layer", "what was changed", "moved, torch", "moved, keras")
    return Table("How far the output of the first image moves", columns, rows), claims


def tasks(split: Split, seed: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Images whose contrast and brightness were changed at random, and what they are to become.

    Returns:
        inputs, and targets by task. "undo": each image and channel with mean 0 and variance 1, which is
        what instance norm does. "keep": the images blurred by a 3x3 mean, at their own contrast.
    """
    generator = np.random.default_rng(seed)
    x = split.images.astype(np.float32) / np.float32(255)
    mean, deviation = x.mean(axis=(1, 2), keepdims=True), x.std(axis=(1, 2), keepdims=True)
    size = (len(x), 1, 1, 1)
    changed = (x * generator.uniform(0.2, 2.0, size) + generator.uniform(-1, 1, size)).astype(np.float32)
    padded = np.pad(changed, ((0, 0), (1, 1), (1, 1), (0, 0)))
    windows = sliding_window_view(padded, (3, 3), axis=(1, 2))
    return changed, {
        "undo": ((x - mean) / (deviation + np.float32(0.05))).astype(np.float32),
        "keep": windows.mean(axis=(-2, -1), dtype=np.float32),
    }


def restored(setting: Setting) -> tuple[Table, tuple[Claim, ...], dict[str, Any]]:
    """The same small net with each normalisation, trained to undo a change of contrast, and to keep it."""
    steps = 8 if setting.quick else 250
    x, y = tasks(subset(setting.dataset.train, steps * BATCH), setting.seed)
    test, targets = tasks(subset(setting.dataset.test, 200 if setting.quick else 1_000), setting.seed + 1)
    losses: dict[str, dict[str, dict[str, list[float]]]] = {}
    rows: list[tuple[str, str, float, float]] = []
    for name in y:
        losses[name] = {}
        for norm in NORMS:
            setting.note(f"training to {name} contrast with {norm} normalisation")
            with fitting(setting, ("normalization", f"restorer_{norm}"), Adam(0.003), BATCH) as fit:
                batches = (a.reshape(steps, BATCH, *a.shape[1:]) for a in (x, y[name]))
                found = fit.steps(*batches)
                torch, keras = (float(((side - targets[name]) ** 2).mean()) for side in fit.predict(test))
            rows.append((name, norm, torch, keras))
            losses[name][norm] = {"torch": found.torch.tolist(), "keras": found.keras.tolist()}
    undo, keep = ({row[1]: row[2:] for row in rows if row[0] == name} for name in y)
    figures = [", ".join(f"{n} {max(error):.2g}" for n, error in found.items()) for found in (undo, keep)]
    claims = (
        Claim(
            f"where contrast is to be undone, instance norm does better on unseen images ({figures[0]}); the "
            "target is nearly what it does",
            max(undo["instance"]) < min(undo["batch"]),
            required=False,
        ),
        Claim(
            f"where contrast is to be kept, as in super-resolution, it does worse ({figures[1]})",
            min(keep["instance"]) > max(keep["batch"]),
            required=False,
        ),
    )
    title = f"Contrast to be undone or kept, {steps} steps of {BATCH} images: squared error on unseen images"
    table = Table(title, ("task", "normalisation", "torch", "keras"), rows)
    return table, claims, {"losses": losses}


def draw(figure: "Figure", data: dict[str, Any]) -> None:
    """The losses on both sides, of either task."""
    for axes, (name, found) in zip(figure.subplots(1, 2), data["losses"].items(), strict=True):
        drawing.courses(axes, found, "squared error")
        axes.set(title=f"Contrast is to be {PARTICIPLES[name]}", yscale="log")


EXPERIMENT = Experiment(
    name="normalization",
    question="What do batch and instance normalisation depend on, and where does it matter?",
    run=run,
    draw=draw,
)
