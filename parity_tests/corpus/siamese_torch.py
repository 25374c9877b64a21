"""Two inputs through one encoder, two outputs; one variant detaches its target."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Encoder(nn.Module):
    """A vector for an image."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 6, 3, padding=1)
        self.conv2 = nn.Conv2d(6, 10, 3, stride=2)
        self.fc = nn.Linear(10, 7)

    def forward(self, x: Tensor) -> Tensor:
        """Seven numbers."""
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.relu(self.conv2(x))
        return self.fc(F.adaptive_max_pool2d(x, 1).flatten(1))


class Siamese(nn.Module):
    """A score of likeness, and logits of how the two images are related."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = Encoder()
        self.score = nn.Linear(7, 1)
        self.relation = nn.Sequential(nn.Linear(21, 9), nn.Tanh(), nn.Linear(9, 4))

    def forward(self, left: Tensor, right: Tensor) -> tuple[Tensor, Tensor]:
        """(batch, 1) and (batch, 4)."""
        a, b = self.encoder(left), self.encoder(right)
        score = torch.sigmoid(self.score(torch.abs(a - b)))
        return score, self.relation(torch.cat([a, b, a - b], dim=1))


class Retrieval(nn.Module):
    """A query's and a document's tokens; named inputs and outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(20, 8)
        self.query_proj, self.document_proj = nn.Linear(8, 6), nn.Linear(8, 6)
        self.predictor = nn.Linear(6, 6)

    def forward(self, query: Tensor, document: Tensor) -> dict[str, Tensor]:
        """Scores and the target, from which no gradient goes back."""
        q = F.normalize(self.query_proj(self.embedding(query).mean(1)), dim=-1)
        d = F.normalize(self.document_proj(self.embedding(document).amax(1)), dim=-1).detach()
        p = self.predictor(q)
        return {"score": (p * d).sum(-1) / 0.07, "logits": p @ d.T}


def build() -> nn.Module:
    """For two images of 3 x 14 x 18."""
    return Siamese()


def retrieval() -> nn.Module:
    """For 9 and 13 tokens from 0 to 19."""
    return Retrieval()
