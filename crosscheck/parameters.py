"""What the layers of a model hold: declarations from which a contract is put together."""

from math import prod

import numpy as np

from crosscheck.layouts import Parameter, Weights

Parameters = dict[str, Parameter]


def dense(path: str, inputs: int, outputs: int) -> Parameters:
    """A dense layer: kernel (inputs, outputs) and bias."""
    return _layer(path, "dense", (inputs, outputs), (outputs,), inputs)


def block_dense(path: str, blocks: int, inputs: int, outputs: int) -> Parameters:
    """`blocks` separate dense layers side by side: kernel (blocks, inputs, outputs) and bias."""
    return _layer(path, "block_dense", (blocks, inputs, outputs), (blocks, outputs), inputs)


def conv2d(
    path: str, kernel: tuple[int, int], inputs: int, outputs: int, groups: int = 1, bias: bool = True
) -> Parameters:
    """A 2-D convolution: kernel (height, width, inputs / groups, outputs) and, mostly, a bias."""
    shape = (*kernel, inputs // groups, outputs)
    return _layer(path, "conv2d", shape, (outputs,) if bias else None, prod(shape[:-1]))


def depthwise_conv2d(
    path: str, kernel: tuple[int, int], inputs: int, multiplier: int = 1, bias: bool = True
) -> Parameters:
    """A depthwise convolution: kernel (height, width, inputs, multiplier) and, mostly, a bias."""
    outputs = (inputs * multiplier,) if bias else None
    return _layer(path, "depthwise_conv2d", (*kernel, inputs, multiplier), outputs, prod(kernel))


def conv2d_transpose(
    path: str, kernel: tuple[int, int], inputs: int, outputs: int, bias: bool = True
) -> Parameters:
    """A transposed convolution: kernel (height, width, outputs, inputs) and, mostly, a bias.

    Its fan-in is counted as PyTorch counts it: outputs x height x width.
    """
    shape = (*kernel, outputs, inputs)
    return _layer(path, "conv2d_transpose", shape, (outputs,) if bias else None, prod(kernel) * outputs)


def batch_norm(path: str, channels: int, affine: bool = True) -> Parameters:
    """Batch normalisation: gamma and beta (if affine), moving mean and variance."""
    trained = norm(path, channels) if affine else {}
    return trained | {
        name: Parameter(f"norm.{name.rpartition('.')[2]}", (channels,), 1)
        for name in (_join(path, "moving_mean"), _join(path, "moving_variance"))
    }


def norm(path: str, channels: int) -> Parameters:
    """The gamma and beta of a normalisation without statistics of its own."""
    return {_join(path, leaf): Parameter(f"norm.{leaf}", (channels,), 1) for leaf in ("gamma", "beta")}


def prelu(path: str, shape: tuple[int, ...]) -> Parameters:
    """The slopes of a PReLU: (units,), (1, 1, channels) or (height, width, channels)."""
    kind = "prelu" if len(shape) == 1 else "prelu_channels" if shape[:2] == (1, 1) else "prelu_elements"
    return {_join(path, "alpha"): Parameter(f"{kind}.alpha", shape, 1)}


def _layer(
    path: str, kind: str, kernel: tuple[int, ...], bias: tuple[int, ...] | None, fan_in: int
) -> Parameters:
    found = {_join(path, "kernel"): Parameter(f"{kind}.kernel", kernel, fan_in)}
    if bias:
        found[_join(path, "bias")] = Parameter(f"{kind}.bias", bias, fan_in)
    return found


def _join(path: str, leaf: str) -> str:
    return f"{path}.{leaf}" if path else leaf


def initial_weights(parameters: Parameters, seed: int) -> Weights:
    """Float32 weights to start training from; seed n means the same net on both sides.

    Kernels and biases are uniform within 1/sqrt(fan_in), PyTorch's default (`nn.Linear`,
    `nn.Conv2d`), since the articles' figures come from it; normalisation starts as the identity,
    and the slopes of PReLU at 0.25.
    """
    generator = np.random.default_rng(seed)
    return {name: _initial(parameter, generator) for name, parameter in parameters.items()}


def _initial(parameter: Parameter, generator: np.random.Generator) -> np.ndarray:
    match parameter.kind.split("."):
        case [_, "kernel" | "bias"]:
            bound = 1 / np.sqrt(parameter.fan_in)
            return generator.uniform(-bound, bound, parameter.shape).astype(np.float32)
        case ["norm", "gamma" | "moving_variance"]:
            return np.ones(parameter.shape, np.float32)
        case ["norm", "beta" | "moving_mean"]:
            return np.zeros(parameter.shape, np.float32)
        case [_, "alpha"]:
            return np.full(parameter.shape, 0.25, np.float32)
    raise ValueError(f"no initial value is defined for a parameter of kind {parameter.kind!r}")


def trained_like_weights(parameters: Parameters, seed: int) -> Weights:
    """Float64 weights for comparing: random as after training, each one exact in float32.

    Default initialisation hides bugs: where a bias is 0 or a gain 1, leaving it out changes nothing.
    """
    generator = np.random.default_rng(seed)
    weights = {}
    for name, parameter in parameters.items():
        match parameter.kind.split(".")[1]:
            case "kernel":
                value = generator.normal(0, np.sqrt(2 / parameter.fan_in), parameter.shape)
            case "gamma" | "moving_variance":
                value = generator.uniform(0.5, 1.5, parameter.shape)
            case _:
                value = generator.normal(0, 0.3, parameter.shape)
        weights[name] = value.astype(np.float32).astype(np.float64)
    return weights
