"""What batch norm does beside the forward pass: Keras' frozen layer, and how each framework adds up."""

import math

import numpy as np
import pytest

from crosscheck.sides import Side, Sides


def frozen(x: np.ndarray) -> dict[str, np.ndarray]:
    """In Keras' process: a frozen batch norm in training and in evaluation, and its mean after that."""
    from keras import ops

    from keras_impl import adapter
    from keras_impl.techniques.bn_folding import FeatureNorm
    from keras_impl.techniques.normalization import BatchNorm

    adapter.use_precision("float64")
    found = {}
    for name, layer, given in (("maps", BatchNorm(), x), ("features", FeatureNorm(), x[:, 0, 0])):
        layer.build(given.shape)
        layer.trainable = False
        for training in (True, False):
            found[f"{name}/{training}"] = adapter.array(
                layer(ops.convert_to_tensor(given), training=training)
            )
        found[f"{name}/mean"] = adapter.array(layer.moving_mean)
    return found


@pytest.mark.parametrize("what", ["maps", "features"])
def test_a_frozen_batch_norm_keeps_its_statistics(what: str, sides: Sides) -> None:
    x = np.random.default_rng(0).normal(3.0, 2.0, (5, 4, 6, 3))
    found = sides.keras.call("parity_tests.test_normalization:frozen", x)
    assert np.array_equal(found[f"{what}/True"], found[f"{what}/False"])
    assert np.array_equal(found[f"{what}/mean"], np.zeros(3))


def torch_means(x: np.ndarray, channels_last: bool, axiswise: bool = False) -> np.ndarray:
    """In PyTorch's process: the mean of each channel that batch norm finds; x (B, H, W, C)."""
    import torch

    from torch_impl.axiswise import AxiswiseBatchNorm, replace_norms
    from torch_impl.techniques.normalization import BatchNorm

    memory = torch.channels_last if channels_last else torch.contiguous_format
    rows = torch.from_numpy(x).permute(0, 3, 1, 2).contiguous(memory_format=memory)
    norm = BatchNorm(x.shape[-1]).to(rows.dtype)
    if axiswise:
        replace_norms(norm, AxiswiseBatchNorm)
    norm.momentum = 1.0  # the moving mean is that of the last batch
    norm.train()(rows)
    return norm.running_mean.numpy()


def keras_means(x: np.ndarray) -> np.ndarray:
    """In Keras' process: the mean of each channel that batch norm finds; x (B, H, W, C)."""
    from keras import ops

    from keras_impl import adapter
    from keras_impl.techniques.normalization import moments

    means, *_ = moments(ops.convert_to_tensor(x), (0, 1, 2))
    return adapter.array(means).reshape(-1)


def test_pytorch_adds_up_one_by_one_but_for_float32_with_the_channels_first(sides: Sides) -> None:
    """Why float32 trajectories have the channels first, and why float64 parts farther than its twins."""
    drawn = 0.5 + np.random.default_rng(0).normal(size=(64, 32, 30, 3))

    def off(dtype: str, side: Side, *how: bool) -> float:
        x = drawn.astype(dtype)
        exact = np.array([math.fsum(channel) for channel in x.reshape(-1, 3).T.tolist()]) * 3 / x.size
        found = side.call(f"parity_tests.test_normalization:{side.name}_means", x, *how)
        return float(np.abs(found / exact - 1).max() / np.finfo(dtype).eps)

    assert off("float32", sides.torch, False) < 1
    for dtype, channels_last in (("float32", True), ("float64", False), ("float64", True)):
        assert off(dtype, sides.torch, channels_last) > 4 * max(off(dtype, sides.keras), 1)
        assert off(dtype, sides.torch, channels_last, True) < 2


def axiswise_is_batch_norm(x: np.ndarray, weights: np.ndarray) -> dict[str, float]:
    """In PyTorch's process: how far the two are apart in all they do; x (B, C, H, W)."""
    import torch

    from torch_impl.axiswise import AxiswiseBatchNorm, replace_norms
    from torch_impl.techniques.normalization import BatchNorm

    found: list[dict[str, torch.Tensor]] = []
    for axiswise in (False, True):
        norm, given = BatchNorm(x.shape[1]).double(), torch.from_numpy(x).requires_grad_()
        with torch.no_grad():
            norm.weight.copy_(torch.from_numpy(weights[0]))
            norm.bias.copy_(torch.from_numpy(weights[1]))
        if axiswise:
            replace_norms(norm, AxiswiseBatchNorm)
        output = norm(given)
        (output * torch.arange(output.numel()).reshape(output.shape).cos()).sum().backward()
        tensors = {"output": output, "input": given.grad, "later": norm.eval()(given)}
        tensors |= {f"gradient of {name}": p.grad for name, p in norm.named_parameters()}
        found.append(tensors | {name: value.double() for name, value in norm.named_buffers()})
    return {name: float((value - found[1][name]).detach().abs().max()) for name, value in found[0].items()}


def test_batch_norm_summed_axis_by_axis_is_batch_norm(sides: Sides) -> None:
    generator = np.random.default_rng(0)
    x, weights = generator.normal(2.0, 3.0, (5, 3, 4, 6)), generator.normal(size=(2, 3))
    apart = sides.torch.call("parity_tests.test_normalization:axiswise_is_batch_norm", x, weights)
    assert len(apart) == 8
    assert max(apart.values()) < 1e-13, apart
