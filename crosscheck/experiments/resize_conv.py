"""Which ways of enlarging leave a checkerboard, and is an even overlap enough?"""

from typing import TYPE_CHECKING, Any

import numpy as np

from crosscheck.data.split import Split
from crosscheck.experiments import drawing
from crosscheck.experiments.experiment import Cell, Claim, Experiment, Outcome, Setting, Table
from crosscheck.experiments.fitting import subset
from crosscheck.layouts import Weights
from crosscheck.parameters import trained_like_weights
from crosscheck.sides import Both
from crosscheck.specs.resize_conv import OVERLAPS, TECHNIQUE
from crosscheck.technique import Case

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LAYERS = {
    "transposed, k3 s2": "transposed_k3s2",
    "transposed, k5 s2": "transposed_k5s2",
    "transposed, k4 s2": "transposed_k4s2",
    "nearest, conv": "nearest",
    "bilinear, conv": "bilinear",
    "gradient, k3 s2": "strided",
}
TRANSPOSED, RESIZED = tuple(LAYERS)[:3], tuple(LAYERS)[3:5]
GRADIENT = "gradient, k3 s2"
STRIDE, BORDER = 2, 4
IMAGES, HEIGHT, WIDTH = 3, 24, 28
SHOWN = 20  # pixels of a picture's sides
NONE = 1e-12
BALANCED = (0.5, 1, 0.5)  # with these weights k3 s2 interpolates


def run(setting: Setting) -> Outcome:
    """Equal and random weights, on a flat image and on photographs, on both sides."""
    inputs = {
        "flat": np.ones((IMAGES, HEIGHT, WIDTH, 3)),
        "images": photographs(subset(setting.dataset.test, IMAGES)),
    }
    draws = 3 if setting.quick else 60
    found: dict[str, dict[str, Both]] = {}  # layer -> "equal, flat" -> contrasts of either side
    farthest = 0.0
    pictures: dict[str, dict[str, list[str]]] = {}
    for layer, name in LAYERS.items():
        setting.note(layer)
        case = TECHNIQUE.model(name)
        kinds = {"equal": [equal(case)], "random": [random(case, seed) for seed in range(draws)]}
        for kind, weights in kinds.items():
            for what, x in inputs.items():
                outputs = evaluated(setting, case, weights, x)
                apart = np.abs(outputs.torch - outputs.keras).max() / np.abs(outputs.torch).max()
                farthest = max(farthest, float(apart))
                figures = Both(*(np.array([contrast(y) for y in side]) for side in outputs))
                found.setdefault(layer, {})[f"{kind}, {what}"] = figures
            side = outputs.torch if kind == "equal" else outputs.keras
            pictures.setdefault(layer, {})[kind] = picture(side[0])
    rows: list[tuple[Cell, ...]] = [
        (layer, *(cell(figures.torch) for figures in columns.values())) for layer, columns in found.items()
    ]
    columns = ("layer", *(f"{name}" for name in found[GRADIENT]))
    title = (
        "Contrast of the checkerboard, from 0 to 1: the share of the output that repeats with the period of "
        f"the stride. Weights, input; means of {draws} random weights with their deviation"
    )
    data = {
        "contrasts": {
            f"{kind} weights, {side}": [
                float(getattr(found[n][f"{kind}, images"], side).mean()) for n in LAYERS
            ]
            for kind in ("equal", "random")
            for side in ("torch", "keras")
        },
        "layers": list(LAYERS),
        "pictures": pictures,
    }
    agree = Claim(f"all outputs and gradients agree on both sides, to {farthest:.1e}", farthest <= NONE)
    return Outcome((Table(title, columns, rows),), (*claims(setting, found), agree), data)


def photographs(split: Split) -> np.ndarray:
    """The middle of some images, from 0 to 1."""
    rows, columns = (slice((32 - size) // 2, (32 + size) // 2) for size in (HEIGHT, WIDTH))
    return split.images[:, rows, columns].astype(np.float64) / 255


def equal(case: Case) -> Weights:
    """Every weight the same; no bias, which would only add to what the contrast is compared with."""
    return {name: np.full(p.shape, 1 / 32) * name.endswith("kernel") for name, p in case.parameters.items()}


def random(case: Case, seed: int) -> Weights:
    """Random weights; no bias."""
    weights = trained_like_weights(dict(case.parameters), seed)
    return {name: value * name.endswith("kernel") for name, value in weights.items()}


def balanced(case: Case) -> Weights:
    """A 3x3 kernel whose stamps add up to the same sum everywhere."""
    weights = equal(case)
    weights["conv.kernel"] = np.outer(BALANCED, BALANCED)[:, :, None, None] * weights["conv.kernel"]
    return weights


def evaluated(setting: Setting, case: Case, weights: list[Weights], x: np.ndarray) -> Both:
    """The outputs of either side for each set of weights; of the strided convolution, the gradient."""
    strided = case.build == "StridedConv"
    size = 3 if strided else 2
    places = ((n - size) // STRIDE + 1 if strided else n * STRIDE for n in x.shape[1:3])
    # The loss is the squared error, so that the gradient that enters the layer is its output.
    target = np.zeros((len(x), *places, case.arguments["channels"]))
    points = [(held, x) for held in weights]
    both = setting.sides.both("adapter:evaluate", TECHNIQUE.name, case.name, "float64", points, target)
    name = "input_gradient" if strided else "output"
    return Both(*(np.stack([results[name] for results in side]) for side in both))


def contrast(y: np.ndarray) -> float:
    """The deviation of the means of the stride's phases, relative to the root mean square of all.

    Args:
        y: (B, H, W, C); a border is left out, where fewer stamps reach.
    """
    y = y[:, BORDER:-BORDER, BORDER:-BORDER]
    b, h, w, c = y.shape
    phases = y.reshape(b, h // STRIDE, STRIDE, w // STRIDE, STRIDE, c).mean(axis=(1, 3))
    return float(np.mean(phases.std(axis=(1, 2)) / np.sqrt(np.mean(y**2, axis=(1, 2)))))


def expected(kernel_size: int) -> float:
    """The contrast that the unevenness of the overlap alone makes of a flat image."""
    counts = np.outer(OVERLAPS[kernel_size, STRIDE], OVERLAPS[kernel_size, STRIDE])
    return float(counts.std() / np.sqrt(np.mean(counts**2)))


def claims(setting: Setting, found: dict[str, dict[str, Both]]) -> tuple[Claim, ...]:
    """What the overlap says, what random weights say, and what the article says."""

    def worst(layers: tuple[str, ...], column: str, least: bool = False) -> float:
        means = [float(side.mean()) for layer in layers for side in found[layer][column]]
        return min(means) if least else max(means)

    flat = {size: worst((f"transposed, k{size} s2",), "equal, flat") for size in (3, 5, 4)}
    off = max(abs(figure - expected(size)) for size, figure in flat.items())
    even = worst(("transposed, k4 s2",), "random, flat", least=True)
    resized = max(worst(RESIZED, "random, flat"), worst(RESIZED, "equal, flat"))
    gradient = worst((GRADIENT,), "equal, flat")
    photos = worst(TRANSPOSED, "random, images", least=True), worst(RESIZED, "random, images")
    case = TECHNIQUE.model("transposed_k3s2")
    outputs = evaluated(setting, case, [balanced(case)], np.ones((IMAGES, HEIGHT, WIDTH, 3)))
    balance = max(contrast(side[0]) for side in outputs)
    return (
        Claim(
            "equal weights, flat image: just what the overlap says, k3 "
            f"{flat[3]:.4f}, k5 {flat[5]:.4f}, k4 {flat[4]:.1e}",
            off <= NONE,
        ),
        Claim(f"resizing, then a convolution: none, whatever the weights ({resized:.1e})", resized <= NONE),
        Claim(
            f"the gradient of a convolution with a stride has it, too: k3 {gradient:.4f}",
            abs(gradient - expected(3)) <= NONE,
        ),
        Claim(
            f"an even overlap is not enough: with random weights k4 s2 has {even:.2f} of a flat image",
            even > 0.1,
        ),
        Claim(
            f"and weights can balance an uneven overlap: k3 s2 with 1/2, 1, 1/2 has none ({balance:.1e})",
            balance <= NONE,
        ),
        Claim(
            f"photographs, random weights: {photos[0] / photos[1]:.0f} times as much after a transposed "
            f"convolution ({photos[0]:.2f} at least) as after resizing ({photos[1]:.3f} at most)",
            photos[0] > 5 * photos[1],
            required=False,
        ),
    )


def cell(figures: np.ndarray) -> str:
    """A mean, with the deviation if there are several."""
    if figures.max() < NONE:
        return "none"
    return f"{figures.mean():.3f}" + (f" ({figures.std():.3f})" if len(figures) > 1 else "")


def picture(y: np.ndarray) -> list[str]:
    """One channel of one image, from black to white: a line of hexadecimal bytes for each row."""
    top, left = ((size - SHOWN) // 2 for size in y.shape[1:3])
    channel = y[0, top : top + SHOWN, left : left + SHOWN, 0]
    low, high = channel.min(), channel.max()
    grey = np.round(255 * (channel - low) / (high - low)).astype(np.uint8)
    return [row.tobytes().hex() for row in grey]


def draw(figure: "Figure", data: dict[str, Any]) -> None:
    """What each layer makes of a photograph, and how much of it is checkerboard."""
    layers = data["layers"]
    grid = figure.add_gridspec(4, len(layers))
    labels = {"equal": "equal\nweights,\ntorch", "random": "random\nweights,\nkeras"}
    for row, (kind, label) in enumerate(labels.items()):
        for column, layer in enumerate(layers):
            axes = figure.add_subplot(grid[row, column])
            lines = [np.frombuffer(bytes.fromhex(line), np.uint8) for line in data["pictures"][layer][kind]]
            axes.imshow(np.stack(lines), cmap="gray", interpolation="nearest")
            axes.set(xticks=[], yticks=[])
            if row == 0:
                axes.set_title(layer, fontsize="small")
            if column == 0:
                axes.set_ylabel(label, fontsize="small", rotation=0, ha="right", va="center")
    axes = figure.add_subplot(grid[2:, :])
    drawing.bars(axes, layers, data["contrasts"], "checkerboard's contrast")
    axes.set_xticks(range(len(layers)), layers, rotation=0, ha="center")
    axes.legend(fontsize="x-small", ncols=4, loc="upper left")
    axes.set_ylim(0, 1.3 * max(max(figures) for figures in data["contrasts"].values()))


EXPERIMENT = Experiment(
    name="resize_conv",
    question="Which ways of enlarging leave a checkerboard, and is an even overlap enough?",
    run=run,
    draw=draw,
)
