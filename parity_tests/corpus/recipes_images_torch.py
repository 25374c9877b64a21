"""Recipes that train the classifier of images, in PyTorch."""

from typing import Any

import torch
import torch.nn.functional as F
from recipes_nets_torch import ConvNet, Lion, entropy, groups
from torch import Tensor, nn, optim
from torch.optim import lr_scheduler


def cnn_sgd() -> Any:
    """Plain SGD."""
    model = ConvNet()
    return model, optim.SGD(model.parameters(), lr=0.05), entropy()


def cnn_momentum() -> Any:
    """Momentum."""
    model = ConvNet()
    return model, optim.SGD(model.parameters(), lr=0.05, momentum=0.9), entropy()


def cnn_dampened() -> Any:
    """Momentum with dampening."""
    model = ConvNet()
    return model, optim.SGD(model.parameters(), lr=0.05, momentum=0.9, dampening=0.9), entropy()


def cnn_nesterov() -> Any:
    """Nesterov momentum, with weight decay of everything."""
    model = ConvNet()
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=5e-3)
    return model, optimizer, entropy()


def cnn_kernels() -> Any:
    """Momentum, decay of kernels only."""
    model = ConvNet()
    return model, optim.SGD(groups(model, 1e-2), lr=0.05, momentum=0.9), entropy()


def cnn_adamw() -> Any:
    """AdamW with decay of kernels only."""
    model = ConvNet()
    return model, optim.AdamW(groups(model, 0.05), lr=3e-3), entropy()


def cnn_adam() -> Any:
    """Adam with the betas of GANs."""
    model = ConvNet()
    return model, optim.Adam(model.parameters(), lr=2e-3, betas=(0.5, 0.999)), entropy()


def cnn_amsgrad() -> Any:
    """Adam with AMSGrad; a short memory, so that second moments fall."""
    model = ConvNet()
    return model, optim.Adam(model.parameters(), lr=2e-2, betas=(0.9, 0.95), amsgrad=True), entropy()


def cnn_steps() -> Any:
    """Plain SGD, the rate divided by 10 at updates 2 and 4."""
    model = ConvNet()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    schedule = lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.1)
    return {"model": model, "optimizer": optimizer, "loss": entropy(), "scheduler": schedule}


def cnn_milestones() -> Any:
    """Momentum, the rate divided by 10 at update 3."""
    model = ConvNet()
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    schedule = lr_scheduler.MultiStepLR(optimizer, milestones=[3], gamma=0.1)
    return {"model": model, "optimizer": optimizer, "loss": entropy(), "scheduler": schedule}


def cnn_cosine() -> Any:
    """Plain SGD, half a cosine from 0.1 to 0.01."""
    model = ConvNet()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    schedule = lr_scheduler.CosineAnnealingLR(optimizer, T_max=6, eta_min=0.01)
    return {"model": model, "optimizer": optimizer, "loss": entropy(), "scheduler": schedule}


def cnn_onecycle() -> Any:
    """One cycle with constant momentum of zero."""
    model = ConvNet()
    optimizer = optim.SGD(model.parameters(), lr=0.01)
    schedule = lr_scheduler.OneCycleLR(optimizer, max_lr=0.2, total_steps=10, cycle_momentum=False)
    return {"model": model, "optimizer": optimizer, "loss": entropy(), "scheduler": schedule}


def cnn_onecycle_momentum() -> Any:
    """One cycle, where by default momentum falls while the rate rises."""
    model = ConvNet()
    optimizer = optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    schedule = lr_scheduler.OneCycleLR(optimizer, max_lr=0.2, total_steps=10)
    return {"model": model, "optimizer": optimizer, "loss": entropy(), "scheduler": schedule}


def cnn_clipped() -> Any:
    """Momentum with the global norm clipped."""
    model = ConvNet()
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    return {"model": model, "optimizer": optimizer, "loss": entropy(), "clip_norm": 0.25}


def cnn_smoothed() -> Any:
    """Smoothed labels."""
    model = ConvNet()
    return model, optim.SGD(model.parameters(), lr=0.05), nn.CrossEntropyLoss(label_smoothing=0.1)


def cnn_weighted() -> Any:
    """Weighted classes."""
    model = ConvNet()
    weight = torch.tensor([1.0, 2.0, 0.5, 1.0, 3.0, 1.5, 0.25], dtype=torch.float64)
    loss = nn.CrossEntropyLoss(weight=weight)
    return model, optim.SGD(model.parameters(), lr=0.05), loss


def cnn_sum() -> Any:
    """The sum of losses."""
    model = ConvNet()
    return model, optim.SGD(model.parameters(), lr=0.01), nn.CrossEntropyLoss(reduction="sum")


def cnn_nll() -> Any:
    """Probabilities, and the negative logarithm of the right one."""
    model = nn.Sequential(ConvNet(), nn.Softmax(dim=1))

    def loss(output: Tensor, target: Tensor) -> Tensor:
        return F.nll_loss(torch.log(output), target)

    return model, optim.SGD(model.parameters(), lr=0.05), loss


def cnn_logits_of_softmax() -> Any:
    """Probabilities given to a loss that takes logits, as many nets are trained."""
    model = nn.Sequential(ConvNet(), nn.Softmax(dim=1))
    return model, optim.SGD(model.parameters(), lr=0.05), entropy()


def cnn_finetuned() -> Any:
    """The first convolution and its norm are left as they are."""
    model = ConvNet()
    for p in (*model.conv1.parameters(), *model.bn1.parameters()):
        p.requires_grad = False
    trained = (p for p in model.parameters() if p.requires_grad)
    return model, optim.SGD(trained, lr=0.05, momentum=0.9), entropy()


def cnn_two_rates() -> Any:
    """The head learns ten times faster than the body."""
    model = ConvNet()
    body = [p for name, p in model.named_parameters() if not name.startswith("fc")]
    optimizer = optim.SGD([{"params": body, "lr": 0.01}, {"params": model.fc.parameters()}], lr=0.1)
    return model, optimizer, entropy()


def cnn_lion() -> Any:
    """Lion with decay."""
    model = ConvNet()
    return model, Lion(model.parameters(), lr=1e-3, weight_decay=0.1), entropy()
