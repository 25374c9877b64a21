"""Which batch norms of a model can be folded into the layer before them, and why others cannot."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from crosscheck.dataflow import Record, Step

FIRST = "it comes first: nothing stands before it"
NORM_SHARED = "it is called more than once"
LAYER_SHARED = "the layer before it is called more than once"
ELSEWHERE = "the output of the layer before it is used elsewhere"
NOT_REACHED = "it has code of its own, or the recorded call does not reach it"
NO_STATISTICS = "it keeps no moving statistics"
OTHER_AXIS = "it does not normalise the channels of the layer before it"

# What a step is to folding: a layer that can take a batch norm up, a batch norm, or neither.
Role = Callable[[Step], Literal["layer", "norm", ""]]


def between(operation: str) -> str:
    """The reason where something stands between."""
    return f"{operation} stands between"


@dataclass(frozen=True)
class Pair:
    """A batch norm and the layer just before it."""

    layer: Step
    norm: Step


@dataclass(frozen=True)
class Folding:
    """What became of a model.

    Attributes:
        model: with the batch norms folded; for inference only.
        folded: the layer that each batch norm went into, by the batch norm's path.
        refused: why the others stay, by path.
        before: parameters of the model as it was, frozen ones too.
        after: the same now.
    """

    model: Any
    folded: dict[str, str]
    refused: dict[str, str]
    before: int
    after: int

    def facts(self) -> dict[str, Any]:
        """All but the model, as a function of a technique returns it."""
        return {
            "folded": listed(self.folded, " into "),
            "refused": listed(self.refused, ": "),
            "parameters": self.before,
            "parameters_removed": self.before - self.after,
        }


def listed(found: dict[str, str], word: str) -> str:
    """One line for all of them."""
    return "; ".join(f"{path}{word}{what}" for path, what in found.items()) or "none"


def decide(
    record: Record, norms: Iterable[str], role: Role, obstacle: Callable[[Pair], str]
) -> tuple[dict[str, Pair], dict[str, str]]:
    """Find the pairs that may be folded.

    Args:
        record: of a call of the model.
        norms: paths of all its batch norms.
        role: what a step is.
        obstacle: why a pair cannot be folded for what its members are, or "".

    Returns:
        the pairs by the batch norm's path; and why the other batch norms must stay, by path.
    """
    producer = {key: step for step in record.steps for key in step.outputs}
    uses = Counter(record.outputs)
    calls: Counter[int] = Counter()
    for step in record.steps:
        uses.update(step.inputs)
        calls[id(step.called)] += 1
    pairs: dict[str, Pair] = {}
    refused: dict[str, str] = {}
    for norm in (step for step in record.steps if role(step) == "norm"):
        before = producer.get(norm.inputs[0])
        if calls[id(norm.called)] > 1:
            refused[norm.path] = NORM_SHARED
        elif before is None:
            refused[norm.path] = FIRST
        elif role(before) != "layer":
            below = producer.get(before.inputs[0]) if len(before.inputs) == 1 else None
            direct = below is not None and role(below) == "layer"
            refused[norm.path] = (
                between(before.operation) if direct else f"its input comes from {before.operation}"
            )
        elif calls[id(before.called)] > 1:
            refused[norm.path] = LAYER_SHARED
        elif uses[norm.inputs[0]] > 1:
            refused[norm.path] = ELSEWHERE
        elif reason := obstacle(Pair(before, norm)):
            refused[norm.path] = reason
        else:
            pairs[norm.path] = Pair(before, norm)
    refused |= {path: NOT_REACHED for path in norms if path not in pairs and path not in refused}
    return pairs, refused
