"""How many parameters does a separable convolution save, and how much time?"""

from typing import TYPE_CHECKING, Any

import numpy as np

from crosscheck.environment import machine
from crosscheck.experiments import drawing
from crosscheck.experiments.experiment import Cell, Claim, Experiment, Outcome, Setting, Table
from crosscheck.layouts import Weights
from crosscheck.parameters import trained_like_weights
from crosscheck.specs.depthwise_separable import (
    TECHNIQUE,
    article_parameters,
    composed_kernel,
    conv_parameters,
    separable_parameters,
)
from crosscheck.timing import ratio

if TYPE_CHECKING:
    from matplotlib.figure import Figure

EXAMPLE = (128, 256)  # channels in and out, of both of the article's examples
PRINTED = {3: 99_456, 1: 32_896}  # the article's figures for the separable convolution
LAYERS = (((32, 64), 3), ((64, 128), 3), (EXAMPLE, 3), ((256, 512), 3), (EXAMPLE, 1))
QUICK_LAYERS = (((32, 64), 3), (EXAMPLE, 3), (EXAMPLE, 1))
BATCH, SIZE = 8, 32
RELATIVE = 1e-14


def run(setting: Setting) -> Outcome:
    """Count, show that a separable convolution is a plain one, and take the time."""
    counted, count_claims = counts(setting)
    timed, time_claims, data = times(setting)
    return Outcome((counted, *timed), (*count_claims, product(setting), *time_claims), data)


def counts(setting: Setting) -> tuple[Table, tuple[Claim, ...]]:
    """The article's two examples: by its formula, as it prints them, and as they are."""
    rows: list[tuple[Cell, ...]] = []
    claims = []
    for size, printed in PRINTED.items():
        kernel = (size, size)
        found = {}
        for layer in ("published_conv", "published"):
            name = f"{layer}_{size}x{size}"
            found[layer] = setting.sides.both("adapter:trainable_count", TECHNIQUE.name, name, "float32")
        plain = conv_parameters(kernel, *EXAMPLE)
        right = separable_parameters(kernel, *EXAMPLE)
        formula = article_parameters(kernel, *EXAMPLE)
        conv, separable = found["published_conv"], found["published"]
        rows.append((f"plain, {size}x{size}", "-", "-", plain, conv.torch, conv.keras))
        rows.append((f"separable, {size}x{size}", printed, formula, right, separable.torch, separable.keras))
        verdict = "right" if printed == right else "wrong"
        claims.append(
            Claim(
                f"{size}x{size}: both frameworks have {right:,} parameters instead of {plain:,}; the "
                f"article's {printed:,} is {verdict}, its formula gives {formula:,}",
                set(conv) == {plain} and set(separable) == {right} != {formula},
            )
        )
    columns = (
        "layer, 128 to 256 channels",
        "printed",
        "article's formula",
        "kh kw I + I O",
        "torch",
        "keras",
    )
    return Table("Parameters of the article's two examples, without bias", columns, rows), tuple(claims)


def product(setting: Setting) -> Claim:
    """A separable convolution against the plain one whose kernel is the product of its two."""
    case, plain = TECHNIQUE.model("multiplier"), TECHNIQUE.model("plain")
    weights = trained_like_weights(dict(case.parameters), setting.seed)
    composed: Weights = {"conv.kernel": composed_kernel(weights)}
    x = np.random.default_rng(setting.seed).normal(size=case.input_shape)
    nothing = np.zeros((*case.input_shape[:-1], case.arguments["channels"]))
    farthest = 0.0
    outputs = {
        name: setting.sides.both("adapter:evaluate", TECHNIQUE.name, name, "float64", [(held, x)], nothing)
        for name, held in ((case.name, weights), (plain.name, composed))
    }
    for separable, conv in zip(*outputs.values(), strict=True):
        apart = np.abs(separable[0]["output"] - conv[0]["output"]).max()
        farthest = max(farthest, float(apart / np.abs(conv[0]["output"]).max()))
    return Claim(
        f"on both sides it is a plain convolution whose kernel is a product of two, to {farthest:.1e}",
        farthest <= RELATIVE,
    )


def times(setting: Setting) -> tuple[tuple[Table, Table], tuple[Claim, ...], dict[str, Any]]:
    """A forward pass of the plain and of the separable layer, one framework after the other."""
    generator = np.random.default_rng(setting.seed)
    work: list[tuple[Cell, ...]] = []
    rows: list[tuple[Cell, ...]] = []
    faster: dict[str, list[float]] = {}
    for (inputs, outputs), size in QUICK_LAYERS if setting.quick else LAYERS:
        kernel, name = (size, size), f"{size}x{size}, {inputs} to {outputs}"
        setting.note(f"timing {name}")
        x = generator.random((BATCH, SIZE, SIZE, inputs), np.float32)
        plain, separable = (f(kernel, inputs, outputs) for f in (conv_parameters, separable_parameters))
        # With stride 1, every weight is used once at every place.
        millions = (count * BATCH * SIZE * SIZE / 1e6 for count in (plain, separable))
        work.append((name, plain, separable, *(f"{count:,.0f} M" for count in millions), plain / separable))
        # One after the other: the sides share the cores.
        for side in (setting.sides.torch, setting.sides.keras):
            target = f"{side.name}_impl.techniques.depthwise_separable:forward_seconds"
            for way, found in side.call(target, x, outputs, kernel, 5 if setting.quick else 40).items():
                milliseconds = (1e3 * float(np.median(found[layer])) for layer in ("conv", "separable"))
                middle, low, high = ratio(found["conv"], found["separable"])
                label = f"{side.name}, {way}"
                faster.setdefault(label, []).append(middle)
                rows.append((name, label, *milliseconds, middle, f"{low:.2f} to {high:.2f}"))
    names, fewer = [str(row[0]) for row in work], [float(row[-1]) for row in work]
    threads = "/".join(side["OMP_NUM_THREADS"] for side in setting.sides.both("adapter:settings"))
    images = f"{BATCH} images of {SIZE} x {SIZE}"
    theory = Table(
        f"Weights, and multiplications of {images}",
        ("layer", "weights, plain", "separable", "multiplications, plain", "separable", "times fewer"),
        work,
    )
    timed = Table(
        f"A forward pass of {images}, float32: medians, the two layers timed in turns, each framework while "
        f"the other is idle; threads {threads}; {machine()}",
        ("layer", "run by", "ms, plain", "ms, separable", "times faster", "middle half"),
        rows,
    )
    return (
        (theory, timed),
        time_claims(names, fewer, faster),
        {"names": names, "fewer": fewer, "faster": faster},
    )


def time_claims(names: list[str], fewer: list[float], faster: dict[str, list[float]]) -> tuple[Claim, ...]:
    """What the article leaves to be thought: that time goes with parameters."""
    at = names.index("3x3, 128 to 256")
    small = names.index("1x1, 128 to 256")
    ratios = ", ".join(f"{label} {figures[at]:.1f}" for label, figures in faster.items())
    ones = ", ".join(f"{label} {figures[small]:.2f}" for label, figures in faster.items())
    return (
        Claim(
            f"3x3, 128 to 256: with {fewer[at]:.1f} times fewer multiplications it is as many times faster "
            f"(measured: {ratios})",
            all(figures[at] >= 0.9 * fewer[at] for figures in faster.values()),
            required=False,
        ),
        Claim(
            f"3x3, 128 to 256: it is faster in every way it is run (measured: {ratios})",
            all(figures[at] > 1 for figures in faster.values()),
            required=False,
        ),
        Claim(
            f"1x1, 128 to 256: it saves no time either, not a tenth (times faster: {ones})",
            all(figures[small] < 1.1 for figures in faster.values()),
            required=False,
        ),
    )


def draw(figure: "Figure", data: dict[str, Any]) -> None:
    """How many times fewer parameters, and how many times less time."""
    axes = figure.subplots()
    found = {"fewer parameters and multiplications": data["fewer"]}
    found |= {f"faster: {label}": figures for label, figures in data["faster"].items()}
    drawing.bars(axes, data["names"], found, "plain / separable")
    axes.axhline(1, color="black", linewidth=0.8)
    axes.set(title="Depthwise separable against plain convolution: theory and measured time")
    axes.set_ylim(0, 1.35 * max(max(figures) for figures in found.values()))
    axes.legend(fontsize="small", loc="upper left", ncols=2)


EXPERIMENT = Experiment(
    name="depthwise_separable",
    question="How many parameters does a depthwise separable convolution save, and how much time?",
    run=run,
    draw=draw,
)
