"""What is said of some steps of training."""

from typing import Any

import numpy as np

from crosscheck.ports.supposition import Supposition
from crosscheck.ports.training import TrainingComparison
from crosscheck.ports.training_steps import SINGLE

SIDES = ("torch", "keras")


def said_training(comparison: TrainingComparison) -> list[str]:
    """The verdict, in lines."""
    steps = len(comparison.steps)
    lines = []
    if comparison.first is None:
        loss = max(step.loss for step in comparison.steps)
        name, error = max((step.worst for step in comparison.steps), key=lambda worst: worst[1])
        lines.append(
            f"Training is equal: over {steps} steps the losses agree to {loss:.1e} and the changes of the "
            f"weights to {error:.1e}{f' ({name})' if name else ''}."
        )
    else:
        lines += _difference(comparison, *comparison.first)
    if comparison.noise:
        lines.append(f"Moved by rounding alone, and not compared: {', '.join(comparison.noise[:6])}.")
    if not comparison.understood and not comparison.equal:
        lines.append(
            "PyTorch's course could not be done again, so that no cause can be tried: "
            f"{'; '.join(comparison.recipes[0].unread) or 'the optimizer does more than its groups say'}."
        )
    return lines


def _difference(comparison: TrainingComparison, step: int, what: str) -> list[str]:
    parted = comparison.steps[step - 1]
    error = parted.loss if what == "loss" else parted.changes[what]
    meaning = {
        (True, True): "the loss itself is another one",
        (True, False): "gradients, clipping, weight decay, the learning rate or the optimizer's rule differ",
    }.get((step == 1, what == "loss"), "the first step was equal: a schedule, momentum or epsilon differs")
    where = f"the {what}" if what == "loss" else f"the change of {what}"
    lines = [f"Training differs: at step {step} {where} is {error:.1e} apart ({meaning})."]
    if comparison.cause is not None:
        causes = "; ".join(f"{cause.text} [{cause.identifier}]" for cause in comparison.cause)
        lines.append(
            f"Cause: {causes} (done so in torch, too, the difference falls to {comparison.after:.1e})."
        )
        theirs = _of_frameworks(comparison.cause)
        ours = [c for c in comparison.cause if c.of_frameworks]
        named = [c.identifier if c.identifier in theirs else c.text for c in ours]
        if ours:
            lines.append(f"Of the frameworks themselves, whatever a port does: {'; '.join(named)}.")
        return lines
    if comparison.understood:
        texts = "; ".join(difference.text for difference in comparison.telling)
        lines.append(
            f"None of the known mistakes explains it. What differs: {texts or 'nothing that was read'}."
        )
        if np.isfinite(comparison.everything):
            lines.append(
                f"With all of Keras' recipe in torch they are {comparison.everything:.1e} apart: "
                + (
                    "more than three things differ."
                    if not comparison.everything > SINGLE.tolerance
                    else "it is in the models, or in what could not be read."
                )
            )
        unread = [f"{s}: {what}" for s, r in zip(SIDES, comparison.recipes, strict=True) for what in r.unread]
        unread += ["torch: what its loss makes of the weights"] if comparison.recipes[0].more_in_loss else []
        if unread:
            lines.append(f"Not read: {'; '.join(unread)}.")
    return lines


def training_json(comparison: TrainingComparison) -> dict[str, Any]:
    """Everything, for programs."""
    first = comparison.first
    return {
        "verdict": "equal" if comparison.equal else "different",
        "first": {"step": first[0], "what": first[1]} if first else None,
        "cause": [c.identifier for c in comparison.cause] if comparison.cause else None,
        "of_frameworks": _of_frameworks(comparison.cause or ()),
        "differences": [{"identifier": d.identifier, "text": d.text} for d in comparison.differences],
        "understood": comparison.understood,
        "steps": [
            {"loss": _number(s.loss), "parameter": s.worst[0], "change": _number(s.worst[1])}
            for s in comparison.steps
        ],
        "learning_rates": {
            side: list(recipe.rates[: len(comparison.steps)])
            for side, recipe in zip(SIDES, comparison.recipes, strict=True)
        },
    }


def _of_frameworks(causes: tuple[Supposition, ...]) -> list[str]:
    """Identifiers that stand for nothing which the port does."""
    mistakes = {cause.identifier for cause in causes if not cause.of_frameworks}
    return [c.identifier for c in causes if c.of_frameworks and c.identifier not in mistakes]


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
