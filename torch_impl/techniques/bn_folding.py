"""Batch norm folded into the layer before it, for inference: one pair, or every pair of a model.

Source: article 002. Contract: crosscheck/specs/bn_folding.py
"""

import copy

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized

from crosscheck.folding import NO_STATISTICS, OTHER_AXIS, Folding, Pair, decide
from torch_impl.graph import record, tensors
from torch_impl.layers import flatten_channels_first
from torch_impl.techniques.normalization import BatchNorm

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)


def scale_and_shift(
    gamma: Tensor, beta: Tensor, mean: Tensor, variance: Tensor, epsilon: float
) -> dict[str, Tensor]:
    """What a batch norm does after training: x scale + shift, channel by channel; all shapes (C,)."""
    if not gamma.shape == beta.shape == mean.shape == variance.shape:
        raise ValueError("gamma, beta, mean and variance have one number a channel each")
    # PORT: epsilon is 1e-5 by default in PyTorch and 1e-3 in Keras: it is to be read from the layer. The
    # article's source leaves it out.
    scale = gamma / torch.sqrt(variance + epsilon)
    return {"scale": scale, "shift": beta - mean * scale}


def fold_bias(bias: Tensor | None, scale: Tensor, shift: Tensor) -> Tensor:
    """bias scale + shift; a layer without a bias has one now."""
    return shift if bias is None else bias * scale + shift


def fold_dense(kernel: Tensor, scale: Tensor) -> Tensor:
    """The kernel (out, in) of a dense layer, each output scaled."""
    # PORT: the outputs are the first axis of PyTorch's kernel and the last of Keras', with groups or not.
    return kernel * scale[:, None]


def fold_conv(kernel: Tensor, scale: Tensor) -> Tensor:
    """The kernel (out, in / groups, ...) of a convolution, each output scaled."""
    # PORT: the outputs are the first axis of PyTorch's kernel and the last of Keras', with groups or not.
    return kernel * scale.reshape(-1, *(1,) * (kernel.ndim - 1))


def fold_depthwise(kernel: Tensor, scale: Tensor) -> Tensor:
    """The kernel (in multiplier, 1, ...) of a depthwise convolution, each output scaled."""
    # PORT: PyTorch's depthwise convolution has as many groups as inputs, and its outputs lie along the
    # first axis. Keras' kernel has an axis for the inputs and, last, one for each input's outputs.
    return fold_conv(kernel, scale)


def fold_transposed(kernel: Tensor, scale: Tensor, groups: int) -> Tensor:
    """The kernel (in, out / groups, ...) of a transposed convolution, each output scaled."""
    # PORT: in both the outputs are the axis that a convolution has its inputs on: the second in PyTorch,
    # the last but one in Keras. PyTorch has groups here, whose outputs follow one another; Keras none.
    own = kernel.unflatten(0, (groups, -1))  # (groups, in / groups, out / groups, ...)
    scale = scale.reshape(groups, 1, -1, *(1,) * (kernel.ndim - 2))
    return (own * scale).flatten(0, 1)


class FeatureNorm(nn.BatchNorm1d):
    """Batch norm of features behind a dense layer; what it keeps and how, as in `BatchNorm`.

    Input and output shape: (B, units).

    Args:
        in_features: units.

    Raises:
        ValueError: the input is no batch of features, or has one row in training.
    """

    def __init__(self, in_features: int):
        super().__init__(in_features, eps=1e-5, momentum=0.1)

    def _check_input_dim(self, x: Tensor) -> None:
        # PORT: PyTorch's layer takes (B, units, length) as well; here both take a batch of features only.
        if x.ndim != 2:
            raise ValueError(f"expected (batch, {self.num_features}), got {tuple(x.shape)}")


class FoldableNet(nn.Module):
    """A layer of each kind with a batch norm just behind it, which can all be folded.

    Input shape: (B, channels, H, W). Output shape: (B, 10).

    Args:
        in_shape: (channels, H, W).
        channels: of the grouped convolution.
        multiplier: outputs of the depthwise convolution for each of its inputs.
        up: channels of the transposed convolution.
        units: of the dense layer.
    """

    def __init__(self, in_shape: tuple[int, int, int], channels: int, multiplier: int, up: int, units: int):
        super().__init__()
        inputs, height, width = in_shape
        self.conv = nn.Conv2d(inputs, channels, (3, 2), groups=2, bias=False)
        self.bn1 = BatchNorm(channels)
        self.depthwise = nn.Conv2d(channels, channels * multiplier, 3, groups=channels)
        self.bn2 = BatchNorm(channels * multiplier)
        self.up = nn.ConvTranspose2d(channels * multiplier, up, (3, 2), stride=2)
        self.bn3 = BatchNorm(up)
        features = up * ((height - 4) * 2 + 1) * (width - 3) * 2
        self.fc1 = nn.Linear(features, units)
        self.bn4 = FeatureNorm(units)
        self.fc2 = nn.Linear(units, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.bn1(self.conv(x)))  # (B, channels, H-2, W-1)
        x = F.relu(self.bn2(self.depthwise(x)))  # (B, channels multiplier, H-4, W-3)
        x = F.relu(self.bn3(self.up(x)))  # (B, up, 2 (H-4) + 1, 2 (W-3))
        x = F.relu(self.bn4(self.fc1(flatten_channels_first(x))))  # (B, units)
        return self.fc2(x)  # (B, 10)


class RefusingNet(nn.Module):
    """Batch norms that cannot be folded, each for a reason of its own.

    Input shape: (B, channels, H, W). Output shape: (B, channels, H, W).

    Args:
        in_channels: of the input and of everything else.
    """

    def __init__(self, in_channels: int):
        super().__init__()
        self.first, self.after, self.beside, self.once, self.again, self.shared = (
            BatchNorm(in_channels) for _ in range(6)
        )
        self.conv1, self.conv2, self.conv3, self.conv4 = (
            nn.Conv2d(in_channels, in_channels, 3, padding=1) for _ in range(4)
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        x = self.after(F.relu(self.conv1(x)))
        y = self.conv2(x)
        x = self.beside(y) + y
        again = self.again(self.conv3(F.relu(x)))
        x = self.once(self.conv3(x)) + again
        return self.shared(self.conv4(self.shared(x)))


def fold(model: nn.Module, x: Tensor) -> Folding:
    """A copy of a model with every batch norm folded that can be; the model is left as it is.

    It is for inference only, since training it is not training the model. What is frozen stays frozen.

    Args:
        model: any module, in evaluation mode.
        x: an input; it is recorded what the model does with it, and the copy must do the same.

    Raises:
        ValueError: the model is in training mode.
        RuntimeError: the copy computes something else, since the model reaches its batch norms in a way
            that cannot be changed.
    """
    # PORT: the mode is a state of PyTorch's module and can be wrong; in Keras it is an argument of the
    # call, and what is folded is the model as it is called for inference.
    if any(module.training for module in model.modules()):
        raise ValueError("a batch norm can be folded for inference only: call model.eval() first")
    norms = [path for path, module in model.named_modules() if isinstance(module, NORMS)]
    kinds = {id(module): _kind(module) for module in model.modules()}
    found = record(model, x, whole=lambda module: bool(kinds[id(module)]))
    pairs, refused = decide(found, norms, lambda step: kinds.get(id(step.called), ""), _obstacle)
    # PORT: PyTorch has `torch.nn.utils.fusion.fuse_conv_bn_eval` and `fuse_linear_bn_eval` for two layers
    # whose pairing is known; Keras has nothing of the kind.
    # PORT: PyTorch's modules are code, which stays as it is: its batch norms become identities. A Keras
    # model is built anew, as a Functional one, without them.
    folded = copy.deepcopy(model)
    for pair in pairs.values():
        norm = folded.get_submodule(pair.norm.path)
        _fold_pair(folded.get_submodule(pair.layer.path), norm)
        for module in folded.modules():
            for name, child in module.named_children():
                if child is norm:
                    setattr(module, name, nn.Identity())
    require_same(model, folded, x)
    before, after = (sum(p.numel() for p in m.parameters()) for m in (model, folded))
    return Folding(folded, {path: p.layer.path for path, p in pairs.items()}, refused, before, after)


def fold_and_compare(model: nn.Module, x: Tensor) -> dict[str, Tensor | str | int]:
    """The output before and after, how far they agree (1: altogether), and what became of each batch norm."""
    folding = fold(model, x)
    with torch.no_grad():
        before, after = model(x), folding.model(x)
    agreement = 1 - (after - before).abs().max() / before.abs().max()
    return {"before": before, "after": after, "agreement": agreement, **folding.facts()}


def require_same(model: nn.Module, folded: nn.Module, x: Tensor) -> None:
    """Refuse a folded model that computes something else than the model."""
    with torch.no_grad():
        pairs = zip(tensors(model(x)), tensors(folded(x)), strict=True)
    for expected, found in pairs:
        apart, size = (found - expected).abs().max().item(), expected.abs().max().item()
        if not apart <= torch.finfo(expected.dtype).eps ** 0.5 * size:
            raise RuntimeError(f"the folded model's output differs by {apart:.1e} of {size:.1e}")


def _kind(module: nn.Module) -> str:
    """What a module is to folding; one with code, hooks or parametrisations of its own is nothing to it."""
    if module._forward_hooks or module._forward_pre_hooks or is_parametrized(module):
        return ""
    for kind, classes in (("layer", (*CONVOLUTIONS, *TRANSPOSED, nn.Linear)), ("norm", NORMS)):
        if any(isinstance(module, c) and type(module).forward is c.forward for c in classes):
            return kind
    return ""


def _obstacle(pair: Pair) -> str:
    # PORT: layers of Keras may have an activation of their own, which stands between; PyTorch's have none.
    # Keras' batch norm may normalise any axis; PyTorch's the second, wherever the layer's outputs are.
    if pair.layer.results.ndim - 1 - len(getattr(pair.layer.called, "kernel_size", ())) != 1:
        return OTHER_AXIS
    return NO_STATISTICS if pair.norm.called.running_mean is None else ""


def _fold_pair(layer: nn.Module, norm: nn.Module) -> None:
    mean, variance = norm.running_mean, norm.running_var
    gamma = torch.ones_like(mean) if norm.weight is None else norm.weight
    beta = torch.zeros_like(mean) if norm.bias is None else norm.bias
    factors = scale_and_shift(gamma, beta, mean, variance, norm.eps)
    with torch.no_grad():
        kernel = _folded_kernel(layer, factors["scale"])
        bias = fold_bias(layer.bias, **factors)
    trained = layer.weight.requires_grad, (layer.weight if layer.bias is None else layer.bias).requires_grad
    layer.weight, layer.bias = nn.Parameter(kernel, trained[0]), nn.Parameter(bias, trained[1])


def _folded_kernel(layer: nn.Module, scale: Tensor) -> Tensor:
    if isinstance(layer, TRANSPOSED):
        return fold_transposed(layer.weight, scale, layer.groups)
    if isinstance(layer, nn.Linear):
        return fold_dense(layer.weight, scale)
    depthwise = layer.groups > 1 and layer.groups == layer.in_channels
    return (fold_depthwise if depthwise else fold_conv)(layer.weight, scale)
