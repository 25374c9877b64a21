"""Four tiny models, and what several recipes share, in PyTorch."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn, optim


class ConvNet(nn.Module):
    """A classifier of images of 3 x 12 x 10 into 7 classes."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 6, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(6)
        self.conv2 = nn.Conv2d(6, 10, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(10)
        self.fc = nn.Linear(10, 7)

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 2)
        x = F.relu(self.bn2(self.conv2(x)))
        return self.fc(x.mean((2, 3)))


class Regressor(nn.Module):
    """Eleven features to two numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden1 = nn.Linear(11, 13)
        self.hidden2 = nn.Linear(13, 9)
        self.out = nn.Linear(9, 2)

    def forward(self, x: Tensor) -> Tensor:
        """Without an activation at the end."""
        return self.out(F.relu(self.hidden2(torch.tanh(self.hidden1(x)))))


class Binary(nn.Module):
    """Nine features to a logit, or to a probability."""

    def __init__(self, sigmoid: bool = False) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(9, 12), nn.LayerNorm(12), nn.ELU(), nn.Linear(12, 1))
        self.last = nn.Sigmoid() if sigmoid else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """N x 1."""
        return self.last(self.body(x))


class Text(nn.Module):
    """A bag of words: the mean of embeddings, and two dense layers."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(23, 8)
        self.fc1 = nn.Linear(8, 12)
        self.fc2 = nn.Linear(12, 5)

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        return self.fc2(F.relu(self.fc1(self.embedding(x).mean(1))))


class RMSpropTF(optim.Optimizer):
    """RMSprop with epsilon under the root and the rate inside the momentum, as in timm."""

    def __init__(
        self,
        params: Iterable[Any],
        lr: float,
        alpha: float = 0.9,
        eps: float = 1e-7,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
    ) -> None:
        defaults = {"lr": lr, "alpha": alpha, "eps": eps, "momentum": momentum, "weight_decay": weight_decay}
        super().__init__(params, defaults)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:
        """One update."""
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if not state:
                    state["square_avg"], state["buffer"] = torch.zeros_like(p), torch.zeros_like(p)
                grad = p.grad + group["weight_decay"] * p
                state["square_avg"].mul_(group["alpha"]).addcmul_(grad, grad, value=1 - group["alpha"])
                update = group["lr"] * grad / (state["square_avg"] + group["eps"]).sqrt()
                p.sub_(state["buffer"].mul_(group["momentum"]).add_(update))


class Textbook(optim.Optimizer):
    """Gradient descent, written down as in a textbook."""

    def __init__(self, params: Iterable[Any], lr: float) -> None:
        super().__init__(params, {"lr": lr})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:
        """One update."""
        for group in self.param_groups:
            for p in group["params"]:
                p -= group["lr"] * p.grad


class Lion(optim.Optimizer):
    """Lion, as in lion-pytorch."""

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-4,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:
        """One update."""
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                m = self.state[p].setdefault("exp_avg", torch.zeros_like(p))
                p.mul_(1 - group["lr"] * group["weight_decay"])
                p.add_((m * beta1 + p.grad * (1 - beta1)).sign_(), alpha=-group["lr"])
                m.mul_(beta2).add_(p.grad, alpha=1 - beta2)


def groups(model: nn.Module, decay: float) -> list[dict[str, Any]]:
    """Biases and norms are not decayed."""
    kernels = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim <= 1]
    return [{"params": kernels, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}]


def entropy() -> Any:
    """Cross entropy of logits."""
    return nn.CrossEntropyLoss()
