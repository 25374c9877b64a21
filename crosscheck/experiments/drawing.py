"""How experiments draw what they show on both sides: PyTorch broad and pale, Keras thin and dashed."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

POINTS = 60  # of a curve, so that the noise of small batches does not hide it
NOTHING = 1e-17  # where a difference of 0 is drawn on a logarithmic axis


def courses(axes: "Axes", found: Mapping[str, Mapping[str, Sequence[float]]], ylabel: str = "loss") -> None:
    """Draw a figure of every step, such as the loss, for each course by name and side.

    Args:
        axes: to draw on.
        found: {name: {"torch": figures, "keras": figures}}.
        ylabel: of the figures.
    """
    for number, (name, sides) in enumerate(found.items()):
        colour = f"C{number % 10}"
        for side, style in (("torch", {"linewidth": 3.5, "alpha": 0.4}), ("keras", {"linestyle": "--"})):
            steps, means = smoothed(sides[side])
            axes.plot(steps, means, color=colour, label=f"{name}, {side}", **style)
    axes.set(xlabel="step", ylabel=ylabel)
    axes.legend(fontsize="x-small")
    axes.grid(alpha=0.3)


def differences(axes: "Axes", found: Mapping[str, Mapping[str, Sequence[float]]], limit: float) -> None:
    """Draw how far the sides are apart at every step, relative to PyTorch's figure, with a limit."""
    for number, (name, sides) in enumerate(found.items()):
        apart = np.abs(np.subtract(sides["torch"], sides["keras"])) / np.abs(sides["torch"])
        axes.semilogy(np.maximum(apart, NOTHING), color=f"C{number % 10}", label=name, linewidth=1)
    axes.axhline(limit, color="black", linewidth=0.8, linestyle=":")
    axes.set(xlabel="step", ylabel=f"relative difference (0 at {NOTHING:g})", title="|torch - keras|")
    axes.legend(fontsize="x-small")
    axes.grid(alpha=0.3)


def bars(axes: "Axes", names: Sequence[str], found: Mapping[str, Sequence[float]], ylabel: str) -> None:
    """Draw a group of bars for each name, one bar for each key of `found`."""
    width = 0.8 / len(found)
    places = np.arange(len(names))
    for number, (label, figures) in enumerate(found.items()):
        axes.bar(places + (number - (len(found) - 1) / 2) * width, figures, width, label=label)
    axes.set_xticks(places, names, rotation=20, ha="right", fontsize="small")
    axes.set(ylabel=ylabel)
    axes.legend(fontsize="x-small")
    axes.grid(alpha=0.3, axis="y")


def smoothed(figures: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """Steps and figures, as means of equal stretches if there are many."""
    values = np.asarray(figures, np.float64)
    stride = max(1, len(values) // POINTS)
    whole = len(values) // stride * stride
    return np.arange(stride, whole + 1, stride), values[:whole].reshape(-1, stride).mean(axis=1)
