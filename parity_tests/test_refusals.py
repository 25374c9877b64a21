"""What docstrings say is refused, and no case can show: by both sides, with a word on what was wrong."""

import importlib
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from crosscheck.errors import CallError
from crosscheck.optimizers import Adam
from crosscheck.sides import Sides
from crosscheck.technique import techniques

CHANNELS = 3
CALLED = "parity_tests.test_refusals:called"


def called(target: str, *arguments: Any) -> None:
    """In a side's own process: "module:function" is called, and what it returns stays there."""
    module, _, name = target.partition(":")
    getattr(importlib.import_module(module), name)(*arguments)


def torch_norm(technique: str, name: str, shape: tuple[int, ...], training: bool) -> None:
    """In PyTorch's process: a normalisation is given an input of this shape, channels last."""
    from torch_impl import adapter, implementation

    layer = getattr(implementation(technique), name)(CHANNELS)
    layer.train(training)(adapter.tensor(np.zeros(shape, np.float32)))


def keras_norm(technique: str, name: str, shape: tuple[int, ...], training: bool) -> None:
    """In Keras' process: the same."""
    from keras import ops

    from keras_impl import adapter, implementation

    adapter.use_precision("float32")
    getattr(implementation(technique), name)()(ops.zeros(shape), training=training)


@pytest.mark.parametrize(
    ("technique", "name", "shape", "training", "said"),
    [
        ("normalization", "BatchNorm", (1, 1, 1, CHANNELS), True, "more than (1|one) value .*training"),
        ("bn_folding", "FeatureNorm", (1, CHANNELS), True, "more than (1|one) value .*training"),
        ("normalization", "InstanceNorm", (2, 1, 1, CHANNELS), True, r"expected \(batch, .*got \(2, "),
        ("normalization", "InstanceNorm", (2, 1, 1, CHANNELS), False, r"expected \(batch, .*got \(2, "),
    ],
)
def test_one_value_a_channel_is_refused(
    technique: str, name: str, shape: tuple[int, ...], training: bool, said: str, sides: Sides
) -> None:
    """Its variance is 0 whatever it is, so that it would come out as beta."""
    for side in (sides.torch, sides.keras):
        with pytest.raises(CallError, match=f"ValueError: .*(?i:{said})"):
            side.call(f"parity_tests.test_refusals:{side.name}_norm", technique, name, shape, training)


@pytest.mark.parametrize(
    ("technique", "name", "shape", "training"),
    [
        ("normalization", "BatchNorm", (1, 1, 1, CHANNELS), False),
        ("normalization", "BatchNorm", (2, 1, 1, CHANNELS), True),
        ("normalization", "BatchNorm", (1, 1, 2, CHANNELS), True),
        ("bn_folding", "FeatureNorm", (1, CHANNELS), False),
        ("bn_folding", "FeatureNorm", (2, CHANNELS), True),
        ("normalization", "InstanceNorm", (1, 1, 2, CHANNELS), True),
    ],
)
def test_two_values_a_channel_are_taken(
    technique: str, name: str, shape: tuple[int, ...], training: bool, sides: Sides
) -> None:
    """No more is refused than must be: moving averages need no second value."""
    for side in (sides.torch, sides.keras):
        side.call(f"parity_tests.test_refusals:{side.name}_norm", technique, name, shape, training)


@pytest.mark.parametrize(
    ("model", "changed", "said"),
    [
        ("cifar_cnn/small", {"block": "bn"}, "block is one of plain, .*, not 'bn'"),
        (
            "cifar_cnn/small_residual",
            {"activation": "prelu_channel"},
            "'residual' blocks have ReLU, not 'pre",
        ),
        ("cifar_cnn/small_no_shortcut", {"activation": "prelu_layer"}, "'no_shortcut' blocks have ReLU, not"),
        ("cifar_cnn/small", {"activation": "prelu_row"}, "sharing is .*, not 'row'"),
        ("prelu/channel", {"sharing": "row"}, "sharing is .*, not 'row'"),
        ("knn_layer/small", {"activation": "tanh"}, "activation is .*, not 'tanh'"),
        ("normalization/small_restorer", {"norm": "group"}, "norm is .*, not 'group'"),
        ("resize_conv/transposed_k3s2", {"stride": 4}, "1 <= stride <= kernel_size, got stride 4"),
        ("resize_conv/strided", {"stride": 4}, "1 <= stride <= kernel_size, got stride 4"),
        ("resize_conv/nearest", {"mode": "bicubic"}, "mode is one of .*, not 'bicubic'"),
        ("resize_conv/bilinear", {"kernel_size": 4}, "an odd kernel_size, got 2 and 4"),
        ("depthwise_separable/multiplier", {"kernel_size": (3, 4)}, r"must be odd, got \(3, 4\)"),
        ("depthwise_separable/plain", {"kernel_size": (2, 3)}, r"must be odd, got \(2, 3\)"),
        ("densenet/small_bc", {"compression": 1.5}, "compression is above 0"),
    ],
)
def test_models_there_cannot_be_are_refused(
    model: str, changed: dict[str, Any], said: str, sides: Sides
) -> None:
    """What is none of the choices must not be taken for one of them."""
    technique, _, name = model.partition("/")
    case = techniques()[technique].model(name)
    odd = replace(case, name="odd", arguments={**case.arguments, **changed})
    for side in (sides.torch, sides.keras):
        with pytest.raises(CallError, match=f"ValueError: .*{said}"):
            side.call(CALLED, f"{side.name}_impl.adapter:build", technique, odd, "float32")


def test_adam_does_not_decay_in_two_ways_at_once(sides: Sides) -> None:
    """PyTorch has no such optimizer: one of the two would be left out."""
    both = Adam(0.5, l2=0.25, weight_decay=0.25)
    for side in (sides.torch, sides.keras):
        with pytest.raises(CallError, match=re.escape("ValueError: Adam takes l2 or weight_decay, not both")):
            side.call(CALLED, f"{side.name}_impl.techniques.weight_decay:make_optimizer", both, [], [])
