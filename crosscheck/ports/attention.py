"""Attention between projections: which of its parts Keras does otherwise.

PyTorch's own attention is first put in words (heads, scale, masks, ...), which must give what PyTorch gives.
Then one of them is changed after the other, until it gives what Keras gives.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, permutations, product
from typing import Any

import numpy as np

from crosscheck.ports.attention_places import SCALING, Core, Settings, cores_of, is_whole, masks_of
from crosscheck.ports.divergence import TOLERANCE, apart, relative_error
from crosscheck.ports.hypotheses import Hypothesis
from crosscheck.ports.program import Trace
from crosscheck.ports.stretches import Stretch

Attempt = Callable[[list[list[Hypothesis]]], Sequence[np.ndarray | None]]

MOST_HEADS = 16
# What each part is called if it is what differs.
NAMES = {
    "heads": "attention.heads",
    "split": "attention.heads",
    "thirds": "attention.heads",
    "merge": "axes.swapped",
    "scale": "attention.scale",
    "causal": "attention.causal",
    "mask": "attention.mask",
    "axis": "activation.softmax_axis",
    "roles": "glue.order",
}
PLAIN: Settings = {
    "split": "by head",
    "thirds": "side by side",
    "merge": "by head",
    "causal": "no",
    "mask": "no",
    "axis": -1,
}
ROLES = ("query", "key", "value")
# Heads (B, heads, T, D) that are given as they are, with T before them, or with D before T.
LAYOUTS = ((0, 1, 2, 3), (0, 2, 1, 3), (0, 1, 3, 2))
# How one layer gives all three.
THIRDS = ("side by side", "in each head", "interleaved")


def differences(
    torch: Stretch, keras: Stretch, traces: tuple[Trace, Trace], alone: np.ndarray, attempt: Attempt
) -> tuple[list[Hypothesis], np.ndarray] | None:
    """What makes PyTorch's attention give what Keras' gives, and what it gives then; None if nothing does.

    Args:
        torch: the stretch that attention is in.
        keras: its counterpart.
        traces: of the runs of both.
        alone: what Keras' stretch makes of PyTorch's tensors.
        attempt: does PyTorch's stretch with hypotheses.
    """
    if not any(node.kind == "softmax" or is_whole(node) for node in keras.nodes):
        return None
    for core in cores_of(torch, traces[0]):
        core.masks.update(masks_of("keras", keras, traces[1]))
        own = _own(core, traces[0].values[torch.ends], attempt)
        if own is not None:
            return _changed(core, own, list(_variations(core, own, _constants(keras))), alone, attempt)
    return None


def _changed(
    core: Core, own: Settings, ways: list[tuple[str, Settings]], alone: np.ndarray, attempt: Attempt
) -> tuple[list[Hypothesis], np.ndarray] | None:
    """One or two parts done otherwise."""
    for count in (1, 2):
        tried = [two for two in combinations(ways, count) if len({name for name, _ in two}) == count]
        changed = [own | {n: v for _, change in two for n, v in change.items()} for two in tried]
        results = attempt([[core.hypothesis(settings)] for settings in changed])
        for two, settings, result in zip(tried, changed, results, strict=True):
            if result is not None and apart(result, alone) <= TOLERANCE:
                first, *others = (
                    core.hypothesis(settings, NAMES[name], _text(name, own[name], settings[name]))
                    for name, _ in two
                )
                return [first, *others], result
    return None


def _constants(keras: Stretch) -> list[float]:
    """Numbers that Keras' stretch multiplies or divides by."""
    found = []
    for node in keras.nodes:
        given = [*node.settings.get("arguments", ()), node.settings.get("scale")]
        if node.kind in SCALING or is_whole(node):
            found += [float(v) for v in given if isinstance(v, int | float) and v]
    return [*found, *(1 / value for value in found)]


def _scales(core: Core, heads: int) -> list[float]:
    each = core.size / heads
    return [each**-0.5, 1.0, 1 / each, core.size**-0.5, each**0.5]


def _own(core: Core, expected: np.ndarray, attempt: Attempt) -> Settings | None:
    """PyTorch's settings: those that give what it gives."""
    masks = ["no", *(f"{name} {way}" for name in core.masks for way in ("hides", "shows"))]
    tried = [
        PLAIN
        | {"heads": core.heads, "scale": scale, "causal": causal, "mask": mask, "roles": ROLES}
        | {"split": split, "merge": split, "thirds": thirds, "layout": layout}
        for mask, causal, scale, split, thirds, layout in product(
            masks,
            ("no", "yes"),
            _scales(core, core.heads),
            ("by head", "interleaved"),
            THIRDS if len(core.of) == 1 else THIRDS[:1],
            LAYOUTS if core.apart else LAYOUTS[:1],
        )
        if not (mask != "no" and causal == "yes")
    ]
    results = attempt([[core.hypothesis(settings)] for settings in tried])
    for settings, result in zip(tried, results, strict=True):
        if result is not None and relative_error(expected, result) <= TOLERANCE:
            return settings
    return None


def _variations(core: Core, own: Settings, constants: list[float]) -> Iterator[tuple[str, Settings]]:
    """One part done otherwise: its name, and what changes."""
    for causal in ("no", "yes", "reversed", "without itself", "without itself, the first all"):
        yield "causal", {"causal": causal}
    for mask in ("no", *(f"{name} {way}" for name in core.masks for way in ("hides", "shows"))):
        yield "mask", {"mask": mask}
    for scale in dict.fromkeys([*_scales(core, core.heads), *constants]):
        yield "scale", {"scale": scale}
    for heads in (h for h in range(1, MOST_HEADS + 1) if core.size % h == 0 and h != own["heads"]):
        same = {"heads": heads}
        yield "heads", same
        yield "heads", same | {"scale": own["scale"] * (heads / own["heads"]) ** 0.5}
    for split in ("interleaved", "reshaped"):
        yield "split", {"split": split}
        yield "split", {"split": split, "merge": split}
    for thirds in THIRDS if len(core.of) == 1 else ():
        yield "thirds", {"thirds": thirds}
    for merge in ("reshaped", "interleaved"):
        yield "merge", {"merge": merge}
    yield "axis", {"axis": -2}
    for roles in list(permutations(ROLES))[1:]:
        yield "roles", {"roles": roles}


_SAID = {
    "heads": "the number of heads",
    "split": "how features are split into heads",
    "thirds": "how queries, keys and values lie in what one layer gives",
    "merge": "how heads are joined",
    "scale": "the scale of the scores",
    "causal": "attention",
    "mask": "hidden positions",
    "axis": "the axis of softmax",
    "roles": "which projections are query, key and value",
}
_SHOWN = {
    "no": "not causal",
    "yes": "causal",
    "reversed": "causal in reverse",
    "without itself": "causal, without the position itself",
    "without itself, the first all": "causal, without the position itself",
    "hides": "those where the mask is True",
    "shows": "those where the mask is False",
}


def _text(name: str, torch: Any, keras: Any) -> str:
    def shown(value: Any) -> str:
        if name == "mask":
            value = "none" if value == "no" else value.partition(" ")[2]
        if isinstance(value, tuple):
            return ", ".join(value)
        return f"{value:.4g}" if isinstance(value, float) else _SHOWN.get(value, str(value))

    return f"{_SAID[name]}: {shown(keras)} in keras, {shown(torch)} in torch"
