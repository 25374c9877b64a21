"""Both frameworks along the first steps of a real training run, recipe by recipe.

In float64 they are to stay within rounding of each other. In float32 training itself amplifies rounding,
and the yardstick is each framework against its own twins, begun one unit in the last place beside. Where
float64 goes beyond rounding its twins tell whether training amplifies that, too; and PyTorch, whose batch
norm adds up one by one, is followed once more with sums taken axis by axis, as Keras takes them.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from crosscheck import checkpoint, console
from crosscheck.data import batches
from crosscheck.data.dataset import Dataset
from crosscheck.environment import machine, revision, versions
from crosscheck.experiments.drawing import NOTHING
from crosscheck.layouts import Weights
from crosscheck.recipes.recipe import Recipe
from crosscheck.sides import Both, Side, Sides, results
from crosscheck.technique import Case, technique
from crosscheck.verification.trajectory import beginnings, judged, parted_twins

Part = tuple[np.ndarray, np.ndarray]  # images and labels of some steps
DTYPES = ("float64", "float32")
# Numbers in the images of the steps that are handed over as one array.
MOST_NUMBERS = 10**8
# From here on a number of times is told by its power of ten.
MANY = 100_000
# Adam makes steps of its own size from gradients that are zero but for rounding, such as that of a bias
# before batch norm: what it makes of them is chance, on either side. Nothing else depends on it but the
# average of the means that batch norm takes, which contain that bias.
CHANCE = "zero gradient: moved by rounding alone"
WITH_CHANCE = "contains a bias that is moved by rounding alone"


def follow(recipe: Recipe, sides: Sides, dataset: Dataset, steps: int, seed: int) -> dict[str, Any]:
    """Train a recipe's first steps in both precisions.

    Returns:
        plain data: losses of every step, how far they are apart, and a verdict for losses and weights.
    """
    facts: dict[str, Any] = {
        "recipe": recipe.facts(),
        "command": f"crosscheck trajectories {recipe.name} --data {Path(dataset.source).name} "
        f"--steps {steps} --seed {seed} --backend {sides.backend} --device {sides.device}",
        "data_sha256": dataset.sha256,
        "steps": steps,
        "seed": seed,
        "backend": sides.backend,
        "device": sides.device,
        "modes": list(sides.modes),
        "settings": sides.both("adapter:settings")._asdict(),
        "versions": versions(),
        "machine": machine(sides.device),
        "revision": revision(),
    }
    for dtype in DTYPES:
        facts[dtype] = _course(recipe, sides, dataset, steps, dtype, seed)
        # A last-place difference may tip a maximum over and set one course apart at once. Then two others
        # decide with it, and the middle one of the three counts: see `verification.trajectory`.
        # A course with NaN is never outvoted.
        if dtype == "float32" and facts[dtype]["used"] is not None and not facts[dtype]["passed"]:
            more = [_course(recipe, sides, dataset, steps, dtype, seed + 1_000 * n) for n in (1, 2)]
            used = [course["used"] for course in (facts[dtype], *more)]
            facts[dtype] |= {"used_by_three": used, "passed": sum(one["passed"] for one in more) == 2}
    return facts


def _course(
    recipe: Recipe, sides: Sides, dataset: Dataset, steps: int, dtype: str, seed: int
) -> dict[str, Any]:
    case = technique(recipe.technique).model(recipe.case)
    indices = whole_batches(len(dataset.train), recipe.batch_size, steps, seed)
    most = max(1, MOST_NUMBERS // (recipe.batch_size * dataset.train.images[0].size))
    name = (recipe.technique, recipe.case, dtype, recipe.scheduled(len(dataset.train)))
    left_out = by_chance(case)

    def parts() -> Iterator[Part]:
        # Of about the same length, since how a course is executed may hang on it.
        for part in np.array_split(indices, -(-steps // most)):
            yield batches.gather(dataset.train, part, recipe.mean, recipe.std, dtype)

    def from_each(starts: list[Weights]) -> Both:
        return followed(sides, name, starts, parts())

    starts = beginnings(case.parameters, dtype, seed)
    if dtype == "float32":
        return _facts(from_each(starts), dtype, left_out)
    runs = from_each(starts[:1])
    found = _facts(runs, dtype, left_out)
    if not found["passed"] and found["used"] is not None:
        twins = from_each(starts[1:])
        beside = _facts(Both(runs.torch + twins.torch, runs.keras + twins.keras), dtype, left_out)
        found |= {"used_by_twins": beside["used"], "twins": beside["twins"]}
        if normalised(case):
            (axiswise,) = courses([sides.torch], "axiswise:trajectory", name, starts, parts())
            alone = _facts(Both(axiswise[:1], runs.keras), dtype, left_out)
            beside = _facts(Both(axiswise, runs.keras + twins.keras), dtype, left_out)
            found["axiswise"] = {"used": alone["used"], "used_by_twins": beside["used"]}
    return found


def normalised(case: Case) -> bool:
    """Whether batch norm is in it."""
    return any(name.endswith(".moving_mean") for name in case.parameters)


def followed(sides: Sides, name: tuple[Any, ...], starts: list[Weights], parts: Iterable[Part]) -> Both:
    """Both sides through all parts of a course, from each of the starts, as one call would do it.

    Args:
        sides: both frameworks.
        name: technique, case, dtype and optimizer.
        starts: the weights of each.
        parts: the batches of each, as `Trainer.train` takes them.

    Returns:
        of each side for each start: the loss of every step, and the weights at the end.
    """
    return Both(*courses([sides.torch, sides.keras], "training:trajectory", name, starts, parts))


def courses(
    of: Sequence[Side], function: str, name: tuple[Any, ...], starts: list[Weights], parts: Iterable[Part]
) -> list[list[tuple[np.ndarray, Weights]]]:
    """See `followed`; of these sides, by a function of their packages."""
    places: list[tuple[list[Weights], list[Weights] | None]] = [(starts, None) for _ in of]
    losses: list[list[list[np.ndarray]]] = [[[] for _ in starts] for _ in of]
    for x, y in parts:
        console.raise_if_interrupted()
        calls = [
            (side, side.submit(f"{side.name}_impl.{function}", *name, weights, x, y, states))
            for side, (weights, states) in zip(of, places, strict=True)
        ]
        for number, found in enumerate(results(calls)):
            for course, (one, *_) in zip(losses[number], found, strict=True):
                course.append(one)
            places[number] = [weights for _, weights, _ in found], [state for *_, state in found]
    return [
        [(np.concatenate(course), end) for course, end in zip(of_side, ends, strict=True)]
        for of_side, (ends, _) in zip(losses, places, strict=True)
    ]


def whole_batches(images: int, batch_size: int, steps: int, seed: int) -> np.ndarray:
    """Which images the first steps of training are given, (steps, batch size), epoch after epoch.

    Smaller last batches are left out: many steps are handed over as one array.
    """
    each = images // batch_size
    order = [batches.epoch_order(images, seed, epoch) for epoch in range(1, 2 + (steps - 1) // each)]
    return np.concatenate([one[: each * batch_size].reshape(each, batch_size) for one in order])[:steps]


def by_chance(case: Case) -> dict[str, str]:
    """What is moved by chance alone when Adam trains the case, by name, and why."""
    found = dict.fromkeys(case.no_gradient, CHANCE)
    names = list(case.parameters)
    for bias in case.no_gradient:  # the norm behind a layer comes next
        behind = names[names.index(bias) :]
        found[next(name for name in behind if name.endswith(".moving_mean"))] = WITH_CHANCE
    return found


def _facts(runs: Both, dtype: str, left_out: dict[str, str]) -> dict[str, Any]:
    findings = {name.partition("/")[2]: found for name, found in judged(runs, dtype)}
    judged_by = {name: found for name, found in findings.items() if name not in left_out}
    worst = max(judged_by, key=lambda name: judged_by[name].used)
    used = judged_by[worst].used
    if any(found.verdict in ("nan", "failed") for found in judged_by.values()):
        used = np.inf
    found = {
        "losses": {"torch": runs.torch[0][0].tolist(), "keras": runs.keras[0][0].tolist()},
        "passed": all(comparison.passed for comparison in judged_by.values()),
        "worst": worst,
        "used": used if np.isfinite(used) else None,  # None: something was no number
        "left_out": left_out,
    }
    return found | ({"twins": parted_twins(runs).tolist()} if len(runs.torch) > 1 else {})


def used(found: dict[str, Any]) -> list[str]:
    """The shares of the allowance that one precision's courses used, one or three of them, in percent."""
    shares = found.get("used_by_three", [found["used"]])
    return [percent(share) for share in shares]


def percent(share: float | None) -> str:
    """A share of an allowance, in words."""
    if share is None:
        return "no number"
    if share <= 1:
        return f"{100 * share:.2g} %" if share < 0.995 else "100 %"
    if share >= MANY:
        return f"{share:.1e} times"
    return f"{share:,.1f} times" if share < 10 else f"{share:,.0f} times"


def share_of(share: float | None, what: str) -> str:
    """ "46 % of what", or "2.0 times what"."""
    return f"{percent(share)} {what}" if share is not None and share > 1 else f"{percent(share)} of {what}"


def told(found: dict[str, Any]) -> str:
    """What one precision's courses came to, in words."""
    verdict = "within its allowance" if found["passed"] else "DIFFERENT"
    said = f"{found['worst']} used most, {share_of(found['used'], 'it')}"
    if "used_by_three" in found:
        said = f"three courses used {', '.join(used(found))} of it"
    if "used_by_twins" in found:
        said += f", and {share_of(found['used_by_twins'], 'what its twins would allow')}"
    if "axiswise" in found:
        share = percent(found["axiswise"]["used_by_twins"])
        said += f" ({share} with PyTorch's batch norm summed axis by axis)"
    return f"{verdict}; {said}"


def write(folder: Path, facts: dict[str, Any]) -> None:
    """Write RECIPE.json, and RECIPE.png beside it."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    name = facts["recipe"]["name"].replace("/", "-")
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint.write_text(folder / f"{name}.json", json.dumps(facts, indent=1) + "\n")
    figure = Figure(figsize=(11, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    draw(figure.subplots(1, 2), facts)
    with checkpoint.atomic(folder / f"{name}.png") as temporary:
        figure.savefig(temporary, format="png", dpi=120)


def draw(axes: Any, facts: dict[str, Any]) -> None:
    """Both loss curves, and beside them how far they are apart, and the twins."""
    left, right = axes
    for side, style in (("torch", {"linewidth": 3.5, "alpha": 0.4}), ("keras", {"linestyle": "--"})):
        left.plot(facts["float32"]["losses"][side], color="C0", label=f"{side}, float32", **style)
    left.set(xlabel="step", ylabel="loss", title=facts["recipe"]["name"])
    for dtype, colour in (("float32", "C0"), ("float64", "C2")):
        apart = np.abs(np.subtract(*(facts[dtype]["losses"][side] for side in ("torch", "keras"))))
        right.semilogy(np.maximum(apart, NOTHING), color=colour, label=f"torch - keras, {dtype}", linewidth=1)
    for dtype, line in (("float32", "-"), ("float64", ":")):
        if "twins" in facts[dtype]:
            label = f"a framework and its one-ulp twins so far, {dtype}"
            twins = np.maximum(facts[dtype]["twins"], NOTHING)
            right.semilogy(twins, color="black", linestyle=line, linewidth=1, label=label)
    right.set(xlabel="step", ylabel=f"difference of the losses (0 at {NOTHING:g})", title="How far they part")
    for one in axes:
        one.grid(alpha=0.3)
        one.legend(fontsize="x-small")
