"""What do the frameworks' own one-hot functions make of labels, and what is one-hot good for?"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from crosscheck.experiments.experiment import Claim, Experiment, Outcome, Setting, Table
from crosscheck.specs.one_hot import CLASSES, draw_category, indicators
from crosscheck.technique import Arrays

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Of CLASSES classes; the third label is the odd one, if any is.
LABELS = {
    "as they should be": np.array([2, 0, 4, 1]),
    "last class absent": np.array([2, 0, 1, 3]),
    "a column (4, 1)": np.array([[2], [0], [4], [1]]),
    "one is -1": np.array([2, 0, -1, 1]),
    f"one is {CLASSES}": np.array([2, 0, CLASSES, 1]),
    "one is 1.7": np.array([2, 0, 1.7, 1]),
}
DRAWN = tuple(LABELS)[1:]
BAD = DRAWN[2:]
OURS = ("ours, torch", "ours, keras")
SCALES = (0.1, 1.0, 10.0)

Found = dict[str, np.ndarray | str]


def run(setting: Setting) -> Outcome:
    """The same labels to every function there is; then cross entropy and least squares both ways."""
    setting.note("calling every function")
    found = {name: natives(setting, labels) for name, labels in LABELS.items()}
    functions = tuple(next(iter(found.values())))
    said = {name: {f: described(found[name][f], LABELS[name]) for f in functions} for name in LABELS}
    split = functions.index(OURS[0]) + 1
    shown = [
        Table(title, ("labels", *those), [(name, *(said[name][f] for f in those)) for name in LABELS])
        for title, those in (
            (f"What PyTorch makes of four labels, K = {CLASSES}", functions[:split]),
            ("What Keras makes of them", functions[split:]),
        )
    ]
    setting.note("cross entropy and least squares")
    entropies, entropy_claims = cross_entropies(setting)
    fits, fit_claims = regressions(setting)
    drawn = {name: {f: plain(found[name][f]) for f in functions} for name in DRAWN}
    return Outcome(
        (*shown, entropies, fits),
        (*native_claims(found), *entropy_claims, *fit_claims),
        {"found": drawn, "described": {name: said[name] for name in DRAWN}},
    )


def natives(setting: Setting, labels: np.ndarray) -> Found:
    """What the functions of both sides return, PyTorch's first."""
    found: Found = {}
    for side in (setting.sides.torch, setting.sides.keras):
        found |= side.call(f"{side.name}_impl.techniques.one_hot:native_encodings", labels, CLASSES)
    return found


def described(found: np.ndarray | str, labels: np.ndarray) -> str:
    """Shape and dtype and, after a comma, what is wrong with it; or the error."""
    if isinstance(found, str):
        return found
    said, rows, odd = (
        f"{'x'.join(map(str, found.shape))} {found.dtype}",
        found.reshape(len(labels), -1),
        labels[2],
    )
    if rows.shape[1] != CLASSES:
        said += f", {rows.shape[1]} classes"
    if found.ndim == labels.ndim:
        said += ", squeezed"
    if odd not in range(CLASSES):
        said += f", class {rows[2].argmax()}" if rows[2].any() else ", zeros"
    return said


def native_claims(found: Mapping[str, Found]) -> tuple[Claim, ...]:
    """What the frameworks' functions do unlike each other, and that ours do not."""
    good, absent, column = (found[name] for name in tuple(LABELS)[:3])
    negative, large, fraction = (found[name] for name in BAD)
    inferred = [np.shape(absent[f"{name}(labels)"])[-1] for name in ("F.one_hot", "to_categorical")]
    kinds = [str(np.asarray(good[f"{name}(labels, K)"]).dtype) for name in ("F.one_hot", "ops.one_hot")]
    squeezed, kept = (np.shape(column[f"{name}(labels, K)"]) for name in ("to_categorical", "ops.one_hot"))
    wrapped, zeros = (negative[f"{name}(labels, K)"] for name in ("to_categorical", "ops.one_hot"))
    refused = [str(bad[name]) for bad in (negative, large, fraction) for name in OURS]
    alike = all(
        np.array_equal(f[OURS[0]], f[OURS[1]]) and np.array_equal(f[OURS[0]], indicators(labels, CLASSES))
        for f, labels in zip((good, absent, column), tuple(LABELS.values())[:3], strict=True)
    )
    return (
        Claim(
            f"where the last class is absent they infer {inferred[0]} and {inferred[1]} classes of {CLASSES}",
            inferred == [4, 4],
        ),
        Claim(
            f"F.one_hot returns {kinds[0]}, ops.one_hot {kinds[1]}",
            kinds[0] == "int64" and kinds[1].startswith("float"),
        ),
        Claim(
            f"to_categorical squeezes (4, 1) to {squeezed}; ops.one_hot keeps {kept}",
            squeezed == (4, CLASSES) and kept == (4, 1, CLASSES),
        ),
        Claim(
            f"-1: F.one_hot raises, to_categorical takes it for class {np.argmax(wrapped[2])}, "
            f"ops.one_hot's row sums to {np.sum(zeros[2]):g}",
            isinstance(negative["F.one_hot(labels, K)"], str)
            and np.argmax(wrapped[2]) == CLASSES - 1
            and not np.any(zeros[2]),
        ),
        Claim(
            f"ours refuse all three kinds of bad labels, by {' and '.join(sorted(set(refused)))}",
            set(refused) == {"ValueError"},
        ),
        Claim("ours return the same on both sides, and what numpy says", alike),
    )


def call(setting: Setting, case: str, dtype: str, arrays: Arrays) -> dict[str, Arrays]:
    """A case's function on both sides, by side."""
    arrays = {name: a.astype(dtype) if a.dtype.kind == "f" else a for name, a in arrays.items()}
    both = setting.sides.both("functions:call", "one_hot", case, dtype, [({}, arrays)])
    return {"torch": both.torch[0], "keras": both.keras[0]}


def cross_entropies(setting: Setting) -> tuple[Table, tuple[Claim, ...]]:
    """By labels and by one-hot targets, for logits from small to large."""
    generator = np.random.default_rng(setting.seed)
    rows: list[tuple[str | float, ...]] = []
    farthest = {"float64": 0.0, "float32": 0.0}
    for dtype in farthest:
        for scale in SCALES:
            logits = scale * generator.normal(size=(400, CLASSES))
            arrays = {"logits": logits, "labels": generator.integers(0, CLASSES, 400)}
            for side, found in call(setting, "cross_entropy", dtype, arrays).items():
                labels, targets = float(found["by_labels"]), float(found["by_one_hot"])
                apart = abs(labels - targets) / labels
                farthest[dtype] = max(farthest[dtype], apart / float(np.finfo(dtype).eps))
                rows.append((f"{dtype}, logits of size {scale:g}", side, labels, targets, apart))
    columns = ("400 rows", "side", "by labels", "by one-hot", "relative difference")
    claims = [
        Claim(f"cross entropy is the same by labels and by one-hot: {dtype} to {eps:.1f} eps", eps <= 8)
        for dtype, eps in farthest.items()
    ]
    return Table("Mean cross entropy", columns, rows), tuple(claims)


def regressions(setting: Setting) -> tuple[Table, tuple[Claim, ...]]:
    """A category as an input of a linear model, as a number and one-hot."""
    arrays = draw_category(np.random.default_rng(setting.seed))
    total = float(((arrays["values"] - arrays["values"].mean()) ** 2).sum())
    found = call(setting, "category", "float64", arrays)
    left = {
        name: [float(side[f"left_by_{name}"]) / total for side in found.values()]
        for name in ("number", "one_hot")
    }
    apart = max(abs(a - b) / a for a, b in left.values())
    ranks = [(int(side["rank"]), int(side["rank_less_one"])) for side in found.values()]
    rows: list[tuple[str | float, ...]] = [
        (f"as a {name}" if name == "number" else "one-hot", *shares) for name, shares in left.items()
    ]
    return (
        Table("Least squares on a category: share of the variance left", ("category", *found), rows),
        (
            Claim(
                f"as a number the category leaves {left['number'][0]:.0%} of the variance, one-hot "
                f"{left['one_hot'][0]:.1%}; the sides agree to {apart:.1e}",
                left["one_hot"][0] < left["number"][0] / 2 and apart < 1e-12,
            ),
            Claim(
                f"an intercept and {CLASSES} columns are of rank {ranks[0][0]}, and so they are without one "
                "of them: the columns are collinear",
                set(ranks) == {(CLASSES, CLASSES)},
            ),
        ),
    )


def plain(found: np.ndarray | str) -> list[list[float]] | str:
    """As JSON takes it, a row a label."""
    return found if isinstance(found, str) else found.reshape(len(found), -1).astype(float).tolist()


def draw(figure: "Figure", data: dict[str, Any]) -> None:
    """A small map for each call and each set of labels."""
    names, functions = list(data["found"]), list(data["found"]["one is -1"])
    panels = figure.subplots(len(names), len(functions))
    for name, row in zip(names, panels, strict=True):
        for function, axes in zip(functions, row, strict=True):
            _panel(axes, data["found"][name][function], data["described"][name][function])
        row[0].set_ylabel(name.replace(" is ", "\nis ").replace(" (", "\n("), fontsize="x-small", rotation=0)
        row[0].yaxis.set_label_coords(-0.6, 0.3)
    for function, axes in zip(functions, panels[0], strict=True):
        framework = "" if function in OURS else "torch\n" if function.startswith("F.") else "keras\n"
        title = f"{framework}{function}".replace("(", "\n(").replace("ours, ", "ours,\n")
        axes.set_title(title, fontsize="x-small", color="C2" if function in OURS else "black")
    figure.supxlabel(
        f"each map: a row a label, a column a class (K = {CLASSES}), dark is 1; red: what is wrong with it",
        fontsize="small",
    )


def _panel(axes: "Axes", found: list[list[float]] | str, said: str) -> None:
    axes.set(xticks=[], yticks=[])
    if isinstance(found, str):
        axes.set_facecolor("0.93")
        axes.text(0.5, 0.5, found.replace("Error", "\nError"), ha="center", va="center", fontsize="x-small",
                  transform=axes.transAxes)  # fmt: skip
        return
    axes.imshow(found, cmap="Blues", vmin=0, vmax=1.2, aspect="auto")
    for place in range(1, max(len(found), len(found[0]))):
        for line, size in ((axes.axhline, len(found)), (axes.axvline, len(found[0]))):
            if place < size:
                line(place - 0.5, color="0.8", linewidth=0.5)
    if said.endswith(("zeros", *(f"class {label}" for label in range(CLASSES + 1)))):
        axes.axhspan(1.5, 2.5, fill=False, edgecolor="red", linewidth=2)
    shape, _, wrong = said.partition(", ")
    axes.set_xlabel(wrong or shape, fontsize="xx-small", labelpad=1, color="red" if wrong else "black")


EXPERIMENT = Experiment(
    name="one_hot",
    question="What do the frameworks' own one-hot functions make of labels, and what is one-hot good for?",
    run=run,
    draw=draw,
)
