"""Nets on which folding is tried: built, folded and judged in the side's own process."""

from typing import Any

from crosscheck.folding import Folding


def torch_grouped_transposed() -> tuple[str, float]:
    """A transposed convolution with groups, for which PyTorch's own function has no axis."""
    import torch
    from torch import nn

    layer, norm = nn.ConvTranspose2d(6, 8, (3, 2), stride=2, groups=2), nn.BatchNorm2d(8)
    return _torch_apart(nn.Sequential(layer, norm), torch.rand(2, 6, 5, 4))


def torch_activation_in_place() -> tuple[str, float]:
    """The convolution's tensor itself is changed: batch norm is given the same object."""
    import torch
    from torch import nn

    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(inplace=True), nn.BatchNorm2d(4))
    return _torch_apart(net, torch.rand(2, 3, 5, 4))


def torch_second_output() -> tuple[str, float]:
    """The convolution's output is returned as well."""
    import torch
    from torch import nn

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.bn = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)

        def forward(self, x: Any) -> Any:
            y = self.conv(x)
            return self.bn(y), y

    return _torch_apart(Net(), torch.rand(2, 3, 5, 4))


def torch_parametrized() -> tuple[str, float]:
    """The kernel is computed from another tensor at every call."""
    import torch
    from torch import nn
    from torch.nn.utils.parametrizations import weight_norm

    net = nn.Sequential(weight_norm(nn.Conv2d(3, 4, 3)), nn.BatchNorm2d(4))
    return _torch_apart(net, torch.rand(2, 3, 5, 4))


def torch_dense_of_sequences() -> tuple[str, float]:
    """Steps are normalised, where a dense layer has its outputs last; the next pair is folded."""
    import torch
    from torch import nn

    net = nn.Sequential(nn.Linear(6, 5), nn.BatchNorm1d(4), nn.Flatten(), nn.Linear(20, 7), nn.BatchNorm1d(7))
    return _torch_apart(net, torch.rand(2, 4, 6))


def torch_one_unbatched_image() -> tuple[str, float]:
    """Without a batch the channels come first, and the second axis are the rows."""
    import torch
    from torch import nn

    return _torch_apart(nn.Sequential(nn.Conv2d(3, 4, 2), nn.BatchNorm1d(4)), torch.rand(3, 5, 6))


def torch_frozen() -> dict[str, Any]:
    """The layer is frozen; its folded kernel and new bias are, too."""
    import torch
    from torch import nn

    from torch_impl.techniques.bn_folding import fold

    net = nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(24, 5))
    net[0].requires_grad_(False)
    found = fold(net.eval(), torch.rand(2, 3, 5, 4))
    trained = [name for name, value in found.model.named_parameters() if value.requires_grad]
    return found.facts() | {"trained": trained}


def torch_in_training() -> None:
    """Refused: the moments are the batch's."""
    import torch
    from torch import nn

    from torch_impl.techniques.bn_folding import fold

    fold(nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)), torch.rand(2, 3, 5, 4))


def torch_out_of_reach() -> None:
    """Refused: the batch norm is called by way of a list, where it cannot be exchanged."""
    import torch
    from torch import nn

    from torch_impl.techniques.bn_folding import fold

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.bn = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)
            self.norms = [self.bn]

        def forward(self, x: Any) -> Any:
            return self.norms[0](self.conv(x))

    net = Net().double()
    nn.init.uniform_(net.bn.running_var, 2, 3)
    fold(net.eval(), torch.rand(2, 3, 5, 4, dtype=torch.float64))


def keras_own_activation() -> tuple[str, float]:
    """The convolution has a ReLU of its own."""
    from keras import Sequential, layers

    return _keras_apart(Sequential([layers.Conv2D(4, 3, activation="relu"), layers.BatchNormalization()]))


def keras_other_axis() -> tuple[str, float]:
    """Rows are normalised, and not channels."""
    from keras import Sequential, layers

    return _keras_apart(Sequential([layers.Conv2D(4, 3), layers.BatchNormalization(axis=1)]))


def keras_dense_of_sequences() -> tuple[str, float]:
    """Steps are normalised, where a dense layer has its outputs last; the next pair is folded."""
    from keras import Sequential, layers

    first = (layers.Reshape((5, 12)), layers.Dense(6), layers.BatchNormalization(axis=1))
    return _keras_apart(Sequential([*first, layers.Dense(7), layers.BatchNormalization(name="last")]))


def keras_frozen() -> dict[str, Any]:
    """The layer is frozen; its folded kernel and new bias are, too."""
    import keras
    from keras import layers

    from keras_impl.techniques.bn_folding import fold

    frozen = layers.Conv2D(4, 3, use_bias=False, trainable=False, name="0")
    rest = (layers.BatchNormalization(name="1"), layers.Flatten(), layers.Dense(5, name="3"))
    net = keras.Sequential([frozen, *rest])
    x = keras.ops.ones((2, 5, 4, 3))
    net(x)
    found = fold(net, x)
    trained = [".".join(value.path.split("/")[-2:]) for value in found.model.trainable_variables]
    return found.facts() | {"trained": trained}


def keras_model_in_model() -> tuple[str, float]:
    """A Functional model inside another, with a depthwise convolution; gamma and beta are left out."""
    import keras
    from keras import layers

    inner_in = keras.Input((5, 4, 3))
    inner_out = layers.DepthwiseConv2D(2, depth_multiplier=2, name="depthwise")(inner_in)
    inner_out = layers.BatchNormalization(scale=False, center=False, name="bn")(inner_out)
    inner = keras.Model(inner_in, inner_out, name="inner")
    x = keras.Input((5, 4, 3))
    y = layers.BatchNormalization(name="bn")(layers.Conv2D(3, 1, use_bias=False, name="conv")(inner(x)))
    return _keras_apart(keras.Model(x, layers.Activation("relu")(y)))


def _torch_apart(net: Any, x: Any) -> tuple[str, float]:
    import torch
    from torch import nn

    from torch_impl.graph import tensors
    from torch_impl.techniques.bn_folding import NORMS, fold

    net, x = net.double().eval(), x.double()
    for module in net.modules():
        if isinstance(module, NORMS):
            for tensor in (module.weight, module.bias, module.running_mean, module.running_var):
                nn.init.uniform_(tensor, 0.5, 1.5)
    found = fold(net, x)
    with torch.no_grad():
        pairs = zip(tensors(net(x)), tensors(found.model(x)), strict=True)
    return _said(found), max(float((a - b).abs().max() / a.abs().max()) for a, b in pairs)


def _keras_apart(net: Any) -> tuple[str, float]:
    import numpy as np
    from keras import ops

    from keras_impl.techniques.bn_folding import fold

    generator = np.random.default_rng(3)
    x = ops.convert_to_tensor(generator.uniform(size=(2, 5, 4, 3)))
    net(x)
    for variable in net.variables:
        variable.assign(generator.uniform(0.5, 1.5, variable.shape))
    found = fold(net, x)
    apart = np.abs(ops.convert_to_numpy(net(x)) - ops.convert_to_numpy(found.model(x)))
    return _said(found), float(apart.max() / np.abs(ops.convert_to_numpy(net(x))).max())


def _said(found: Folding) -> str:
    return "; ".join((*found.folded, *found.refused.values()))
