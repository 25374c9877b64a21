"""How a framework executes a model: operation by operation, as a graph, or compiled.

A mode is a property of a framework's process: it is chosen once, when the process is configured, and
holds for everything that is evaluated or trained in it.
"""

from dataclasses import dataclass

from crosscheck.errors import CrosscheckError

# The first is the default, but for Keras on TensorFlow in training.
MODES = {
    "torch": ("eager", "compile"),
    "keras on tensorflow": ("eager", "graph", "xla"),
    "keras on jax": ("xla", "eager"),
    "keras on torch": ("eager",),
}
NAMES = tuple(dict.fromkeys(name for names in MODES.values() for name in names))
# From this batch size on, TensorFlow trains a graph faster than what XLA makes of it: XLA's convolutions
# on a CPU are slow (822 images/s against 489, article 004's baseline), but it has less to do between them,
# which decides where batches are small (4,000 against 2,400, article 000's net at batch 4).
LARGE_BATCH = 32

# Weights in float32, layers that compute in bfloat16: PyTorch's autocast, Keras' dtype policy.
MIXED = "mixed_bfloat16"


# What Keras' torch backend does not do; more of it in docs/limitations.md.
PARTLY_FLOAT32 = "keras on torch computes float64 partly in float32 (docs/limitations.md)"


def stored(dtype: str) -> str:
    """The dtype of a model's weights, inputs and loss."""
    return "float32" if dtype == MIXED else dtype


def framework(side: str, backend: str) -> str:
    """The key of `MODES`: a side, and Keras' backend."""
    return "torch" if side == "torch" else f"keras on {backend}"


@dataclass(frozen=True)
class Refusal:
    """Something that a framework is not asked to do.

    Attributes:
        framework: a key of `MODES`.
        mode: that is refused; "" is every mode.
        where: "for several workers" or "on a GPU".
        why: one clause.
        instead: what to use.
    """

    framework: str
    mode: str
    where: str
    why: str
    instead: str


WORKERS, GPU = "for several workers", "on a GPU"
REFUSALS = (
    # TF_DETERMINISTIC_OPS is set on a GPU, and Keras then compiles nothing, but warns.
    Refusal(
        "keras on tensorflow", "xla", GPU, "deterministic operations, which --device cuda asks for", "graph"
    ),
    Refusal("keras on tensorflow", "xla", WORKERS, "replicas run in graphs", "graph"),
    Refusal("keras on tensorflow", "eager", WORKERS, "replicas run in graphs", "graph"),
    Refusal("keras on torch", "", WORKERS, "it trains on one device", "tensorflow or jax"),
    Refusal("torch", "compile", WORKERS, "the wrapper of the workers is not compiled", "eager"),
)


def require(side: str, backend: str, device: str, mode: str, workers: int = 1) -> None:
    """Make sure that a framework has a mode.

    Raises:
        CrosscheckError: it has not, or not on that device, or not for so many workers.
    """
    key = framework(side, backend)
    if mode not in MODES[key]:
        raise CrosscheckError(f"{key} has no mode {mode!r}; it has: {', '.join(MODES[key])}")
    met = {WORKERS: workers > 1, GPU: device != "cpu"}
    for refusal in REFUSALS:
        if refusal.framework == key and refusal.mode in ("", mode) and met[refusal.where]:
            what = f"has no mode {mode!r}" if refusal.mode else "cannot be used"
            raise CrosscheckError(f"{key} {what} {refusal.where} ({refusal.why}); use {refusal.instead}")


def for_training(side: str, backend: str, device: str, batch_size: int, workers: int = 1) -> str:
    """The mode in which a training run is fastest."""
    key = framework(side, backend)
    if key == "keras on tensorflow":
        return "graph" if batch_size >= LARGE_BATCH or device != "cpu" or workers > 1 else "xla"
    return MODES[key][0]
