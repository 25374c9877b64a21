"""The oracle's operations against scipy and against their definitions in other words."""

import numpy as np
import pytest
from scipy import signal, special

from crosscheck.reference import activations, losses
from crosscheck.reference.convolution import (
    conv2d,
    conv2d_transpose,
    depthwise_conv2d,
    same_padding,
)
from crosscheck.reference.dense import block_dense, dense, flatten_channels_first
from crosscheck.reference.normalization import batch_norm, instance_norm
from crosscheck.reference.pooling import average_pool, global_average_pool, max_pool

GENERATOR = np.random.default_rng(0)
X = GENERATOR.normal(size=(2, 9, 12, 6))  # every size another
BIAS = GENERATOR.normal(size=8)


def correlate(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Valid convolution by scipy; x (B, H, W, C), kernel (kh, kw, C, O)."""
    return np.stack(
        [
            np.stack(
                [
                    sum(
                        signal.correlate2d(x[b, :, :, c], kernel[:, :, c, o], mode="valid")
                        for c in range(kernel.shape[2])
                    )
                    for o in range(kernel.shape[3])
                ],
                axis=-1,
            )
            for b in range(len(x))
        ]
    )


def test_conv2d() -> None:
    kernel = GENERATOR.normal(size=(3, 4, 6, 8))
    np.testing.assert_allclose(conv2d(X, kernel, BIAS), correlate(X, kernel) + BIAS, rtol=1e-12, atol=1e-12)


def test_conv2d_with_stride_and_padding() -> None:
    kernel = GENERATOR.normal(size=(3, 4, 6, 8))
    padded = np.pad(X, ((0, 0), (1, 2), (0, 3), (0, 0)))
    expected = correlate(padded, kernel)[:, ::2, ::3]
    found = conv2d(X, kernel, stride=(2, 3), padding=((1, 2), (0, 3)))
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


def test_conv2d_with_groups() -> None:
    kernel = GENERATOR.normal(size=(3, 4, 3, 8))
    expected = np.concatenate(
        [correlate(X[..., :3], kernel[..., :4]), correlate(X[..., 3:], kernel[..., 4:])], -1
    )
    np.testing.assert_allclose(conv2d(X, kernel, groups=2), expected, rtol=1e-12, atol=1e-12)
    with pytest.raises(ValueError, match="groups"):
        conv2d(X, kernel, groups=3)


def test_depthwise_is_a_grouped_convolution() -> None:
    kernel = GENERATOR.normal(size=(3, 4, 6, 2))
    grouped = kernel.reshape(3, 4, 1, 12)
    np.testing.assert_allclose(
        depthwise_conv2d(X, kernel), conv2d(X, grouped, groups=6), rtol=1e-12, atol=1e-12
    )


def test_conv2d_transpose_is_the_adjoint_of_conv2d() -> None:
    # <conv(x, k), y> = <x, conv_transpose(y, k)>, where the strides leave no remainder
    kernel = GENERATOR.normal(size=(3, 4, 6, 5))
    forward = conv2d(X, kernel, stride=(2, 4))
    y = GENERATOR.normal(size=forward.shape)
    back = conv2d_transpose(y, kernel, stride=(2, 4))
    assert back.shape == X.shape
    assert (forward * y).sum() == pytest.approx((X * back).sum(), rel=1e-12)


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "expected"),
    [(32, 3, 2, (0, 1)), (33, 3, 2, (1, 1)), (224, 7, 2, (2, 3)), (32, 5, 1, (2, 2)), (5, 2, 1, (0, 1))],
)
def test_same_padding_as_tensorflow_defines_it(
    size: int, kernel: int, stride: int, expected: tuple[int, int]
) -> None:
    assert same_padding((size, size), (kernel, kernel), (stride, stride)) == (expected, expected)


def test_pooling() -> None:
    expected = X[:, :8].reshape(2, 4, 2, 6, 2, 6)
    np.testing.assert_array_equal(max_pool(X, (2, 2)), expected.max(axis=(2, 4)))
    np.testing.assert_allclose(average_pool(X, (2, 2)), expected.mean(axis=(2, 4)), rtol=1e-12)
    np.testing.assert_allclose(global_average_pool(X), X.mean((1, 2)), rtol=1e-12)


def test_pooling_of_borders() -> None:
    x = np.arange(1.0, 5.0).reshape(1, 2, 2, 1)
    border = ((1, 1), (1, 1))
    # the corner sees 1, 2, 3, 4 and five padded pixels
    assert average_pool(x, (3, 3), (1, 1), border)[0, 0, 0, 0] == 2.5
    assert average_pool(x, (3, 3), (1, 1), border, count_padding=True)[0, 0, 0, 0] == pytest.approx(10 / 9)
    assert max_pool(-x, (3, 3), (1, 1), border)[0, 0, 0, 0] == -1  # padding is not a zero that wins


def test_dense_and_flatten() -> None:
    kernel = GENERATOR.normal(size=(6, 8))
    np.testing.assert_allclose(dense(X, kernel, BIAS), np.einsum("bhwi,io->bhwo", X, kernel) + BIAS)
    blocks, bias = GENERATOR.normal(size=(4, 3, 5)), GENERATOR.normal(size=(4, 5))
    parts = GENERATOR.normal(size=(2, 4, 3))
    expected = np.stack([parts[:, s] @ blocks[s] + bias[s] for s in range(4)], axis=1)
    np.testing.assert_allclose(block_dense(parts, blocks, bias), expected)
    flat = flatten_channels_first(X)
    assert flat[1, 2 * 9 * 12 + 3 * 12 + 4] == X[1, 3, 4, 2]  # channel 2, row 3, column 4


def test_activations() -> None:
    np.testing.assert_array_equal(activations.relu(np.array([-2.0, 0.0, 3.0])), [0, 0, 3])
    np.testing.assert_array_equal(activations.prelu(np.array([-2.0, 3.0]), np.array(0.25)), [-0.5, 3])
    logits = X * 300  # would overflow without the shift
    np.testing.assert_allclose(activations.log_softmax(logits), special.log_softmax(logits, axis=-1))
    np.testing.assert_allclose(activations.softmax(X), special.softmax(X, axis=-1))


def test_normalisation() -> None:
    gamma, beta = GENERATOR.normal(size=6), GENERATOR.normal(size=6)
    found = batch_norm(X, gamma, beta, 1e-3)
    flat = X.reshape(-1, 6)
    expected = (flat - flat.mean(0)) / np.sqrt(flat.var(0) + 1e-3) * gamma + beta
    np.testing.assert_allclose(found.output.reshape(-1, 6), expected, rtol=1e-10)
    assert found.size == 2 * 9 * 12
    np.testing.assert_allclose(found.variance * found.size / (found.size - 1), flat.var(0, ddof=1))
    one = X[:1]  # with one image, instance and batch normalisation are the same
    np.testing.assert_allclose(
        instance_norm(one, gamma, beta, 1e-3), batch_norm(one, gamma, beta, 1e-3).output, rtol=1e-12
    )


def test_losses() -> None:
    logits, labels = GENERATOR.normal(size=(5, 7)), np.array([0, 6, 3, 3, 1])
    expected = -np.log(special.softmax(logits, axis=-1)[np.arange(5), labels]).mean()
    assert losses.cross_entropy(logits, labels) == pytest.approx(expected, rel=1e-12)
    assert losses.cross_entropy(np.zeros((4, 10)), np.arange(4)) == pytest.approx(np.log(10))
    assert losses.squared_error(np.array([[1.0, 2.0]]), np.array([[0.0, 4.0]])) == 2.5
