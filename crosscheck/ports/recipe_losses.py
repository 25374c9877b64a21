"""Losses that no words say, told apart by what they do with the same outputs."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from crosscheck.ports.divergence import relative_error
from crosscheck.ports.recipe import THEIRS, Loss, LossValue, Recipe, same
from crosscheck.ports.supposition import Supposition, differs
from crosscheck.ports.training_courses import Courses

Values = Sequence[LossValue]
# Losses whose targets may be smoothed.
SMOOTHED = ("cross_entropy", "binary_cross_entropy")
# A share of smoothing that is nothing but rounding.
EXACT = 1e-9
# What a model may end with, and what may stand before the loss instead.
ENDS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "a softmax": lambda x: (
        (e := np.exp(x - x.max(_classes(x), keepdims=True))) / e.sum(_classes(x), keepdims=True)
    ),
    "a sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "a log-softmax": lambda x: x - np.logaddexp.reduce(x, _classes(x), keepdims=True),
}


def _classes(x: np.ndarray) -> int:
    return min(1, x.ndim - 1)


def trusted(courses: Courses, keras: Recipe, outputs: list[np.ndarray], theirs: Values) -> Recipe:
    """Keras' recipe, with a loss in words only if they give its values."""
    if not keras.loss.known:
        return keras
    words = courses.torch_losses(outputs, keras.loss)
    if _alike(words, theirs, courses.precision.tolerance):
        return keras
    return replace(keras, loss=Loss(f"?{keras.loss.kind}"))


def of_losses(
    courses: Courses, torch: Recipe, keras: Recipe, outputs: list[np.ndarray], theirs: Values
) -> list[Supposition]:
    """In what the losses differ, where one of them is not known in words; nothing if they do not."""
    if torch.loss.known and keras.loss.known:
        return []
    tolerance = courses.precision.tolerance
    ours = courses.torch_losses(outputs)
    if _alike(ours, theirs, tolerance):
        return []
    loss = keras.loss if keras.loss.known else Loss(THEIRS)
    found = (
        _stopped(ours, theirs, tolerance)
        or _scaled(ours, theirs, tolerance)
        or _smoothed(courses, (torch.loss, keras.loss), outputs, (ours, theirs))
        or _ended(courses, outputs, (ours, theirs))
        or _others(torch.loss, keras.loss, (ours, theirs))
    )
    return [Supposition(*found, lambda recipe: replace(recipe, loss=loss))]


def points(output: np.ndarray) -> list[np.ndarray]:
    """Outputs to ask losses about: the model's own, of other examples, and smaller ones.

    Probabilities stay between 0 and 1.
    """
    return [output, np.roll(output, 1, 0), np.roll(output, 2, 0), 0.8 * output]


def _losses(values: Values) -> np.ndarray:
    return np.array([value.loss for value in values])


def _gradients(values: Values) -> np.ndarray:
    return np.stack([value.gradient for value in values])


def _near(ours: np.ndarray, theirs: np.ndarray, tolerance: float) -> bool:
    return bool(np.array_equal(ours, theirs)) or relative_error(ours, theirs) <= tolerance


def _alike(ours: Values, theirs: Values, tolerance: float) -> bool:
    gradients = _near(_gradients(ours), _gradients(theirs), tolerance)
    return gradients and _near(_losses(ours), _losses(theirs), tolerance)


def _stopped(ours: Values, theirs: Values, tolerance: float) -> tuple[str, str] | None:
    if not _near(_losses(ours), _losses(theirs), tolerance):
        return None
    text = "the losses have the same values and other gradients: on one side a gradient is stopped inside"
    return "gradient.stopped", text


def _scaled(ours: Values, theirs: Values, tolerance: float) -> tuple[str, str] | None:
    if not ours[0].loss or not theirs[0].loss:
        return None
    factor = theirs[0].loss / ours[0].loss
    moved = [LossValue(factor * value.loss, factor * value.gradient) for value in ours]
    if not _alike(moved, theirs, tolerance):
        return None
    size = ours[0].gradient.shape
    known = {
        "the number of examples": size[0],
        "the number of outputs of an example": int(np.prod(size[1:])),
        "the number of all outputs": int(np.prod(size)),
    }
    meant = [f" ({name})" for name, n in known.items() if n > 1 and same(float(n), max(factor, 1 / factor))]
    times = f"{factor:.6g} times" if factor > 1 else f"1/{1 / factor:.6g} of"
    return (
        "loss.reduction",
        f"keras' loss is {times} torch's{meant[0] if meant else ''}, whatever the output is",
    )


def _others(torch: Loss, keras: Loss, values: tuple[Values, Values]) -> tuple[str, str]:
    names = [loss.kind.strip("?") for loss in (torch, keras)]
    text = differs("the loss", *names)
    if names[0] == names[1]:
        text = f"the losses are other functions: of the first outputs {values[1][0].loss:.6g} in keras and "
        text += f"{values[0][0].loss:.6g} in torch"
    return "loss.kind", text


def _smoothed(
    courses: Courses, losses: tuple[Loss, Loss], outputs: list[np.ndarray], values: tuple[Values, Values]
) -> tuple[str, str] | None:
    """The loss that is known in words, with other labels, may be the other one."""
    shares = [loss.label_smoothing for loss in losses]
    for known, other in ((0, 1), (1, 0)):
        if losses[known].kind not in SMOOTHED or losses[other].known:
            continue
        plain, even = (
            courses.torch_losses(outputs, replace(losses[known], label_smoothing=share))
            for share in (0.0, 1.0)
        )
        rise = even[0].loss - plain[0].loss
        share = (values[other][0].loss - plain[0].loss) / rise if rise else 0.0
        if share < -EXACT:
            continue
        share = max(share, 0.0)
        tried = courses.torch_losses(outputs, replace(losses[known], label_smoothing=share))
        if _alike(tried, values[other], courses.precision.tolerance):
            shares[other] = share
            return "loss.label_smoothing", differs("label_smoothing", *shares)
    return None


def _ended(
    courses: Courses, outputs: list[np.ndarray], values: tuple[Values, Values]
) -> tuple[str, str] | None:
    """One loss may take what a softmax or a sigmoid makes of what the other one takes."""
    ours, theirs = (_losses(side) for side in values)
    for name, end in ENDS.items():
        ended = [end(output) for output in outputs]
        if _near(ours, _losses(courses.keras_losses(ended)), courses.precision.tolerance):
            return "loss.from_logits", f"keras' loss lacks {name}, which torch's loss has inside"
        if _near(_losses(courses.torch_losses(ended)), theirs, courses.precision.tolerance):
            return "loss.from_logits", f"keras' loss has {name} inside, which torch's loss has not"
    return None
