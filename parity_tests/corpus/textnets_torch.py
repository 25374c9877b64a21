"""Text classifiers: two bidirectional LSTM layers with a maximum over time, and a CNN of characters."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class BiLSTM(nn.Module):
    """The maximum over time of each feature, then two dense layers."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(23, 10)
        self.lstm = nn.LSTM(10, 8, num_layers=2, bidirectional=True, batch_first=True, dropout=0.3)
        self.fc1 = nn.Linear(16, 6)
        self.dropout = nn.Dropout(0.2)
        self.fc2 = nn.Linear(6, 4)

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits."""
        x, _ = self.lstm(self.embed(tokens))
        x, _ = torch.max(x, dim=1)
        return self.fc2(self.dropout(F.relu(self.fc1(x))))


class CharCNN(nn.Module):
    """Convolutions of several widths over characters, as by Kim, then a highway layer."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(29, 6)
        self.convs = nn.ModuleList(nn.Conv1d(6, n, k) for n, k in ((7, 2), (5, 3), (9, 4)))
        self.transform = nn.Linear(21, 21)
        self.gate = nn.Linear(21, 21)
        self.dropout = nn.Dropout(0.5)
        self.fc = nn.Linear(21, 8)

    def forward(self, characters: Tensor) -> Tensor:
        """Logits."""
        x = self.embedding(characters).transpose(1, 2)
        x = torch.cat([F.relu(conv(x)).max(dim=2)[0] for conv in self.convs], dim=1)
        gate = torch.sigmoid(self.gate(x))
        x = gate * F.relu(self.transform(x)) + (1 - gate) * x
        return self.fc(self.dropout(x))


def bilstm() -> nn.Module:
    """For 23 words."""
    return BiLSTM()


def charcnn() -> nn.Module:
    """For 29 characters."""
    return CharCNN()
