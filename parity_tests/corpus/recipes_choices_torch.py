"""Recipes that train the binary classifier and the bag of words, in PyTorch."""

from typing import Any

import torch
import torch.nn.functional as F
from recipes_nets_torch import Binary, Text, entropy, groups
from torch import Tensor, nn, optim
from torch.optim import lr_scheduler


def binary_logits() -> Any:
    """Logits."""
    model = Binary()
    return model, optim.SGD(model.parameters(), lr=0.1, momentum=0.9), nn.BCEWithLogitsLoss()


def binary_sigmoid() -> Any:
    """Probabilities."""
    model = Binary(sigmoid=True)
    return model, optim.SGD(model.parameters(), lr=0.1), nn.BCELoss()


def binary_pos_weight() -> Any:
    """Positives count three times."""
    model = Binary()
    loss = nn.BCEWithLogitsLoss(pos_weight=torch.tensor([3.0], dtype=torch.float64))
    return model, optim.SGD(model.parameters(), lr=0.1), loss


def binary_sum() -> Any:
    """The sum over examples, decoupled decay."""
    model = Binary()
    return (
        model,
        optim.AdamW(model.parameters(), lr=1e-2, weight_decay=0.1),
        nn.BCEWithLogitsLoss(reduction="sum"),
    )


def binary_adamw() -> Any:
    """AdamW with decay of kernels only."""
    model = Binary()
    return model, optim.AdamW(groups(model, 0.1), lr=1e-2), nn.BCEWithLogitsLoss()


def text_sgd() -> Any:
    """Momentum with the global norm clipped."""
    model = Text()
    optimizer = optim.SGD(model.parameters(), lr=0.5, momentum=0.9)
    return {"model": model, "optimizer": optimizer, "loss": entropy(), "clip_norm": 0.1}


def text_plain() -> Any:
    """Momentum."""
    model = Text()
    return model, optim.SGD(model.parameters(), lr=0.5, momentum=0.9), entropy()


def text_adam() -> Any:
    """Adam."""
    model = Text()
    return model, optim.Adam(model.parameters(), lr=1e-2), entropy()


def text_warmup() -> Any:
    """AdamW; the rate rises over four updates and falls linearly to zero at update ten."""
    model = Text()
    optimizer = optim.AdamW(model.parameters(), lr=1e-2, weight_decay=0.01)

    def factor(step: int) -> float:
        return (step + 1) / 4 if step < 4 else (10 - step) / 6

    schedule = lr_scheduler.LambdaLR(optimizer, factor)
    return {"model": model, "optimizer": optimizer, "loss": entropy(), "scheduler": schedule}


def text_frozen() -> Any:
    """Embeddings from elsewhere, not trained."""
    model = Text()
    model.embedding.weight.requires_grad_(False)
    return model, optim.SGD(model.parameters(), lr=0.1), entropy()


def text_kl() -> Any:
    """Distilled from a teacher whose logits are the targets."""
    model = Text()
    kl = nn.KLDivLoss(reduction="batchmean")

    def loss(output: Tensor, target: Tensor) -> Tensor:
        return kl(F.log_softmax(output, 1), F.softmax(target, 1))

    return model, optim.SGD(model.parameters(), lr=0.1), loss


def text_kl_plain() -> Any:
    """Distilled, with the default reduction."""
    model = Text()
    kl = nn.KLDivLoss()

    def loss(output: Tensor, target: Tensor) -> Tensor:
        return kl(F.log_softmax(output, 1), F.softmax(target, 1))

    return model, optim.SGD(model.parameters(), lr=0.5), loss
