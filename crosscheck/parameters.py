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


def conv2d(path: str, kernel: tuple[int, int], inputs: int, outputs: int, groups: int = 1) -> Parameters:
    """A 2-D convolution: kernel (height, width, inputs / groups, outputs) and bias."""
    shape = (*kernel, inputs // groups, outputs)
    return _layer(path, "conv2d", shape, (outputs,), prod(shape[:-1]))


def _layer(path: str, kind: str, kernel: tuple[int, ...], bias: tuple[int, ...], fan_in: int) -> Parameters:
    prefix = f"{path}." if path else ""
    return {
        f"{prefix}kernel": Parameter(f"{kind}.kernel", kernel, fan_in),
        f"{prefix}bias": Parameter(f"{kind}.bias", bias, fan_in),
    }


def initial_weights(parameters: Parameters, seed: int) -> Weights:
    """Float32 weights to start training from; seed n means the same net on both sides.

    Kernels and biases are uniform within 1/sqrt(fan_in), PyTorch's default (`nn.Linear`,
    `nn.Conv2d`), since the articles' figures come from it; normalisation starts as the identity.
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
