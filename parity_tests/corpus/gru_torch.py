"""GRUs in one direction: over tokens, and over readings of sensors."""

import torch
from torch import Tensor, nn


class GRUClassifier(nn.Module):
    """Two layers; the last output is used."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(28, 6)
        self.gru = nn.GRU(6, 9, num_layers=2, batch_first=True, dropout=0.2)
        self.fc = nn.Linear(9, 4)

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits."""
        output, _ = self.gru(self.embedding(tokens))
        return self.fc(output[:, -1])


class SensorNet(nn.Module):
    """A dense layer, a norm, a GRU; the final state beside the mean over all steps."""

    def __init__(self) -> None:
        super().__init__()
        self.project = nn.Linear(5, 7)
        self.norm = nn.LayerNorm(7)
        self.gru = nn.GRU(7, 8, batch_first=True)
        self.head = nn.Linear(16, 3)

    def forward(self, readings: Tensor) -> Tensor:
        """Forecasts from (batch, steps, features)."""
        x = torch.tanh(self.norm(self.project(readings)))
        output, hidden = self.gru(x)
        return self.head(torch.cat([hidden[0], output.mean(dim=1)], dim=-1))


def build() -> nn.Module:
    """For tokens from 0 to 27."""
    return GRUClassifier()


def sensor() -> nn.Module:
    """For readings of five features."""
    return SensorNet()
