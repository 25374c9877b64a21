"""How many parameters DenseNets have, and what connections bring a small one at equal parameters."""

from typing import TYPE_CHECKING, Any

import numpy as np

from crosscheck import console
from crosscheck.data import batches
from crosscheck.data.split import Split
from crosscheck.experiments import opinions
from crosscheck.experiments.experiment import Claim, Experiment, Outcome, Setting, Table
from crosscheck.experiments.fitting import CHUNK_IMAGES, Fit, fitting, subset
from crosscheck.layouts import Parameter, count
from crosscheck.optimizers import SGD
from crosscheck.parameters import initial_weights
from crosscheck.sides import Both
from crosscheck.specs.densenet import PUBLISHED, net_parameters
from crosscheck.technique import technique
from crosscheck.training.statistics import Samples

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BATCH_SIZE = 64
NETS = {"DenseNet-BC k=8": "bc_k8_l22", "plain, 14 wide": "plain_k14_l22"}
OPTIMIZER = SGD(0.05, l2=1e-4, momentum=0.9, nesterov=True)
RELATIVE = 1e-12
COMPARED = 20  # steps; training amplifies rounding, with batch norm fast
# Without the connections it does so thousands of times faster, and a plain net can be over: one unit in the
# last place of the initial weights became a difference of 1.5e-11 in the loss in 20 steps on either side, and
# the sides parted by 1.2e-10. Made to add up axis by axis, as Keras does, PyTorch's parted by 3.2e-12.
WHY = "training magnifies how PyTorch's batch norm adds up: one by one"
SMOOTHED = 15  # steps
STARTS = 7  # initial weights
# The nets take images of any size; these are halved, which makes training four times as fast.
SIDE = 16
# Of the gradients that are judged.
BEFORE = f"before training; one batch of 3 images, median of {STARTS} initial weights"


def run(setting: Setting) -> Outcome:
    """Count the paper's nets; then train two nets of one depth and size, with and without connections.

    Quick, it is one net, and its gradients are not looked at: building a net takes Keras seconds.
    """
    counted, counts_agree = counts(setting)
    data: dict[str, Any] = {"losses": {}, "gradients": {}}
    rows: list[tuple[str | int | float, ...]] = []
    accuracies: list[Samples] = []
    apart, gradients_apart = dict.fromkeys(NETS, 0.0), 0.0
    steps = 4 if setting.quick else 200
    images = subset(setting.dataset.train, steps * BATCH_SIZE)
    test = subset(setting.dataset.test, 200 if setting.quick else 2_000)
    for name, case in list(NETS.items())[: 1 if setting.quick else None]:
        parameters = technique("densenet").model(case).parameters
        size = count(parameters), operations(parameters)
        accuracies.append({})
        for one in setting.by_seed():
            setting.note(f"training {name}, {steps} steps, seed {one.seed}")
            with fitting(one, ("densenet", case), OPTIMIZER, BATCH_SIZE, dtype="float64") as fit:
                torch, keras = train(fit, images, one.seed)
                right = accuracy(fit, test)
            parted = np.abs(torch - keras) / np.abs(torch)
            apart[name] = max(apart[name], float(parted[:COMPARED].max()))
            data["losses"].setdefault(name, {"torch": torch.tolist(), "keras": keras.tolist()})
            last = [float(side[-SMOOTHED:].mean()) for side in (torch, keras)]
            rows.append((name, *size, one.seed, *last, *right, float(parted.max())))
            accuracies[-1][one.seed] = opinions.percent(right)
        if not setting.quick:
            setting.note(f"gradients of {name}")
            data["gradients"][name], of_gradients = gradients(setting, case)
            gradients_apart = max(gradients_apart, of_gradients)
    claims = [
        Claim("the paper's parameter counts: contract, PyTorch and Keras agree on each", counts_agree),
        *(
            Claim(
                f"both sides train alike, {name}: losses of the first {min(steps, COMPARED)} steps to "
                f"{apart[name]:.1e}" + (f" ({WHY})" if apart[name] > RELATIVE else ""),
                apart[name] <= RELATIVE,
            )
            for name in data["losses"]
        ),
    ]
    if not setting.quick:
        with_them, without = accuracies
        better = "a DenseNet-BC does better than a plain net of its depth and parameters"
        relative = [sides["torch"] for sides in data["gradients"].values()]
        ours, theirs = (max(found) / min(found) for found in relative)
        first = relative[1][0] / float(np.median(relative[1]))
        claims += [
            Claim(
                f"gradients of all weights agree to {gradients_apart:.1e} of the largest of each tensor",
                gradients_apart <= 1e-10,
            ),
            opinions.higher(better, with_them, without),
            Claim(
                "at 22 layers with batch norm there is a vanishing gradient to alleviate: without "
                f"connections the first convolution's gradient is {first:.2f} times the median ({BEFORE})",
                first < 1,
                required=False,
            ),
            Claim(
                f"they even gradients out: the largest is {ours:.1f} times the smallest with, "
                f"{theirs:.1f} times without ({BEFORE})",
                ours < theirs,
                required=False,
            ),
        ]
    columns = (
        "net, 22 layers", "parameters", "mult.-acc.", "seed", "last loss, torch", "keras", "accuracy, torch",
        "keras", "farthest apart",
    )  # fmt: skip
    title = (
        f"{steps} steps of {BATCH_SIZE} images {SIDE}x{SIDE}, float64, SGD 0.05 with Nesterov momentum 0.9"
    )
    return Outcome((counted, Table(title, columns, rows)), tuple(claims), data)


def train(fit: Fit, images: Split, seed: int) -> Both:
    """One epoch; the loss of every step on either side."""
    order = batches.epoch_order(len(images), seed, epoch=1)
    found = []
    for indices in batches.chunks(order, BATCH_SIZE, CHUNK_IMAGES // BATCH_SIZE):
        console.raise_if_interrupted()
        x, y = batches.gather(images, indices, 0, 1, fit.dtype)
        found.append(fit.steps(halved(x), y))
    return Both(*(np.concatenate(side) for side in zip(*found, strict=True)))


def accuracy(fit: Fit, images: Split) -> Both:
    """The share of the images whose class is found."""
    x, y = batches.gather(images, np.arange(len(images)), 0, 1, fit.dtype)
    return Both(*(float((side.argmax(axis=1) == y).mean()) for side in fit.predict(halved(x))))


def halved(x: np.ndarray) -> np.ndarray:
    """Images (..., 32, 32, 3) as (..., 16, 16, 3), each pixel the mean of four."""
    return x.reshape(*x.shape[:-3], SIDE, 2, SIDE, 2, 3).mean(axis=(-4, -2)).astype(x.dtype)


def counts(setting: Setting) -> tuple[Table, bool]:
    """The nets of the paper, as counted by the contract and by each framework."""
    rows, agree = [], True
    names = ("k12_l40", "bc_k12_l100") if setting.quick else tuple(PUBLISHED)
    for name in names:
        setting.note(f"counting {name}")
        millions, exact, arguments = PUBLISHED[name]
        asked = [arguments[key] for key in ("depth", "growth_rate", "bottleneck", "compression")]
        found = [
            side.call(f"{side.name}_impl.techniques.densenet:parameter_count", *asked)
            for side in (setting.sides.torch, setting.sides.keras)
        ]
        contract = count(net_parameters(arguments))
        agree = agree and {contract, *found} == {exact} and round(exact / 1e6, 1) == millions
        rows.append((name, f"{millions} M", f"{contract:,}", *(f"{number:,}" for number in found)))
    return Table("Parameters", ("net", "paper", "contract", "torch", "keras"), rows), agree


def gradients(setting: Setting, case_name: str) -> tuple[dict[str, list[float]], float]:
    """Of every 3x3 convolution, from first to last, |gradient| / |weights| before training.

    Returns:
        the median over some initial weights, for each side; and how far the sides' gradients are
        apart, relative to the largest element of each tensor.
    """
    case = technique("densenet").model(case_name)
    parameters = dict(case.parameters)
    starts = [initial_weights(parameters, setting.seed + n) for n in range(STARTS)]
    images = np.arange(case.input_shape[0])
    train = subset(setting.dataset.train, len(images))
    x, y = batches.gather(train, images, 0, 1, "float64")
    points = [({name: w.astype(np.float64) for name, w in start.items()}, x) for start in starts]
    found = setting.sides.both("adapter:evaluate", "densenet", case_name, "float64", points, y)
    kernels = ["conv.kernel", *(name for name in parameters if name.endswith("grow.conv.kernel"))]
    keys = [f"gradient/{name}" for name, parameter in parameters.items() if parameter.trainable]
    apart = max(
        float(np.abs(torch[key] - keras[key]).max() / np.abs(torch[key]).max())
        for torch, keras in zip(found.torch, found.keras, strict=True)
        for key in keys
    )
    relative = {}
    for side, results in found._asdict().items():
        ratios = [
            [_ratio(result[f"gradient/{name}"], weights[name]) for name in kernels]
            for (weights, _), result in zip(points, results, strict=True)
        ]
        relative[side] = np.median(ratios, axis=0).tolist()
    return relative, apart


def operations(parameters: Any) -> int:
    """Multiply-accumulates of all convolutions for one image."""

    def cost(name: str, parameter: Parameter) -> int:
        # A transition still computes maps of the block before it.
        number = name.removeprefix("block").removeprefix("transition")[0]
        side = SIDE >> (int(number) - 1 if number.isdigit() else 0)
        return side * side * int(np.prod(parameter.shape))

    return sum(cost(name, p) for name, p in parameters.items() if p.kind == "conv2d.kernel")


def _ratio(gradient: np.ndarray, weight: np.ndarray) -> float:
    return float(np.linalg.norm(gradient) / np.linalg.norm(weight))


def draw(figure: "Figure", data: dict[str, Any]) -> None:
    """Losses of the nets on both sides, and how gradients are spread over the depth."""
    left, right = figure.subplots(1, 2)
    for number, (name, sides) in enumerate(data["losses"].items()):
        smooth = np.ones(SMOOTHED) / SMOOTHED
        for side, losses in sides.items():
            shown = np.convolve(losses, smooth, "valid") if len(losses) > SMOOTHED else losses
            style = _style(side) | {"color": f"C{number}", "label": f"{name}, {side}"}
            left.plot(shown, **style)
            relative = data["gradients"].get(name, {}).get(side, [])
            right.semilogy(np.linspace(0, 1, len(relative)), relative, marker="o", **style)
    left.set(title=f"Training loss (mean of {SMOOTHED} steps)", xlabel="step", ylabel="loss")
    left.legend(fontsize="small")
    title = "3x3 convolutions before training" + ("" if data["gradients"] else " (not when quick)")
    right.set(title=title, xlabel="first to last convolution", ylabel="|gradient| / |weights|")
    for axes in (left, right):
        axes.grid(alpha=0.3)


def _style(side: str) -> dict[str, Any]:
    if side == "torch":
        return {"linewidth": 4, "alpha": 0.4, "markersize": 7}
    return {"linewidth": 1.2, "linestyle": "--", "markersize": 3}


EXPERIMENT = Experiment(
    name="densenet",
    question="How many parameters do DenseNets have, and do the connections pay at equal parameters?",
    run=run,
    draw=draw,
)
