"""A decoder of captions over the regions of an image: causal attention, then attention to the regions."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class CaptionDecoder(nn.Module):
    """Of regions, captions so far, and how many regions each image has."""

    def __init__(self, vocab_size: int = 17, d_model: int = 10, nhead: int = 2, max_len: int = 12) -> None:
        super().__init__()
        self.d_model = d_model
        self.project = nn.Linear(9, d_model)
        self.embed, self.pos_embed = nn.Embedding(vocab_size, d_model), nn.Embedding(max_len, d_model)
        self.dropout = nn.Dropout(0.1)
        layer = nn.TransformerDecoderLayer(d_model, nhead, dim_feedforward=14, dropout=0.1, batch_first=True)
        self.decoder = nn.TransformerDecoder(layer, num_layers=2)
        self.generator = nn.Linear(d_model, vocab_size)

    def forward(self, regions: Tensor, captions: Tensor, lengths: Tensor) -> Tensor:
        """Logits of the next words."""
        memory = F.relu(self.project(regions))
        steps = torch.arange(regions.size(1), device=regions.device)
        memory_mask = steps.unsqueeze(0) >= lengths.unsqueeze(1)
        T = captions.size(1)
        x = self.embed(captions) * math.sqrt(self.d_model)
        x = self.dropout(x + self.pos_embed(torch.arange(T, device=captions.device)))
        causal = torch.triu(torch.ones(T, T, dtype=torch.bool, device=captions.device), diagonal=1)
        x = self.decoder(x, memory, tgt_mask=causal, memory_key_padding_mask=memory_mask)
        return self.generator(x)


def build() -> nn.Module:
    """For captions of at most twelve words."""
    return CaptionDecoder()
