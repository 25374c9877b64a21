"""Attention whose projections have names."""

from torch import Tensor, nn


class Attention(nn.Module):
    """One head, x (B, T, 8) -> (B, T, 8)."""

    def __init__(self) -> None:
        super().__init__()
        self.q_proj, self.k_proj, self.v_proj = (nn.Linear(8, 8) for _ in range(3))
        self.out = nn.Linear(8, 8)

    def forward(self, x: Tensor) -> Tensor:
        scores = self.q_proj(x) @ self.k_proj(x).transpose(1, 2) / 8**0.5
        return self.out(scores.softmax(-1) @ self.v_proj(x))


def build() -> nn.Module:
    """See `Attention`."""
    return Attention()
