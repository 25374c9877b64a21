"""What a model makes of a batch of no images: a worker gets one that has no part of a small last batch."""

import torch

from crosscheck.technique import technique
from torch_impl import adapter


def trained(technique_name: str, case_name: str) -> tuple[tuple[int, ...], bool]:
    """The shape of PyTorch's output for no images, and whether every parameter gets a gradient of zeros."""
    case = technique(technique_name).model(case_name)
    model = adapter.build(technique_name, case, "float64")
    output = model(torch.zeros(0, case.input_shape[-1], *case.input_shape[1:-1], dtype=torch.float64))
    output.sum().backward()
    zeros = all(p.grad is not None and not p.grad.any() for p in model.parameters() if p.requires_grad)
    return tuple(output.shape), zeros
