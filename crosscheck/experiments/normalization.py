"""What do batch and instance normalisation depend on, and where does the difference matter?"""

from typing import TYPE_CHECKING, Any

import numpy as np

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


def run(setting: Setting) -> Outcome:
    """Change the contrast of an image, or its batch mates; then train a net that must undo contrast."""
    properties, claims = invariances(setting)
    restoring, claim, data = restored(setting)
    return Outcome((properties, restoring), (*claims, claim), data)


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
    single = max(float(np.abs(a - b).max()) for a, b in zip(*alone, strict=True))
    rows.append(("both, a batch of one", "batch norm against instance norm", *(single, single)))
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


def task(split: Split, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Images whose contrast and brightness were changed at random, and what they are to become.

    Returns:
        inputs and targets; a target has mean 0 and variance 1 in every channel.
    """
    generator = np.random.default_rng(seed)
    x = split.images.astype(np.float32) / np.float32(255)
    mean, deviation = x.mean(axis=(1, 2), keepdims=True), x.std(axis=(1, 2), keepdims=True)
    size = (len(x), 1, 1, 1)
    changed = x * generator.uniform(0.2, 2.0, size) + generator.uniform(-1, 1, size)
    return changed.astype(np.float32), ((x - mean) / (deviation + np.float32(0.05))).astype(np.float32)


def restored(setting: Setting) -> tuple[Table, Claim, dict[str, Any]]:
    """The same small net with each normalisation, trained to undo a change of contrast."""
    steps = 8 if setting.quick else 250
    x, y = task(subset(setting.dataset.train, steps * BATCH), setting.seed)
    test, target = task(subset(setting.dataset.test, 200 if setting.quick else 1_000), setting.seed + 1)
    losses: dict[str, dict[str, list[float]]] = {}
    errors: dict[str, Both] = {}
    for norm in ("none", "batch", "instance"):
        setting.note(f"training with {norm} normalisation")
        with fitting(setting, ("normalization", f"restorer_{norm}"), Adam(0.003), BATCH) as fit:
            found = fit.steps(x.reshape(steps, BATCH, *x.shape[1:]), y.reshape(steps, BATCH, *y.shape[1:]))
            errors[norm] = Both(*(float(((side - target) ** 2).mean()) for side in fit.predict(test)))
        losses[norm] = {"torch": found.torch.tolist(), "keras": found.keras.tolist()}
    rows = [(norm, error.torch, error.keras) for norm, error in errors.items()]
    best = all(errors["instance"][side] < 0.8 * errors["batch"][side] for side in (0, 1))
    figures = ", ".join(f"{norm} {max(error):.3f}" for norm, error in errors.items())
    text = f"where contrast is to be undone, instance norm does better on unseen images ({figures})"
    title = f"Undoing contrast and brightness, {steps} steps of {BATCH} images: error on unseen images"
    table = Table(title, ("normalisation", "squared error, torch", "squared error, keras"), rows)
    example = {"input": test[:4].tolist(), "target": target[:4].tolist()} if not setting.quick else {}
    return table, Claim(text, best, required=not setting.quick), {"losses": losses, **example}


def draw(figure: "Figure", data: dict[str, Any]) -> None:
    """The losses on both sides, and what the net was given and asked for."""
    grid = figure.add_gridspec(2, 6)
    axes = figure.add_subplot(grid[:, :4] if "input" in data else grid[:, :])
    drawing.courses(axes, data["losses"], "squared error")
    axes.set(title="Undoing a change of contrast", yscale="log")
    for column, name in enumerate(("input", "target") if "input" in data else ()):
        for row in (0, 1):
            image = np.array(data[name][row])
            small = figure.add_subplot(grid[row, 4 + column])
            # One scale for the inputs, whose contrast is what is to be seen; its own for the targets.
            low, high = (-1.0, 3.0) if name == "input" else (-2.5, 2.5)
            small.imshow(np.clip((image - low) / (high - low), 0, 1))
            small.set_title(name, fontsize="small")
            small.axis("off")


EXPERIMENT = Experiment(
    name="normalization",
    question="What do batch and instance normalisation depend on, and where does it matter?",
    run=run,
    draw=draw,
)
