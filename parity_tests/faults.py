"""Faults planted in one side's process, to see that verification catches them and names the check.

Each fault is one that real ports have had. `plant` and `lift` are called over there.
"""

import importlib
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

_lifts: list[Callable[[], None]] = []


def plant(name: str) -> None:
    """Break this process in one way, until `lift`: a fault of this module, or "technique:fault"."""
    technique, _, fault = name.rpartition(":")
    module = importlib.import_module(f"parity_tests.planted.{technique}") if technique else None
    getattr(module, fault)() if module else globals()[fault]()
    _forget_models()


def lift() -> None:
    """Mend what `plant` broke."""
    while _lifts:
        _lifts.pop()()
    _forget_models()


def _forget_models() -> None:
    """A model that was built before must not outlive the change."""
    adapter = sys.modules.get("keras_impl.adapter")
    if adapter is not None:
        adapter.forget()


def patch(module: str, path: str, change: Callable[[Any], Any]) -> None:
    """Replace an attribute, such as "SplitNet.forward", by `change` of it."""
    owner = importlib.import_module(module)
    *parents, attribute = path.split(".")
    for parent in parents:
        owner = getattr(owner, parent)
    original = getattr(owner, attribute)
    _lifts.append(lambda: setattr(owner, attribute, original))
    setattr(owner, attribute, change(original))


def strict() -> None:
    """No fault: from here on a warning in this process is an error, as it is in pytest's own."""
    import warnings

    warnings.simplefilter("error")
    # The tensors of TensorFlow and the variables of Keras say so whenever numpy copies them.
    warnings.filterwarnings("ignore", message="__array__ implementation doesn't accept a copy keyword")
    # Said of any encoder with an odd number of heads, as one of the corpus has.
    warnings.filterwarnings("ignore", message="enable_nested_tensor is True")


def transposed_square_kernel() -> None:
    """The layout table swaps height and width: shapes fit, and weights come back unharmed."""
    from crosscheck.layouts import LAYOUTS

    right = LAYOUTS["conv2d.kernel"]
    _lifts.append(lambda: LAYOUTS.__setitem__("conv2d.kernel", right))
    LAYOUTS["conv2d.kernel"] = replace(right, torch="cout cin kw kh")


def flattened_channels_last() -> None:
    """H, W, C order into the split layer, as Keras flattens by itself."""
    from keras import ops

    flatten = lambda x: ops.reshape(x, (-1, x.shape[1] * x.shape[2] * x.shape[3]))  # noqa: E731
    patch("keras_impl.techniques.split_linear", "flatten_channels_first", lambda _: flatten)


def missing_bias() -> None:
    """The last layer of the PyTorch net has no bias."""
    from torch import nn

    def change(build: Callable[..., None]) -> Callable[..., None]:
        def changed(self: nn.Module, *arguments: Any, **named: Any) -> None:
            build(self, *arguments, **named)
            self.fc3 = nn.Linear(self.fc3.in_features, 10, bias=False)

        return changed

    patch("torch_impl.techniques.split_linear", "SplitNet.__init__", change)


def averaged_gradients() -> None:
    """The gradient of the shared layer is averaged over the parts, as the article has it."""

    def change(build: Callable[..., None]) -> Callable[..., None]:
        def changed(self: Any, *arguments: Any, **named: Any) -> None:
            build(self, *arguments, **named)
            self.weight.register_hook(lambda gradient: gradient / self.splits)

        return changed

    patch("torch_impl.techniques.split_linear", "SplitLinear.__init__", change)


def other_momentum() -> None:
    """Momentum 0.89 instead of 0.9."""
    patch(
        "torch_impl.training",
        "make_optimizer",
        lambda make: lambda optimizer, *rest: make(replace(optimizer, momentum=0.89), *rest),
    )


def unrounded_momentum() -> None:
    """0.9 as PyTorch would take it; Keras has 0.89999998, since it passes it through float32."""

    def change(make: Callable[..., Any]) -> Callable[..., Any]:
        def changed(*arguments: Any) -> Any:
            made = make(*arguments)
            for group in made.param_groups:
                group["momentum"] = 0.9
            return made

        return changed

    patch("torch_impl.training", "make_optimizer", change)


def _changed_output(change: Callable[[Any], Any]) -> None:
    patch(
        "torch_impl.techniques.split_linear",
        "SplitNet.forward",
        lambda forward: lambda self, x: change(forward(self, x)),
    )


def nan_in_one_output() -> None:
    """A single NaN in the output."""
    import torch

    def change(y: torch.Tensor) -> torch.Tensor:
        mask = torch.zeros_like(y)
        mask[0, 3] = float("nan")
        return y + mask

    _changed_output(change)


def swapped_outputs() -> None:
    """Two of the ten outputs change places: no mean, sum or sorted comparison would see it."""
    _changed_output(lambda y: y[:, [1, 0, *range(2, 10)]])


def coarse_arithmetic() -> None:
    """Outputs with ten bits of mantissa, as TF32 keeps; float64 is not touched."""
    import torch

    def change(y: torch.Tensor) -> torch.Tensor:
        if y.dtype is torch.float64:
            return y
        rounded = (y.detach().view(torch.int32) + 0x1000 & ~0x1FFF).view(torch.float32)
        return y + (rounded - y.detach())

    _changed_output(change)


def careless_reshape() -> None:
    """The parts are cut without counting the rows: twice the features become twice the rows."""
    import torch.nn.functional as F

    def careless(x: Any, kernel: Any, bias: Any, splits: int) -> Any:
        parts = x.reshape(-1, splits, kernel.shape[1])
        return F.linear(parts, kernel, bias).reshape(-1, splits * kernel.shape[0])

    module = "torch_impl.techniques.split_linear"
    patch(module, "require_shape", lambda _: lambda x, features: None)
    patch(module, "split_linear", lambda _: careless)


def death() -> None:
    """The process ends as if it had been killed for memory."""
    import os

    print("about to die")
    os._exit(9)


def sleep(seconds: float) -> None:
    """The process hangs."""
    import time

    print("still waiting")
    time.sleep(seconds)


def other_source(url: str, md5: str) -> None:
    """No fault: torchvision gets the archive from a server of the tests."""
    patch("torch_impl.download", "CIFAR10.url", lambda _: url)
    patch("torch_impl.download", "CIFAR10.tgz_md5", lambda _: md5)


def torchvision_scaling(pixels: Any) -> Any:
    """No fault: what the article's transforms make of uint8 images (B, H, W, C)."""
    import numpy as np
    from torchvision import transforms

    scale = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5,) * 3, (0.5,) * 3)])
    return np.stack([scale(image).permute(1, 2, 0).numpy() for image in pixels])
