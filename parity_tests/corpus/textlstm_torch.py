"""Bidirectional LSTMs over tokens: a classifier by final states, and a tagger with its last output."""

import torch
from torch import Tensor, nn


class TextClassifier(nn.Module):
    """Two layers; the final states of the last layer's two directions are used."""

    def __init__(self, padding_idx: int | None = None) -> None:
        super().__init__()
        self.embedding = nn.Embedding(30, 7, padding_idx=padding_idx)
        self.lstm = nn.LSTM(7, 5, num_layers=2, bidirectional=True, batch_first=True, dropout=0.3)
        self.dropout = nn.Dropout(0.5)
        self.fc = nn.Linear(10, 4)

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits."""
        _, (hidden, _) = self.lstm(self.embedding(tokens))
        return self.fc(self.dropout(torch.cat([hidden[-2], hidden[-1]], dim=1)))


class Tagger(nn.Module):
    """One layer; a tag for each token, and a class from what the last token has in both directions."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(24, 6)
        self.rnn = nn.LSTM(6, 8, bidirectional=True, batch_first=True)
        self.tags = nn.Linear(16, 5)
        self.label = nn.Linear(16, 3)

    def forward(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of tags and of the class."""
        output, _ = self.rnn(self.embed(tokens))
        return self.tags(output), self.label(torch.relu(output[:, -1, :]))


def build() -> nn.Module:
    """For tokens from 0 to 29."""
    return TextClassifier()


def padded() -> nn.Module:
    """The vector of token 0 is given no gradient."""
    return TextClassifier(padding_idx=0)


def tagger() -> nn.Module:
    """For tokens from 0 to 23."""
    return Tagger()
