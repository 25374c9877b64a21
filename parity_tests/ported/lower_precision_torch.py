"""Models of which the ports are in mixed precision, or the model itself is in less than float32."""

import torch
from torch import nn


def net() -> nn.Module:
    """In float32."""
    return nn.Sequential(nn.Linear(5, 7), nn.ReLU(), nn.Linear(7, 3), nn.Softmax(-1))


def halved() -> nn.Module:
    """In bfloat16 throughout."""
    return net().to(torch.bfloat16)


def trained() -> tuple[nn.Module, torch.optim.Optimizer, nn.Module]:
    """With its optimizer and loss."""
    model = net()[:-1]
    return model, torch.optim.SGD(model.parameters(), lr=0.1), nn.CrossEntropyLoss()
