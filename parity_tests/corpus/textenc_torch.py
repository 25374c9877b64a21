"""Post-norm transformer encoder that classifies padded texts; token 0 is the padding."""

import math

import torch
from torch import Tensor, nn


class PositionalEncoding(nn.Module):
    """Sines and cosines in turn."""

    def __init__(self, d_model: int, dropout: float, max_len: int = 40) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        position = torch.arange(max_len).unsqueeze(1)
        div_term = torch.exp(torch.arange(0, d_model, 2) * (-math.log(10000.0) / d_model))
        pe = torch.zeros(1, max_len, d_model)
        pe[0, :, 0::2] = torch.sin(position * div_term)
        pe[0, :, 1::2] = torch.cos(position * div_term)
        self.register_buffer("pe", pe)

    def forward(self, x: Tensor) -> Tensor:
        """The embedding of a text plus its positions."""
        return self.dropout(x + self.pe[:, : x.size(1)])


class TextClassifier(nn.Module):
    """Embedding, encoder, mean over the tokens that are no padding."""

    def __init__(self, vocab: int = 19, d_model: int = 18, classes: int = 5) -> None:
        super().__init__()
        self.d_model = d_model
        self.embedding = nn.Embedding(vocab, d_model, padding_idx=0)
        self.pos_encoder = PositionalEncoding(d_model, 0.1)
        layer = nn.TransformerEncoderLayer(d_model, 3, dim_feedforward=22, dropout=0.1, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, num_layers=2, enable_nested_tensor=False)
        self.fc = nn.Linear(d_model, classes)

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits."""
        padding = tokens == 0
        x = self.pos_encoder(self.embedding(tokens) * math.sqrt(self.d_model))
        x = self.encoder(x, src_key_padding_mask=padding)
        kept = (~padding).unsqueeze(-1).to(x.dtype)
        return self.fc((x * kept).sum(1) / kept.sum(1).clamp(min=1))


def build() -> nn.Module:
    """For texts of up to 40 tokens."""
    return TextClassifier()
