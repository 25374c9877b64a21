"""Originals, in PyTorch, whose mistaken ports were once called equal."""

import torch
from torch import Tensor, nn


class Masked(nn.Module):
    """Scores of pairs of positions, (B, T, T); later positions are hidden, and nearer ones preferred.

    Args:
        hidden: the score of what is hidden.
    """

    def __init__(self, hidden: float) -> None:
        super().__init__()
        self.query, self.key = nn.Linear(6, 4), nn.Linear(6, 4)
        self.hidden = hidden

    def forward(self, x: Tensor) -> Tensor:
        scores = self.query(x) @ self.key(x).transpose(1, 2)
        places = torch.arange(x.shape[1])
        scores = scores - 0.5 * (places[:, None] - places[None, :]).abs()
        return scores.masked_fill(places[None, :] > places[:, None], self.hidden)


class Pairs(nn.Module):
    """Scores of pairs of positions, (B, T, T)."""

    def __init__(self) -> None:
        super().__init__()
        self.query, self.key = nn.Linear(6, 4), nn.Linear(6, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.query(x) @ self.key(x).transpose(1, 2)


class Rectified(nn.GRU):
    """A GRU that does more than PyTorch's."""

    def forward(self, x: Tensor, begin: Tensor | None = None) -> tuple[Tensor, Tensor]:
        sequence, last = super().forward(x, begin)
        return torch.relu(sequence), last


class Sequence(nn.Module):
    """The sequence of a GRU, without its last state."""

    def __init__(self, gru: nn.GRU) -> None:
        super().__init__()
        self.gru = gru

    def forward(self, x: Tensor) -> Tensor:
        return self.gru(x)[0]


class Positions(nn.Module):
    """A dense layer, and positions that are learned."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = nn.Linear(6, 4)
        self.positions = nn.Parameter(torch.zeros(5, 4))

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(self.dense(x) + self.positions)


def masked_inf() -> nn.Module:
    """What is hidden is minus infinity."""
    return Masked(float("-inf"))


def masked_large() -> nn.Module:
    """What is hidden is -1e9."""
    return Masked(-1e9)


def pairs() -> nn.Module:
    """Pairs."""
    return Pairs()


def rectified() -> nn.Module:
    """Rectified."""
    return Sequence(Rectified(6, 4, batch_first=True))


def positions() -> nn.Module:
    """Positions."""
    return Positions()


def dense() -> nn.Module:
    """Two dense layers."""
    return nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 3))


def diverging() -> tuple[nn.Module, torch.optim.Optimizer, nn.Module]:
    """Trained at a rate that no weights survive."""
    model = dense()
    return model, torch.optim.SGD(model.parameters(), lr=1e200), nn.MSELoss()


class Twice(nn.Module):
    """One encoder with a batch norm, called on two inputs."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3))

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return self.encoder(x) - self.encoder(y)


class Bytes(nn.Module):
    """A convolution on pixels as bytes."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 5, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x.to(self.conv.weight.dtype) / 255)


class Weighted(nn.Module):
    """The mean of embedded tokens that are not 0."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.last = nn.Embedding(12, 6), nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        mask = (x != 0).to(self.last.weight.dtype)[..., None]
        return self.last((self.embedding(x) * mask).sum(1) / mask.sum(1))


def twice() -> nn.Module:
    """Twice."""
    return Twice()


def twice_trained() -> tuple[nn.Module, torch.optim.Optimizer, nn.Module]:
    """Twice, with what trains it."""
    model = Twice()
    return model, torch.optim.SGD(model.parameters(), lr=0.1), nn.MSELoss()


def of_bytes() -> nn.Module:
    """Bytes."""
    return Bytes()


def weighted() -> nn.Module:
    """Weighted."""
    return Weighted()


class Tied(nn.Module):
    """Two embeddings of one table."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.other = nn.Embedding(12, 6), nn.Embedding(12, 6)
        self.other.weight = self.one.weight
        self.last = nn.Linear(6, 3)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return self.last(self.one(x).mean(1) - self.other(y).mean(1))


def tied() -> nn.Module:
    """Tied."""
    return Tied()


class Heads(nn.Module):
    """Queries, head by head: (B, H, T, D), with as many heads as images."""

    def __init__(self) -> None:
        super().__init__()
        self.query = nn.Linear(6, 8)

    def forward(self, x: Tensor) -> Tensor:
        return self.query(x).view(*x.shape[:2], 2, 4).transpose(1, 2)


def heads() -> nn.Module:
    """Heads."""
    return Heads()
