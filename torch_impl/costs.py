"""Counting and timing nets of stages; called in PyTorch's own process."""

import numpy as np
import torch

from crosscheck import timing
from crosscheck.cost import LayerCost
from torch_impl import adapter
from torch_impl.techniques.time_complexity import StagedNet, layer_costs

Stages = tuple[tuple[int, tuple[int, ...], int, int], ...]


def staged_net_costs(stages: Stages, size: tuple[int, int]) -> list[LayerCost]:
    """The costs of such a net's layers on images of a size; nothing is computed."""
    with torch.device("meta"):
        return layer_costs(StagedNet(3, stages).eval(), torch.empty(1, 3, *size))


def staged_net_seconds(nets: list[Stages], x: np.ndarray, rounds: int) -> list[list[float]]:
    """Seconds that each net takes for the images x (B, H, W, 3), round by round."""
    images = adapter.tensor(x)
    models = [StagedNet(x.shape[-1], stages).to(images.device).eval() for stages in nets]
    with torch.inference_mode():
        # `cpu` waits for a device that computes by itself.
        return timing.alternating([lambda model=model: model(images).cpu() for model in models], rounds)
