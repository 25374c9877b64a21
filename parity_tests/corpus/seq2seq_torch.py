"""Encoder and decoder with attention: Luong's over a whole target, Bahdanau's step by step."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class LuongSeq2Seq(nn.Module):
    """LSTMs, dot products as scores, attention behind the decoder."""

    def __init__(self, source: int = 17, target: int = 14, hidden: int = 12) -> None:
        super().__init__()
        self.src_embed = nn.Embedding(source, 9)
        self.tgt_embed = nn.Embedding(target, 8)
        self.encoder = nn.LSTM(9, hidden, batch_first=True)
        self.decoder = nn.LSTM(8, hidden, batch_first=True)
        self.concat = nn.Linear(2 * hidden, 10)
        self.out = nn.Linear(10, target)

    def forward(self, src: Tensor, tgt: Tensor) -> Tensor:
        """Logits for each word of the target."""
        memory, state = self.encoder(self.src_embed(src))
        output, _ = self.decoder(self.tgt_embed(tgt), state)
        weights = F.softmax(torch.bmm(output, memory.transpose(1, 2)), dim=-1)
        context = torch.bmm(weights, memory)
        return self.out(torch.tanh(self.concat(torch.cat((context, output), dim=-1))))


class BahdanauAttention(nn.Module):
    """Additive scores."""

    def __init__(self, hidden: int, units: int) -> None:
        super().__init__()
        self.Wa = nn.Linear(hidden, units)
        self.Ua = nn.Linear(hidden, units)
        self.Va = nn.Linear(units, 1)

    def forward(self, query: Tensor, keys: Tensor) -> Tensor:
        """The context, (batch, 1, hidden)."""
        scores = self.Va(torch.tanh(self.Wa(query) + self.Ua(keys)))
        return torch.bmm(F.softmax(scores.squeeze(2).unsqueeze(1), dim=-1), keys)


class AttnDecoder(nn.Module):
    """As in PyTorch's tutorial: attention first, then one step of the GRU."""

    def __init__(self, hidden: int, target: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(target, 7)
        self.attention = BahdanauAttention(hidden, 6)
        self.gru = nn.GRU(7 + hidden, hidden, batch_first=True)
        self.out = nn.Linear(hidden, target)

    def forward(self, memory: Tensor, hidden: Tensor, target: Tensor) -> Tensor:
        """Logits for each word of the target, which is given."""
        outputs = []
        for i in range(target.size(1)):
            embedded = self.embedding(target[:, i : i + 1])
            context = self.attention(hidden.permute(1, 0, 2), memory)
            output, hidden = self.gru(torch.cat((embedded, context), dim=2), hidden)
            outputs.append(self.out(output))
        return torch.cat(outputs, dim=1)


class Translator(nn.Module):
    """A GRU that reads and the decoder."""

    def __init__(self, source: int = 16, target: int = 13, hidden: int = 10) -> None:
        super().__init__()
        self.embedding = nn.Embedding(source, 9)
        self.dropout = nn.Dropout(0.1)
        self.encoder = nn.GRU(9, hidden, batch_first=True)
        self.decoder = AttnDecoder(hidden, target)

    def forward(self, src: Tensor, tgt: Tensor) -> Tensor:
        """Logits."""
        memory, hidden = self.encoder(self.dropout(self.embedding(src)))
        return self.decoder(memory, hidden, tgt)


def luong() -> nn.Module:
    """Sources of 17 words, targets of 14."""
    return LuongSeq2Seq()


def bahdanau() -> nn.Module:
    """Sources of 16 words, targets of 13."""
    return Translator()
