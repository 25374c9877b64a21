"""Do nets of the same number of multiplications take the same time?"""

from typing import TYPE_CHECKING, Any

import numpy as np

from crosscheck.cost import MODELS, LayerCost, Stage, stage_names, staged_costs
from crosscheck.experiments.experiment import Claim, Experiment, Outcome, Setting, Table
from crosscheck.planner import Block, alternatives
from crosscheck.timing import ratio

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# The net that the others stand in for: 16 filters of 3x3, then four layers of 48 filters of 3x3, on 32x32.
STEM = Stage(3, (16,))
BASE = Block(inputs=16, side=3, width=48, size=32, layers=4)
SOURCE = "J after a published variant of it, not checked against the paper"
SIZE, IMAGES, TOLERANCE = 32, 16, 0.03
# (layers, side of the filters): deeper and thinner, shallower and wider, smaller and larger filters.
CHOSEN = ((4, 3), (2, 3), (8, 3), (4, 1), (4, 2), (4, 5), (1, 5), (12, 2), (2, 7))
# The base with other widths, which shows what fewer and more multiplications take.
WIDTHS = (16, 32, 64, 80)


def run(setting: Setting) -> Outcome:
    """Count the paper's models on both sides; then time nets of equal and of unequal cost."""
    layers, total, same = paper_models(setting)
    nets = planned()
    costs = {name: counted(setting, stages) for name, stages in nets.items()}
    found = {name: cost["torch"] for name, cost in costs.items()}
    agree = all(cost["torch"] == cost["keras"] for cost in costs.values())
    equal = [name for name in nets if not name.startswith("width")]
    spread = max(found[name] for name in equal) / min(found[name] for name in equal)
    times = timed(setting, nets)
    rows: list[tuple[str | int | float, ...]] = [
        (name, found[name] / 1e6, *(figure for side in times for figure in times[side][name][:2]))
        for name in nets
    ]
    columns = ("net", "million MACs", "torch, ms", "of the first", "keras, ms", "of the first")
    table = Table(f"Inference of {IMAGES} images of {SIZE}x{SIZE}, medians over the rounds", columns, rows)
    claims = [
        same,
        Claim(f"both sides count the same for all {len(nets)} nets", agree),
        Claim(f"the planned nets cost the same, within {spread - 1:.1%}", spread - 1 <= 2 * TOLERANCE),
    ]
    if not setting.quick:
        for side, measured in times.items():
            shares = {name: measured[name][1] for name in equal}
            slow, fast = max(shares, key=shares.__getitem__), min(shares, key=shares.__getitem__)
            longer = shares[slow] / shares[fast]
            text = f"equal cost is equal time ({side}): {slow} takes {longer:.1f} times as long as {fast}"
            claims.append(Claim(text, longer < 1.25, required=False))
    data = {"macs": found, "times": times, "equal": equal}
    return Outcome((layers, total, table), tuple(claims), data)


def paper_models(setting: Setting) -> tuple[Table, Table, Claim]:
    """Models E and J, layer by layer, as both sides count them on the nets they build."""
    rows: list[tuple[str | int | float, ...]] = []
    totals: list[tuple[str | int | float, ...]] = []
    sums: set[int] = set()
    for name, stages in MODELS.items():
        setting.note(f"counting {name}")
        expected = staged_costs(stages, 3, (224, 224))
        both = sides_costs(setting, stages, (224, 224))
        for layer, torch, keras in zip(expected, *both.values(), strict=True):
            size = "x".join(map(str, layer.output))
            rows.append((f"{name} {layer.name}", size, layer.macs, torch.macs, keras.macs))
        found = [sum(cost.macs for cost in costs) for costs in (expected, *both.values())]
        totals.append((name, len(stage_names(stages)), *found))
        sums.update(found)
    text = ", ".join(f"{total:,}" for total in sorted(sums))
    text = f"models E and J cost the same on both sides and by the formula: {text} MACs"
    return (
        Table(f"MACs by layer ({SOURCE})", ("layer", "map", "formula", "torch", "keras"), rows),
        Table("In all (MACs)", ("model", "convolutions", "formula", "torch", "keras"), totals),
        Claim(text, len(sums) == 1),
    )


def sides_costs(
    setting: Setting, stages: tuple[Stage, ...], size: tuple[int, int]
) -> dict[str, list[LayerCost]]:
    """What either side counts on such a net as it builds it."""
    arguments = (tuple(stage.as_tuple() for stage in stages), size)
    both = setting.sides.both("costs:staged_net_costs", *arguments)
    return {"torch": both.torch, "keras": both.keras}


def counted(setting: Setting, stages: tuple[Stage, ...]) -> dict[str, int]:
    """Multiplications for one image, as either side counts them."""
    both = sides_costs(setting, stages, (SIZE, SIZE))
    return {side: sum(cost.macs for cost in costs) for side, costs in both.items()}


def planned() -> dict[str, tuple[Stage, ...]]:
    """Nets with another depth, width or filter at the cost of the first; and some at other costs."""
    blocks = {(block.layers, block.side): block for block in (BASE, *alternatives(BASE, TOLERANCE))}
    nets: dict[str, tuple[Stage, ...]] = {}
    for layers, side in CHOSEN:
        block = blocks[(layers, side)]
        nets[f"{layers} x ({side}x{side}, {block.width})"] = (STEM, Stage(side, (block.width,) * layers))
    for width in WIDTHS:
        nets[f"width {width}"] = (STEM, Stage(BASE.side, (width,) * BASE.layers))
    return nets


def timed(
    setting: Setting, nets: dict[str, tuple[Stage, ...]]
) -> dict[str, dict[str, tuple[float, float, float, float]]]:
    """Times of every net by side; the nets take turns, the sides do not.

    Returns:
        milliseconds; and the time as a share of the first net's in the same round, with the middle half.
    """
    rounds = 3 if setting.quick else 41
    stages = [tuple(stage.as_tuple() for stage in net) for net in nets.values()]
    x = np.random.default_rng(setting.seed).normal(size=(IMAGES, SIZE, SIZE, 3)).astype(np.float32)
    found = {}
    for side in (setting.sides.torch, setting.sides.keras):
        setting.note(f"timing, {side.name}")
        seconds = side.call(f"{side.name}_impl.costs:staged_net_seconds", stages, x, rounds)
        found[side.name] = {
            name: (1e3 * float(np.median(each)), *ratio(each, seconds[0]))
            for name, each in zip(nets, seconds, strict=True)
        }
    return found


def draw(figure: "Figure", data: dict[str, Any]) -> None:
    """Time against cost; the nets of equal cost by name."""
    left, right = figure.subplots(1, 2, width_ratios=(2, 3))
    others = [name for name in data["macs"] if name not in data["equal"]]
    places = np.arange(len(data["equal"]))
    for offset, side, colour, mark in ((-0.2, "torch", "C0", "o"), (0.2, "keras", "C1", "s")):
        times = data["times"][side]
        for names, filled in ((data["equal"], colour), (others, "white")):
            left.scatter(
                [data["macs"][name] / 1e6 for name in names],
                [times[name][0] for name in names],
                color=filled,
                edgecolor=colour,
                marker=mark,
                label=f"{side}, {'equal cost' if filled == colour else 'other widths'}",
            )
        shares = np.array([times[name][1:] for name in data["equal"]])
        spread = np.abs(shares[:, 1:].T - shares[:, 0])
        right.barh(places + offset, shares[:, 0], 0.4, xerr=spread, capsize=2, color=colour, label=side)
    left.set(title="Time and cost", xlabel="million MACs an image", ylabel=f"ms for {IMAGES} images")
    left.set_ylim(0, left.get_ylim()[1] * 1.4)
    left.set_xlim(left=0)
    left.legend(fontsize="small", loc="upper left")
    right.set_yticks(places, data["equal"])
    right.invert_yaxis()
    right.axvline(1, color="black", linewidth=0.8, linestyle=":")
    right.set(title="Equal cost: layers x (filter, width)", xlabel="time, the first net's being 1")
    right.set_xlim(0, right.get_xlim()[1] * 1.3)
    right.legend(fontsize="small", loc="lower right")


EXPERIMENT = Experiment(
    name="time_complexity",
    question="Do nets of the same number of multiplications take the same time?",
    run=run,
    draw=draw,
)
