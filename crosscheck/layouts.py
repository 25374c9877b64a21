"""How each kind of parameter is laid out: one table, read in both directions.

The neutral layout is channels-last; a row gives the same axes as PyTorch orders them, and the name
the tensor has on either side. Axis names are einops patterns, so a row says all there is to say.
Nothing is ever reshaped to fit: a tensor that does not have the declared shape is an error.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from einops import rearrange

from crosscheck.errors import WeightsError

Weights = dict[str, np.ndarray]


@dataclass(frozen=True)
class Layout:
    """One row of the table."""

    neutral: str  # axes as the neutral package (and Keras) stores them
    torch: str  # the same axes as PyTorch stores them
    torch_name: str  # the tensor's own name in PyTorch; the neutral name is Keras' name
    trainable: bool = True


@dataclass(frozen=True)
class Parameter:
    """A tensor that a model must hold.

    Attributes:
        kind: row of `LAYOUTS`.
        shape: in the neutral layout.
        fan_in: number of inputs that one output sums over (for initialisation).
    """

    kind: str
    shape: tuple[int, ...]
    fan_in: int

    @property
    def trainable(self) -> bool:
        return LAYOUTS[self.kind].trainable

    @property
    def decayed(self) -> bool:
        """Whether L2 and weight decay apply: to kernels only, not to biases, gains, shifts or slopes."""
        return self.kind.endswith(".kernel")


LAYOUTS: dict[str, Layout] = {
    "dense.kernel": Layout("cin cout", "cout cin", "weight"),
    "dense.bias": Layout("cout", "cout", "bias"),
    "block_dense.kernel": Layout("blocks cin cout", "blocks cout cin", "weight"),
    "block_dense.bias": Layout("blocks cout", "blocks cout", "bias"),
    # `cin` counts the inputs of one group, on both sides.
    "conv2d.kernel": Layout("kh kw cin cout", "cout cin kh kw", "weight"),
    "conv2d.bias": Layout("cout", "cout", "bias"),
    "conv1d.kernel": Layout("k cin cout", "cout cin k", "weight"),
    "conv1d.bias": Layout("cout", "cout", "bias"),
    "conv3d.kernel": Layout("kd kh kw cin cout", "cout cin kd kh kw", "weight"),
    "conv3d.bias": Layout("cout", "cout", "bias"),
    "depthwise_conv1d.kernel": Layout("k cin mult", "(cin mult) 1 k", "weight"),
    "depthwise_conv1d.bias": Layout("cout", "cout", "bias"),
    "depthwise_conv2d.kernel": Layout("kh kw cin mult", "(cin mult) 1 kh kw", "weight"),
    "depthwise_conv2d.bias": Layout("cout", "cout", "bias"),
    "conv2d_transpose.kernel": Layout("kh kw cout cin", "cin cout kh kw", "weight"),
    "conv2d_transpose.bias": Layout("cout", "cout", "bias"),
    "conv1d_transpose.kernel": Layout("k cout cin", "cin cout k", "weight"),
    "conv1d_transpose.bias": Layout("cout", "cout", "bias"),
    "conv3d_transpose.kernel": Layout("kd kh kw cout cin", "cin cout kd kh kw", "weight"),
    "conv3d_transpose.bias": Layout("cout", "cout", "bias"),
    "embedding.embeddings": Layout("n c", "n c", "weight"),
    # One slope a unit of a dense layer, one a channel or one a layer, one an element of a feature map.
    "prelu.alpha": Layout("c", "c", "weight"),
    "prelu_steps.alpha": Layout("1 c", "c", "weight"),
    "prelu_channels.alpha": Layout("1 1 c", "c", "weight"),
    "prelu_volumes.alpha": Layout("1 1 1 c", "c", "weight"),
    "prelu_elements.alpha": Layout("h w c", "c h w", "weight"),
    "prelu_elements_of_steps.alpha": Layout("t c", "c t", "weight"),
    "prelu_elements_of_volumes.alpha": Layout("d h w c", "c d h w", "weight"),
    "norm.gamma": Layout("c", "c", "weight"),
    "norm.beta": Layout("c", "c", "bias"),
    "norm.moving_mean": Layout("c", "c", "running_mean", trainable=False),
    "norm.moving_variance": Layout("c", "c", "running_var", trainable=False),
}

# State of PyTorch's modules that is no parameter of the model and has no counterpart in Keras.
TORCH_BOOKKEEPING = ("num_batches_tracked",)


def side_name(name: str, kind: str, side: str) -> str:
    """The name on one side of the neutral tensor `name`, such as "fc1.kernel".

    PyTorch: "fc1.weight"; Keras: "fc1/kernel".
    """
    path, _, leaf = name.rpartition(".")
    if side == "torch":
        leaf = LAYOUTS[kind].torch_name
        return f"{path}.{leaf}" if path else leaf
    return name.replace(".", "/")


def side_shape(parameter: Parameter, side: str) -> tuple[int, ...]:
    """The shape that a parameter has on one side."""
    return to_side(np.empty(parameter.shape, np.int8), parameter, side).shape


def to_side(array: np.ndarray, parameter: Parameter, side: str) -> np.ndarray:
    """A neutral array in the layout of one side (a contiguous copy, never a view)."""
    layout = LAYOUTS[parameter.kind]
    if side == "torch":
        array = rearrange(array, f"{layout.neutral} -> {layout.torch}")
    return np.array(array, order="C", copy=True)


def from_side(array: np.ndarray, parameter: Parameter, side: str) -> np.ndarray:
    """The array of one side in the neutral layout; the inverse of `to_side`."""
    layout = LAYOUTS[parameter.kind]
    if side == "torch":
        axes = zip(layout.neutral.split(), parameter.shape, strict=True)
        sizes = {axis: size for axis, size in axes if axis != "1"}
        array = rearrange(array, f"{layout.torch} -> {layout.neutral}", **sizes)
    return np.array(array, order="C", copy=True)


def pack(weights: Mapping[str, np.ndarray], parameters: Mapping[str, Parameter], side: str) -> Weights:
    """Neutral weights -> the names and layouts of one side.

    Raises:
        WeightsError: a tensor is missing, left over or misshapen; the message lists all of them.
    """
    shapes = {name: parameter.shape for name, parameter in parameters.items()}
    _require_match(weights, shapes, "the weights")
    return {
        side_name(name, parameter.kind, side): to_side(weights[name], parameter, side)
        for name, parameter in parameters.items()
    }


def unpack(state: Mapping[str, np.ndarray], parameters: Mapping[str, Parameter], side: str) -> Weights:
    """The named tensors of one side -> neutral weights; the inverse of `pack`.

    Raises:
        WeightsError: a tensor is missing, left over or misshapen; the message lists all of them.
    """
    names = {name: side_name(name, parameter.kind, side) for name, parameter in parameters.items()}
    if side == "torch":
        state = {name: array for name, array in state.items() if not name.endswith(TORCH_BOOKKEEPING)}
    shapes = {names[name]: side_shape(parameter, side) for name, parameter in parameters.items()}
    _require_match(state, shapes, f"the {side} model")
    return {name: from_side(state[names[name]], parameter, side) for name, parameter in parameters.items()}


def count(parameters: Mapping[str, Parameter]) -> int:
    """Number of trainable parameters."""
    return sum(int(np.prod(p.shape)) for p in parameters.values() if p.trainable)


def _require_match(
    arrays: Mapping[str, np.ndarray], shapes: Mapping[str, tuple[int, ...]], where: str
) -> None:
    problems = [f"{name} is missing" for name in shapes if name not in arrays]
    problems += [f"{name} is left over" for name in arrays if name not in shapes]
    problems += [
        f"{name} has shape {tuple(arrays[name].shape)}, expected {shape}"
        for name, shape in shapes.items()
        if name in arrays and tuple(arrays[name].shape) != tuple(shape)
    ]
    if problems:
        raise WeightsError(f"{where} do not fit the contract: " + "; ".join(problems))
