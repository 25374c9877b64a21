"""Recommenders: neural collaborative filtering with biases, and DeepFM over several fields."""

import torch
from torch import Tensor, nn


class NeuMF(nn.Module):
    """A product of embeddings, dense layers over others, biases of users and items; a rating of 0.5 to 5."""

    def __init__(self, users: int = 15, items: int = 21) -> None:
        super().__init__()
        self.user_mf, self.item_mf = nn.Embedding(users, 8), nn.Embedding(items, 8)
        self.user_mlp, self.item_mlp = nn.Embedding(users, 8), nn.Embedding(items, 8)
        self.user_bias, self.item_bias = nn.Embedding(users, 1), nn.Embedding(items, 1)
        self.mlp = nn.Sequential(
            nn.Linear(16, 11), nn.ReLU(), nn.Dropout(0.2), nn.Linear(11, 6), nn.ReLU(), nn.Dropout(0.2)
        )
        self.predict = nn.Linear(14, 1)

    def forward(self, user: Tensor, item: Tensor) -> Tensor:
        """Ratings."""
        product = self.user_mf(user) * self.item_mf(item)
        deep = self.mlp(torch.cat([self.user_mlp(user), self.item_mlp(item)], dim=-1))
        logit = self.predict(torch.cat([product, deep], dim=-1)).squeeze(-1)
        logit = logit + self.user_bias(user).squeeze(-1) + self.item_bias(item).squeeze(-1)
        return torch.sigmoid(logit) * (5.0 - 0.5) + 0.5


class DeepFM(nn.Module):
    """A factorization machine and dense layers over one table for all fields."""

    def __init__(self, fields: tuple[int, ...] = (7, 9, 8, 11), dim: int = 5) -> None:
        super().__init__()
        self.register_buffer("offsets", torch.tensor([0, *fields[:-1]]).cumsum(0))
        self.embedding = nn.Embedding(sum(fields), dim)
        self.linear = nn.Embedding(sum(fields), 1)
        self.bias = nn.Parameter(torch.zeros(1))
        self.mlp = nn.Sequential(
            nn.Linear(len(fields) * dim, 13),
            nn.BatchNorm1d(13),
            nn.ReLU(),
            nn.Dropout(0.2),
            nn.Linear(13, 6),
            nn.BatchNorm1d(6),
            nn.ReLU(),
            nn.Dropout(0.2),
            nn.Linear(6, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Probabilities of a click."""
        x = x + self.offsets
        e = self.embedding(x)
        square_of_sum, sum_of_square = e.sum(dim=1) ** 2, (e**2).sum(dim=1)
        fm = 0.5 * (square_of_sum - sum_of_square).sum(dim=1, keepdim=True)
        y = self.linear(x).sum(dim=1) + self.bias + fm + self.mlp(e.flatten(1))
        return torch.sigmoid(y.squeeze(1))


def neumf() -> nn.Module:
    """15 users, 21 items."""
    return NeuMF()


def deepfm() -> nn.Module:
    """Four fields."""
    return DeepFM()
