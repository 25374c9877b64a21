"""Does clipping keep the two frameworks on one course, and is Keras' clipnorm the same thing?"""

from typing import TYPE_CHECKING, Any

import numpy as np

from crosscheck.experiments import drawing
from crosscheck.experiments.experiment import Claim, Experiment, Outcome, Setting, Table
from crosscheck.experiments.fitting import fitting, subset
from crosscheck.optimizers import SGD

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LIMIT = 0.25
BATCH_SIZE = 64
NET = ("cifar_cnn", "baseline")
RELATIVE = 1e-12
# The article clips Adam's gradients; SGD is used here since Adam undoes any scaling of the gradient.
COURSES = {
    "not clipped": SGD(0.02, momentum=0.9),
    "global norm": SGD(0.02, momentum=0.9, global_norm=LIMIT),
    "each variable's norm": SGD(0.02, momentum=0.9, variable_norm=LIMIT),
}


def run(setting: Setting) -> Outcome:
    """Clip one set of gradients by every function there is; then train with and without clipping."""
    native, native_claims, data = natives(setting)
    losses: dict[str, dict[str, list[float]]] = {}
    rows: list[tuple[str | int | float, ...]] = []
    farthest = 0.0
    steps = 12 if setting.quick else 150
    images = subset(setting.dataset.train, steps * BATCH_SIZE)
    for name, optimizer in COURSES.items():
        setting.note(f"training, {name}")
        with fitting(setting, NET, optimizer, BATCH_SIZE, dtype="float64") as fit:
            torch, keras = fit.epochs(images, BATCH_SIZE, 1, setting.seed)
        losses[name] = {"torch": torch.tolist(), "keras": keras.tolist()}
        apart = float(np.max(np.abs(torch - keras) / np.abs(torch)))
        farthest = max(farthest, apart)
        rows.append((name, float(torch[-1]), float(keras[-1]), apart))
    unclipped, clipped = (np.array(losses[name]["torch"]) for name in ("not clipped", "global norm"))
    bites = int(np.argmax(unclipped != clipped)) if (unclipped != clipped).any() else -1
    claims = (
        *native_claims,
        Claim(f"clipping bites: its course leaves the unclipped one at step {bites}", bites >= 0),
        Claim(
            f"both frameworks stay on one course, to {farthest:.1e} of the loss over {steps} steps",
            farthest <= RELATIVE,
        ),
    )
    columns = ("clipped by", "last loss, torch", "last loss, keras", "farthest apart")
    courses = Table(f"Baseline net, float64, {steps} steps, SGD 0.02 with momentum 0.9", columns, rows)
    return Outcome((native, courses), claims, {"losses": losses, **data})


def natives(setting: Setting) -> tuple[Table, tuple[Claim, ...], dict[str, Any]]:
    """One large, one middling and one small gradient, clipped by every function there is."""
    generator = np.random.default_rng(setting.seed)
    sizes, shapes = (3.0, 1.0, 0.1), ((5, 3), (7,), (4, 2))
    gradients = [size * generator.normal(size=shape) for size, shape in zip(sizes, shapes, strict=True)]
    found: dict[str, list[np.ndarray]] = {}
    for side in (setting.sides.torch, setting.sides.keras):
        target = f"{side.name}_impl.techniques.gradient_clipping:native_clipping"
        for name, clipped in side.call(target, gradients, LIMIT).items():
            found[f"{side.name} {name}"] = clipped
    flat = {name: np.concatenate([g.ravel() for g in clipped]) for name, clipped in found.items()}
    whole = np.concatenate([g.ravel() for g in gradients])
    reference = flat["torch clip_grad_norm_"]
    turned: dict[str, float] = {}
    apart: dict[str, float] = {}
    for name, vector in flat.items():
        cosine = vector @ whole / np.linalg.norm(vector) / np.linalg.norm(whole)
        turned[name] = float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))
        apart[name] = float(np.linalg.norm(vector - reference) / np.linalg.norm(reference))
    rows = [(n, float(np.linalg.norm(v)), round(turned[n], 4), apart[n]) for n, v in flat.items()]
    columns = ("clipped by", "norm", "turned by (degrees)", "relative difference to torch")
    clipnorm, other = turned["keras clipnorm"], apart["keras global_clipnorm"]
    own = max(apart[f"{side} clip_global_norm"] for side in ("torch", "keras"))
    claims = (
        Claim(f"Keras' clipnorm turns the gradient, by {clipnorm:.1f} degrees here", clipnorm > 1),
        Claim(
            f"Keras' global_clipnorm lacks PyTorch's 1e-6: a relative {other:.1e} apart here",
            0 < other < 1e-5,
        ),
        Claim(
            f"clip_global_norm of either side here does what PyTorch's clip_grad_norm_ does, to {own:.1e}",
            own < 1e-15,
        ),
    )
    norm = float(np.linalg.norm(whole))
    return (
        Table(f"Three gradients of common norm {norm:.3g}", columns, rows),
        claims,
        {"natives": [list(row) for row in rows]},
    )


def draw(figure: "Figure", data: dict[str, Any]) -> None:
    """Losses of the courses on both sides, and how far the sides are apart."""
    left, right = figure.subplots(1, 2)
    drawing.courses(left, data["losses"])
    left.set(title="Training loss")
    drawing.differences(right, data["losses"], RELATIVE)


EXPERIMENT = Experiment(
    name="gradient_clipping",
    question="Does clipping keep both frameworks on one course, and is Keras' clipnorm the same thing?",
    run=run,
    draw=draw,
)
