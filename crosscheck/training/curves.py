"""Loss curves of several runs in one picture."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib

from crosscheck import checkpoint
from crosscheck.errors import CrosscheckError
from crosscheck.training.run_folder import Row, RunFolder

matplotlib.use("agg")  # files only; no window is opened
from matplotlib import pyplot as plt

# Thin and dashed over broad and pale, so that both show where they coincide.
LINES = {
    "torch": {"linestyle": "-", "linewidth": 3.5, "alpha": 0.4},
    "keras": {"linestyle": "--", "linewidth": 1.3},
}
# About this many points a curve, so that the noise of small batches does not hide it.
POINTS = 120


def require_alike(folders: Sequence[Path]) -> None:
    """Make sure that the runs were computed with the same digits.

    Raises:
        CrosscheckError: their precision differs, or TF32 was on in some of them only.
    """
    for key in ("dtype", "tf32"):
        found = {folder: precision(RunFolder(folder).facts())[key] for folder in folders}
        if len(set(found.values())) > 1:
            named = ", ".join(f"{value} in {folder}" for folder, value in found.items())
            raise CrosscheckError(
                f"the runs differ in {key} ({named}), which looks like a difference of the frameworks; "
                "--mixed draws them all the same"
            )


def precision(facts: Mapping[str, Any]) -> dict[str, str]:
    """The dtype of a run, and whether it used TF32."""
    framework = facts.get("framework", {})
    tf32 = framework.get("tf32", framework.get("NVIDIA_TF32_OVERRIDE") != "0")
    return {"dtype": facts["dtype"], "tf32": "on" if tf32 and facts.get("device") == "cuda" else "off"}


def even(rows: Sequence[Row]) -> list[Row]:
    """Means of many steps each; one of few, as at the end of an epoch, becomes part of that before it."""
    found: list[Row] = []
    for row in rows:
        if found and 2 * row["steps"] < found[0]["steps"]:
            last, count = found[-1], found[-1]["steps"] + row["steps"]
            loss = (last["steps"] * last["loss"] + row["steps"] * row["loss"]) / count
            found[-1] = row | {"steps": count, "loss": loss}
        else:
            found.append(row)
    return found


def draw(folders: Sequence[Path], picture: Path) -> None:
    """Draw training loss and test accuracy of runs over the images they have seen.

    Args:
        folders: of the runs; a colour for each recipe, seed and data set, broad for PyTorch and
            dashed for Keras.
        picture: .png, .svg or .pdf.

    Raises:
        CrosscheckError: a folder holds no run, or one without a single line; or the picture's kind
            is not known.
    """
    figure, (loss_axes, accuracy_axes) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
    colours: dict[str, str] = {}
    digits = {folder: precision(RunFolder(folder).facts()) for folder in folders}
    mixed = len({tuple(one.values()) for one in digits.values()}) > 1
    for folder in folders:
        run = RunFolder(folder)
        facts, rows = run.facts(), run.metrics()
        name = f"{facts['recipe']['name']} seed {facts['seed']} on {Path(facts['data']).name}"
        colour = colours.setdefault(name, f"C{len(colours) % 10}")
        backend = f" on {facts['backend']}" if facts["side"] == "keras" else ""
        label = f"{folder.name}: {facts['side']}{backend}, {name}"
        if mixed:
            label += f", {digits[folder]['dtype']}, TF32 {digits[folder]['tf32']}"
        style = {"color": colour, "label": label, **LINES[facts["side"]]}
        steps = even([row for row in rows if row["kind"] == "steps"])
        if not steps:
            raise CrosscheckError(f"{folder}: its metrics hold nothing yet to draw")
        per_epoch = -(-facts["train_images"] // facts["recipe"]["batch_size"])
        batch = facts["train_images"] / per_epoch
        seen = [((row["epoch"] - 1) * per_epoch + row["step"]) * batch for row in steps]
        stride = max(1, len(steps) // POINTS)
        groups = range(0, len(steps) - stride + 1, stride)
        loss_axes.plot(
            [seen[start + stride - 1] for start in groups],
            [sum(row["loss"] for row in steps[start : start + stride]) / stride for start in groups],
            **style,
        )
        epochs = [row for row in rows if row["kind"] == "epoch"]
        accuracy_axes.plot(
            [row["epoch"] * facts["train_images"] for row in epochs],
            [100 * row["test_accuracy"] for row in epochs],
            marker="o",
            **style,
        )
    loss_axes.set(xlabel="images seen", ylabel="training loss", title="Training loss")
    accuracy_axes.set(xlabel="images seen", ylabel="%", title="Test accuracy after each epoch")
    for axes in (loss_axes, accuracy_axes):
        axes.grid(alpha=0.3)
        axes.set_xlim(left=0)
    figure.legend(
        *loss_axes.get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize="small"
    )
    try:
        kind = picture.suffix.removeprefix(".") or "png"
        with checkpoint.atomic(picture) as temporary:
            figure.savefig(temporary, format=kind, dpi=130)
    except ValueError:
        raise CrosscheckError(f"{picture}: not a kind of picture that can be drawn; use .png") from None
    finally:
        plt.close(figure)
