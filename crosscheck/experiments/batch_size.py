"""Is batch 128 better than 64, and what does the partial last batch do to the figures of an epoch?"""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from crosscheck.data import batches
from crosscheck.data.split import Split
from crosscheck.experiments import opinions
from crosscheck.experiments.experiment import Cell, Claim, Experiment, Outcome, Setting, Table
from crosscheck.experiments.fitting import fitting, subset
from crosscheck.optimizers import Adam
from crosscheck.reference.activations import log_softmax
from crosscheck.sides import Both
from crosscheck.training.statistics import Samples

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NET = ("cifar_cnn", "baseline")
SIZES = (64, 128)
OPTIMIZER = Adam(0.001)
# Of so many images the last batch holds 16 or 80, as of the article's 50,000.
IMAGES, QUICK_IMAGES = 4_048, 976
QUICK_TEST_IMAGES = 464
EPOCHS = 4
ORDERS = 400
POINTS = 60  # of a drawn curve
PUBLISHED_GAIN = 100 * (0.7068 - 0.7045)
RELATIVE = 1e-12
LOOP = "torch, the article's loop"


def run(setting: Setting) -> Outcome:
    """Train with both sizes; then take the mean of an epoch in every way there is."""
    images = subset(setting.dataset.train, QUICK_IMAGES if setting.quick else IMAGES)
    test = setting.dataset.test
    test = subset(test, QUICK_TEST_IMAGES if setting.quick else len(test))
    epochs = 1 if setting.quick else EPOCHS
    found = {
        (size, one.seed): trained(one, size, images, test, epochs)
        for size in SIZES
        for one in setting.by_seed()
    }
    rows: list[tuple[Cell, ...]] = []
    for (size, seed), one in found.items():
        weights = np.array([len(batch) for batch in cut(np.arange(len(images)), size)])
        for side, steps, accuracy in zip(("torch", "keras"), one.losses, one.accuracy(test), strict=True):
            last = steps[-len(weights) :]
            means = float(np.average(last, weights=weights)), float(last.mean())
            rows.append((f"{size}, {side}", seed, len(steps), int(weights[-1]), *means, accuracy))
    setting.note("means of an epoch")
    first = {size: found[size, setting.seed] for size in SIZES}
    means_table, means_claims = means_of(setting, first[SIZES[-1]].logits.torch, test)
    hits = first[SIZES[-1]].hits(test).torch
    shifts = {str(size): shift_by_order(hits, size, setting.seed) for size in SIZES}
    columns = ("batch, side", "seed", "steps", "last batch", "weighted", "unweighted", "test accuracy")
    title = f"{len(images):,} images, {epochs} epochs, Adam 0.001, float64; loss of the last epoch"
    farthest = max(one.apart for one in found.values())
    claims = [
        Claim(f"both frameworks stay on one course, to {farthest:.1e} of the loss", farthest <= RELATIVE),
        *means_claims,
    ]
    if not setting.quick:
        accuracies: dict[int, Samples] = {size: {} for size in SIZES}
        for (size, seed), one in found.items():
            accuracies[size][seed] = opinions.percent(one.accuracy(test))
        claims += judged(accuracies, shifts)
    drawn = {
        str(size): {"torch": one.losses.torch.tolist(), "keras": one.losses.keras.tolist()}
        for size, one in first.items()
    }
    data = {"losses": drawn, "images": len(images), "shifts": shifts}
    return Outcome((Table(title, columns, rows), means_table), tuple(claims), data)


class Trained(NamedTuple):
    """What a training left: the loss of every step and the logits of the test images, on both sides."""

    losses: Both
    logits: Both

    @property
    def apart(self) -> float:
        """By how much the losses of the sides differ at most, relative to PyTorch's."""
        return float(np.max(np.abs(self.losses.torch - self.losses.keras) / np.abs(self.losses.torch)))

    def hits(self, test: Split) -> Both:
        """Of each image whether its class is found."""
        return Both(*(output.argmax(axis=1) == test.labels for output in self.logits))

    def accuracy(self, test: Split) -> Both:
        """The share of the images whose class is found."""
        return Both(*(float(hits.mean()) for hits in self.hits(test)))


def trained(setting: Setting, size: int, images: Split, test: Split, epochs: int) -> Trained:
    """Train with batches of a size, from the weights of the setting's seed, in its order."""
    setting.note(f"training, batch {size}, seed {setting.seed}")
    with fitting(setting, NET, OPTIMIZER, size, dtype="float64") as fit:
        losses = fit.epochs(images, size, epochs, setting.seed)
        return Trained(losses, fit.predict(batches.gather(test, np.arange(len(test)), 0, 1, fit.dtype)[0]))


def cut(rows: np.ndarray, size: int) -> list[np.ndarray]:
    """Batches of a size, the partial one last."""
    return np.split(rows, range(size, len(rows), size))


def means_of(setting: Setting, logits: np.ndarray, test: Split) -> tuple[Table, list[Claim]]:
    """The mean loss of the test images by everything that reports one, for both sizes."""
    figures = -log_softmax(logits)[np.arange(len(test)), test.labels]
    mean = float(figures.mean())
    off: dict[str, list[float]] = {}
    for size in SIZES:
        for side in (setting.sides.torch, setting.sides.keras):
            target = f"{side.name}_impl.techniques.batch_size:native_means"
            for name, found in side.call(target, figures, size).items():
                off.setdefault(f"{side.name}, {name}", []).append(abs(found - mean) / mean)
    rows: list[tuple[Cell, ...]] = [(name, *found) for name, found in off.items()]
    loop = off[LOOP]
    others = [found for name, found in off.items() if name.startswith("keras, ")]
    return (
        Table(
            f"Mean loss of {len(test):,} test images, {mean:.4f}: relative error of what is reported",
            ("by", *(f"batch {size}" for size in SIZES)),
            rows,
        ),
        [
            Claim(
                f"what Keras reports is the mean over all images, to {np.max(others):.1e}",
                float(np.max(others)) < 1e-6,
            ),
            Claim(
                f"the article's mean of the batches' means is not: off by {min(loop):.1e} and more",
                min(loop) > 1e-6,
            ),
        ],
    )


def shift_by_order(hits: np.ndarray, size: int, seed: int) -> list[float]:
    """By how many points the unweighted accuracy is off, for many orders of the same images."""
    generator = np.random.default_rng(seed)
    found = []
    for _ in range(ORDERS):
        means = [batch.mean() for batch in cut(generator.permutation(hits), size)]
        found.append(100 * float(np.mean(means) - hits.mean()))
    return found


def judged(accuracies: dict[int, Samples], shifts: dict[str, list[float]]) -> list[Claim]:
    """What the article says, and how much the way of counting in its log can change."""
    small, large = (accuracies[size] for size in SIZES)
    spread = {size: float(np.std(found)) for size, found in shifts.items()}
    most = {size: float(np.abs(found).max()) for size, found in shifts.items()}
    return [
        opinions.higher(
            f"batch 128 is better than 64 after the same epochs (article 004: by {PUBLISHED_GAIN:.2f})",
            large,
            small,
        ),
        Claim(
            "an accuracy that is a mean of batches, as in the log of the article's training, depends on "
            f"which images come last: over {ORDERS} orders by {spread['64']:.2f} points with batch 64 "
            f"(standard deviation; {most['64']:.2f} at most), by {spread['128']:.2f} with batch 128 "
            f"({most['128']:.2f})",
            max(most.values()) > 0,
            required=False,
        ),
    ]


def draw(figure: "Figure", data: dict[str, Any]) -> None:
    """Loss against images seen, and by how much an unweighted accuracy is off."""
    left, right = figure.subplots(1, 2)
    for number, (size, losses) in enumerate(data["losses"].items()):
        seen = images_seen(int(size), data["images"], len(losses["torch"]))
        stride = max(1, len(seen) // POINTS)
        whole = len(seen) // stride * stride
        for side, style in (("torch", {"linewidth": 3.5, "alpha": 0.4}), ("keras", {"linestyle": "--"})):
            means = np.reshape(losses[side][:whole], (-1, stride)).mean(axis=1)
            label = f"batch {size}, {side}"
            left.plot(
                seen[stride - 1 : whole : stride] / 1000, means, color=f"C{number}", label=label, **style
            )
    left.set(title="Training loss", xlabel="images seen (thousands)", ylabel="loss")
    left.legend(fontsize="small")
    for number, (size, shifts) in enumerate(data["shifts"].items()):
        # Few values are possible: one for each number of hits in the last batch.
        values, counts = np.unique(np.round(shifts, 6), return_counts=True)
        right.plot(values, counts, "o-", color=f"C{number}", label=f"batch {size}")
    right.set(
        title="Test accuracy, unweighted less weighted",
        xlabel="percentage points",
        ylabel=f"of {ORDERS} orders of the test images",
    )
    right.set_ylim(0, 1.45 * right.get_ylim()[1])
    right.legend(fontsize="small")
    for axes in (left, right):
        axes.grid(alpha=0.3)


def images_seen(size: int, images: int, steps: int) -> np.ndarray:
    """After each step."""
    epoch = [len(batch) for batch in cut(np.arange(images), size)]
    return np.cumsum(np.tile(epoch, steps // len(epoch)))


EXPERIMENT = Experiment(
    name="batch_size",
    question="Is batch 128 better than 64, and what does the partial last batch do to an epoch's figures?",
    run=run,
    draw=draw,
)
