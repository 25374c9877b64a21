"""What trains the originals, in PyTorch: each function returns a model with its optimizer and loss."""

from collections.abc import Callable
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn, optim
from torch.optim.lr_scheduler import LRScheduler, StepLR


class Net(nn.Module):
    """Two dense layers."""

    def __init__(self, outputs: int = 5) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(6, 8), nn.Linear(8, outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(F.dropout(F.relu(self.first(x)), 0.3, self.training))


class Images(nn.Module):
    """A convolution with batch norm, dropout and a dense layer behind a flattened map."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4)
        self.drop, self.last = nn.Dropout(0.5), nn.Linear(4 * 6 * 5, 5)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.drop(F.relu(self.norm(self.conv(x)))).flatten(1))


def groups(model: nn.Module, decay: float) -> list[dict[str, Any]]:
    """Kernels, which are decayed, and all others."""
    kernels = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim == 1]
    return [{"params": kernels, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}]


def trained(
    optimizer: Callable[[nn.Module], optim.Optimizer],
    loss: Callable[..., Tensor] | None = None,
    model: nn.Module | None = None,
    schedule: Callable[[optim.Optimizer], LRScheduler] | None = None,
    **clipping: float,
) -> dict[str, Any]:
    """Everything as `crosscheck compare` takes it."""
    model = model or Net()
    made = optimizer(model)
    found = {"model": model, "optimizer": made, "loss": loss or nn.CrossEntropyLoss(), **clipping}
    return found | ({"scheduler": schedule(made)} if schedule else {})


def sgd() -> tuple[nn.Module, optim.Optimizer, nn.Module]:
    """SGD with momentum, as a tuple."""
    model = Net()
    return model, optim.SGD(model.parameters(), 0.1, momentum=0.9), nn.CrossEntropyLoss()


def images() -> dict[str, Any]:
    """Nesterov momentum, with batch norm and dropout in the model."""
    return trained(lambda m: optim.SGD(m.parameters(), 0.1, momentum=0.9, nesterov=True), model=Images())


def pictures() -> dict[str, Any]:
    """The bias before the batch norm has a gradient of nothing but rounding, which Adam makes much of."""
    return trained(lambda m: optim.Adam(m.parameters(), 0.01, eps=1e-12), model=Images())


def adam() -> dict[str, Any]:
    """Adam with an epsilon too small to be seen."""
    return trained(lambda m: optim.Adam(m.parameters(), 0.01, eps=1e-12))


def careful() -> dict[str, Any]:
    """Adam with an epsilon that is seen."""
    return trained(lambda m: optim.Adam(m.parameters(), 0.01, eps=1e-3))


def adamw() -> dict[str, Any]:
    """Decoupled weight decay of kernels."""
    return trained(lambda m: optim.AdamW(groups(m, 0.05), 0.01, eps=1e-12))


def coupled() -> dict[str, Any]:
    """Weight decay in Adam's gradient."""
    return trained(lambda m: optim.Adam(m.parameters(), 0.01, eps=1e-12, weight_decay=0.05))


def penalty() -> dict[str, Any]:
    """Weight decay of kernels in the gradient."""
    return trained(lambda m: optim.SGD(groups(m, 0.02), 0.1, momentum=0.9))


def steps() -> dict[str, Any]:
    """A rate that halves every two steps."""
    return trained(lambda m: optim.SGD(m.parameters(), 0.1), schedule=lambda o: StepLR(o, 2, 0.5))


def scheduled() -> dict[str, Any]:
    """The same with momentum."""
    return trained(
        lambda m: optim.SGD(m.parameters(), 0.1, momentum=0.9), schedule=lambda o: StepLR(o, 2, 0.5)
    )


def clipped() -> dict[str, Any]:
    """All gradients cut to a common norm."""
    return trained(lambda m: optim.SGD(m.parameters(), 0.1, momentum=0.9), clip_norm=0.5)


def cut() -> dict[str, Any]:
    """Each element cut, and weight decay added behind."""
    return trained(lambda m: optim.SGD(groups(m, 0.02), 0.1), clip_value=0.01)


def smoothing() -> dict[str, Any]:
    """Labels smoothed in a function of the user's own."""
    return trained(
        lambda m: optim.SGD(m.parameters(), 0.1), lambda x, y: F.cross_entropy(x, y, label_smoothing=0.1)
    )


def binary() -> dict[str, Any]:
    """A binary choice from logits."""
    return trained(lambda m: optim.SGD(m.parameters(), 0.1), nn.BCEWithLogitsLoss(), Net(1))


def squared() -> dict[str, Any]:
    """Squared errors, and RMSprop with an epsilon too small to be seen."""
    return trained(lambda m: optim.RMSprop(m.parameters(), 0.01, eps=1e-12), nn.MSELoss(), Net(1))


def huber() -> dict[str, Any]:
    """Huber's loss, and Adagrad."""
    return trained(
        lambda m: optim.Adagrad(m.parameters(), 0.1, initial_accumulator_value=0.1, eps=1e-12),
        nn.HuberLoss(delta=0.5),
        Net(1),
    )


class Maps(nn.Module):
    """An embedding and a convolution, which gives a map of classes, and another of numbers."""

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.table, self.conv = nn.Embedding(7, 3), nn.Conv2d(3, outputs, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(self.table(x).permute(0, 3, 1, 2))


def classes() -> dict[str, Any]:
    """A class for each place of a map."""
    return trained(lambda m: optim.SGD(m.parameters(), 0.5, momentum=0.9), model=Maps(5))


def tokens() -> dict[str, Any]:
    """Some tokens are there more than once."""
    return trained(lambda m: optim.Adam(m.parameters(), 0.01, eps=1e-12), model=Maps(5))


def snipped() -> dict[str, Any]:
    """Gradients of an embedding cut to a common norm."""
    return trained(lambda m: optim.SGD(m.parameters(), 0.5), model=Maps(5), clip_norm=0.2)


def maps() -> dict[str, Any]:
    """Absolute errors of maps of numbers."""
    return trained(lambda m: optim.SGD(m.parameters(), 0.5), nn.L1Loss(), Maps(2))


class Sequence(nn.Module):
    """An LSTM, which has two biases where Keras has one."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn, self.last = nn.LSTM(3, 4, batch_first=True), nn.Linear(4, 5)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.rnn(x)[0][:, -1])


def recurrent() -> dict[str, Any]:
    """An LSTM, with SGD."""
    return trained(lambda m: optim.SGD(m.parameters(), 0.1, momentum=0.9), model=Sequence())


def nadam() -> dict[str, Any]:
    """Nadam with the momentum of Keras'."""
    return trained(lambda m: optim.NAdam(m.parameters(), 0.01, momentum_decay=1.0))


def other() -> dict[str, Any]:
    """An optimizer with a maximum."""
    return trained(lambda m: optim.Adamax(m.parameters(), 0.01, eps=1e-12))


def lasso() -> dict[str, Any]:
    """A penalty of absolute values and of squares in the loss itself."""
    model = Net(1)

    def loss(output: Tensor, target: Tensor) -> Tensor:
        pulled = sum(p.abs().sum() + 3 * p.square().sum() for p in model.parameters() if p.ndim > 1)
        return F.mse_loss(output, target) + 0.01 * pulled

    return trained(lambda m: optim.SGD(m.parameters(), 0.1), loss, model)


def apart() -> dict[str, Any]:
    """A learning rate and a momentum for each layer."""

    def groups(model: nn.Module) -> list[dict[str, Any]]:
        return [
            {"params": model.first.parameters(), "lr": 0.01, "momentum": 0.5},
            {"params": model.last.parameters()},
        ]

    return trained(lambda m: optim.SGD(groups(m), 0.1, momentum=0.9))


def misplaced() -> Any:
    """A limit where a schedule is expected."""
    return (*sgd(), 0.5)


def untrained() -> nn.Module:
    """A model alone."""
    return Net()
