"""Published nets as torchvision builds them, with weights as after training; nothing is downloaded."""

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import nn
from torchvision import models

from crosscheck import timing
from crosscheck.cost import LayerCost
from crosscheck.folding import Folding
from crosscheck.layouts import Weights
from torch_impl import adapter
from torch_impl.techniques.bn_folding import NORMS, fold
from torch_impl.techniques.time_complexity import layer_costs

NETS = {"ResNet50": models.resnet50, "MobileNetV2": models.mobilenet_v2}


def published(name: str, dtype: str, seed: int = 0) -> nn.Module:
    """A published net in evaluation mode; kernels and statistics are random, as after training."""
    model = NETS[name](weights=None)
    generator = np.random.default_rng(seed)
    for path, value in model.state_dict().items():
        if value.ndim > 1:
            drawn = generator.normal(0, (2 / value[0].numel()) ** 0.5, value.shape)
        elif value.ndim == 0:  # the number of batches seen
            continue
        elif path.endswith(("running_var", "weight")):
            drawn = generator.uniform(0.5, 1.5, value.shape)
        else:
            drawn = generator.normal(0, 0.3, value.shape)
        value.copy_(adapter.placed(drawn))
    return model.to(adapter.DTYPES[dtype]).eval()


def net(source: tuple[str, ...], dtype: str, weights: Weights) -> nn.Module:
    """A published net by its name, or a technique's case with these weights."""
    return published(*source, dtype) if len(source) == 1 else adapter.model_with(*source, dtype, weights)


def folded(
    source: tuple[str, ...],
    dtype: str,
    weights: Weights,
    x: np.ndarray,
    changes: Mapping[str, float] | None = None,
) -> dict[str, Any]:
    """Fold a net, and say what its output is before and after.

    Args:
        source: see `net`.
        dtype: "float32" or "float64".
        weights: see `net`.
        x: images (B, H, W, C).
        changes: "epsilon": of all batch norms from the start; "mistaken_epsilon": what folding takes it for.
    """
    changes = changes or {}
    images = adapter.tensor(x.astype(dtype))
    model = net(source, dtype, weights).to(images.device)
    _set_epsilon(model, changes.get("epsilon"))
    mistaken = copy.deepcopy(model)
    _set_epsilon(mistaken, changes.get("mistaken_epsilon"))
    folding: Folding = fold(mistaken, images)
    with torch.no_grad():
        before, after = adapter.array(model(images)), adapter.array(folding.model(images))
    return {
        "before": before,
        "after": after,
        "pairs": len(folding.folded),
        "left": sum(isinstance(module, NORMS) for module in folding.model.modules()),
        **folding.facts(),
    }


def speeds(
    sources: list[tuple[tuple[str, ...], Weights, np.ndarray]], rounds: int
) -> dict[str, list[list[float]]]:
    """Seconds that each net takes, as it is and folded, float32; one after the other, round by round."""
    calls = {}
    for source, weights, x in sources:
        images = adapter.tensor(x.astype("float32"))
        model = net(source, "float32", weights).to(images.device)
        pair = (model, fold(model, images).model)
        # `cpu` waits for a device that computes by itself.
        calls[" ".join(source)] = [lambda model=m, images=images: model(images).cpu() for m in pair]
    with torch.inference_mode():
        return {name: timing.alternating(pair, rounds) for name, pair in calls.items()}


def published_costs(name: str, size: int) -> list[LayerCost]:
    """What each layer of a published net costs on an image of a size; nothing is computed."""
    with torch.device("meta"):
        return layer_costs(NETS[name](weights=None).eval(), torch.empty(1, 3, size, size))


def _set_epsilon(model: nn.Module, epsilon: float | None) -> None:
    for module in model.modules():
        if epsilon is not None and isinstance(module, NORMS):
            module.eps = epsilon
