"""Normalisation written out by hand, on either side: which of its parts Keras does otherwise."""

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import numpy as np

from crosscheck.ports.divergence import TOLERANCE
from crosscheck.ports.hypotheses import Hypothesis, Scene
from crosscheck.ports.identifiers import NORMS
from crosscheck.ports.program import Node, Trace

EPSILONS = (1e-3, 1e-5, 1e-6, 1e-7, 1e-8, 1e-12)
# What may be added to a variance is no larger than this.
LARGEST = 0.1


def _layer(x: np.ndarray, axes: tuple[int, ...], epsilon: float, ddof: int, inside: bool) -> np.ndarray:
    variance = x.var(axes, ddof=ddof, keepdims=True)
    scale = np.sqrt(variance + epsilon) if inside else np.sqrt(variance) + epsilon
    return (x - x.mean(axes, keepdims=True)) / scale


def _rms(x: np.ndarray, axes: tuple[int, ...], epsilon: float, inside: bool) -> np.ndarray:
    square = np.mean(x**2, axes, keepdims=True)
    return x / (np.sqrt(square + epsilon) if inside else np.sqrt(square) + epsilon)


# How x is normalised, and what it is called.
WAYS: dict[str, Callable[[np.ndarray, tuple[int, ...], float], np.ndarray]] = {
    "the deviation sqrt(variance + epsilon)": lambda x, a, e: _layer(x, a, e, 0, True),
    "the deviation sqrt(variance) + epsilon": lambda x, a, e: _layer(x, a, e, 0, False),
    "the unbiased deviation sqrt(variance + epsilon)": lambda x, a, e: _layer(x, a, e, 1, True),
    "the unbiased deviation sqrt(variance) + epsilon": lambda x, a, e: _layer(x, a, e, 1, False),
    "the root of the mean square": lambda x, a, e: _rms(x, a, e, True),
    "the root of the mean square, epsilon outside": lambda x, a, e: _rms(x, a, e, False),
}


def written_out(scene: Scene, trace: Trace) -> Iterator[Hypothesis]:
    """What Keras may do otherwise where a norm is written out on either side.

    Args:
        scene: the place.
        trace: of PyTorch's run.
    """
    place = scene.parted.place
    theirs = [node for node in place.keras.nodes if node.kind in NORMS]
    mine = [node for node in place.torch.nodes if node.kind in NORMS]
    seen = dict.fromkeys([*_small(place.keras.nodes), *EPSILONS])
    if not theirs:
        for node in mine:
            yield from _of_layer(node, list(seen))
    if not mine:
        yield from _of_functions(place.torch.nodes, place.torch.begins, list(seen), trace)


def _small(nodes: tuple[Node, ...]) -> list[float]:
    """Numbers that may be an epsilon."""
    found = []
    for node in nodes:
        given = [*node.settings.get("arguments", ()), node.settings.get("epsilon"), node.settings.get("eps")]
        found += [float(value) for value in given if isinstance(value, float) and 0 < value < LARGEST]
    return found


def _of_layer(node: Node, epsilons: list[float]) -> Iterator[Hypothesis]:
    """PyTorch has a module, Keras functions."""
    kind, settings, step = node.kind, node.settings, node.step
    for epsilon in epsilons:
        if settings["epsilon"] != epsilon:
            text = f"epsilon is {epsilon:g} in keras and {settings['epsilon']:g} in torch"
            yield Hypothesis("norm.epsilon", text, step, (kind, settings | {"epsilon": epsilon}))
    others: tuple[tuple[str, str, dict[str, Any], str], ...] = (
        ("norm.axis", "layer_norm", {"axes": "channels"}, "keras normalises over the channels"),
        ("norm.axis", "layer_norm", {"axes": 1}, "keras normalises over the last axis"),
        ("norm.groups", "group_norm", {"groups": "channels"}, "keras normalises each channel by itself"),
        ("norm.groups", "group_norm", {"groups": 1}, "keras normalises all channels together"),
        ("norm.kind", "rms_norm", {}, "keras divides by the root of the mean square"),
    )
    for identifier, other, changed, text in others:
        wanted = {"epsilon": settings["epsilon"], **changed}
        if other != kind or any(settings.get(name) != value for name, value in changed.items()):
            name = identifier if other in (kind, "layer_norm") else "norm.kind"
            yield Hypothesis(name, f"{text}, torch does not", step, (other, wanted))


def _of_functions(
    nodes: tuple[Node, ...], begins: tuple[int, ...], epsilons: list[float], trace: Trace
) -> Iterator[Hypothesis]:
    """PyTorch has functions: what they amount to is found first."""
    sizes = dict.fromkeys([*_small(nodes), *epsilons])
    made = [n for node in nodes for n in node.outputs]
    for node in nodes:
        if node.kind not in ("divide", "multiply", "rsqrt") or not node.outputs or node.step < 0:
            continue
        number = node.outputs[0]
        y = trace.values[number]
        before = [n for n in (*begins, *made[: made.index(number)]) if trace.values[n].shape == y.shape]
        for n in before:
            x = trace.values[n]
            if x.ndim < 2 or x.dtype.kind != "f":
                continue
            axes_of = {
                "the last axis": (x.ndim - 1,),
                "the map": tuple(range(2, x.ndim)),
                "the channels": (1,),
            }
            own = _own(x, y, axes_of, list(sizes))
            if own:
                yield from _otherwise(node, x, axes_of, own, list(sizes))
                return


def _own(
    x: np.ndarray, y: np.ndarray, axes_of: dict[str, tuple[int, ...]], epsilons: list[float]
) -> tuple[str, str, float] | None:
    for (axis, axes), (way, normalise), epsilon in product(axes_of.items(), WAYS.items(), epsilons):
        several = axes and np.prod([x.shape[a] for a in axes]) > 1
        # Tightly: what is looked for are differences of an epsilon.
        if several and np.allclose(normalise(x, axes, epsilon), y, rtol=0, atol=TOLERANCE * 1e-3):
            return axis, way, epsilon
    return None


def _otherwise(
    node: Node,
    x: np.ndarray,
    axes_of: dict[str, tuple[int, ...]],
    own: tuple[str, str, float],
    epsilons: list[float],
) -> Iterator[Hypothesis]:
    axis, way, epsilon = own
    number, step = node.outputs[0], node.step
    for size in epsilons:
        text = f"epsilon is {size:g} in keras and {epsilon:g} in torch"
        yield Hypothesis("norm.epsilon", text, step, forced={number: WAYS[way](x, axes_of[axis], size)})
    for (other, normalise), size in product(WAYS.items(), epsilons):
        if other == way:
            continue
        unbiased = ("unbiased" in other) != ("unbiased" in way)
        squares = ("square" in other) != ("square" in way)
        name = "norm.kind" if squares else "norm.variance" if unbiased else "norm.epsilon"
        text = f"keras divides by {other}, torch by {way}"
        yield Hypothesis(name, text, step, forced={number: normalise(x, axes_of[axis], size)})
    for other, axes in axes_of.items():
        if other != axis and axes and np.prod([x.shape[a] for a in axes]) > 1:
            text = f"keras normalises over {other}, torch over {axis}"
            yield Hypothesis("norm.axis", text, step, forced={number: WAYS[way](x, axes, epsilon)})
