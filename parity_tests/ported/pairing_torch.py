"""Models whose layers are hard to tell apart."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Gated(nn.Module):
    """A gate with SiLU."""

    def __init__(self) -> None:
        super().__init__()
        self.w1, self.w3 = nn.Linear(6, 7, bias=False), nn.Linear(6, 7, bias=False)
        self.w2 = nn.Linear(7, 6, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.w2(F.silu(self.w1(x)) * self.w3(x))


def gated() -> nn.Module:
    """Two blocks with a gate each."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.blocks = nn.ModuleList(Gated() for _ in range(2))

        def forward(self, x: Tensor) -> Tensor:
            for block in self.blocks:
                x = x + block(x)
            return x

    return Net()


class Highway(nn.Module):
    """A gate and what goes through it."""

    def __init__(self) -> None:
        super().__init__()
        self.transform, self.gate = nn.Linear(6, 6), nn.Linear(6, 6)

    def forward(self, x: Tensor) -> Tensor:
        gate = torch.sigmoid(self.gate(x))
        return gate * F.relu(self.transform(x)) + (1 - gate) * x


def highway() -> nn.Module:
    """See `Highway`."""
    return Highway()


class Experts(nn.Module):
    """Three layers of which the first counts most."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c = (nn.Linear(6, 6) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        return 3.0 * self.a(x) + 2.0 * self.b(x) + self.c(x)


def experts() -> nn.Module:
    """See `Experts`."""
    return Experts()


def crossed() -> nn.Module:
    """Names say otherwise than what is done."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.left, self.right = nn.Linear(6, 6), nn.Linear(6, 6)

        def forward(self, x: Tensor) -> Tensor:
            return torch.tanh(self.left(x)) - torch.tanh(self.right(x))

    return Net()


def cells() -> nn.Module:
    """A cell in a loop."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cell, self.out = nn.GRUCell(4, 5), nn.Linear(5, 3)

        def forward(self, x: Tensor) -> Tensor:
            state = x.new_zeros(x.shape[0], 5)
            for step in x.unbind(1):
                state = self.cell(step, state)
            return self.out(state)

    return Net()


def lstm_cells() -> nn.Module:
    """A cell with two states in a loop."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cell, self.out = nn.LSTMCell(4, 5), nn.Linear(5, 3)

        def forward(self, x: Tensor) -> Tensor:
            h = c = x.new_zeros(x.shape[0], 5)
            for step in x.unbind(1):
                h, c = self.cell(step, (h, c))
            return self.out(torch.cat([h, c], 1)[:, 2:7])

    return Net()


def bilinear() -> nn.Module:
    """A product of two inputs."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.both = nn.Bilinear(4, 5, 3)

        def forward(self, x: Tensor, y: Tensor) -> Tensor:
            return torch.relu(self.both(x, y))

    return Net()


def weight_norm() -> nn.Module:
    """A kernel made of a direction and a length."""
    layer = nn.utils.parametrizations.weight_norm(nn.Linear(5, 3))
    return nn.Sequential(layer, nn.Tanh())


def additive() -> nn.Module:
    """Additive attention with a scale for each feature."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.v = nn.Parameter(torch.ones(4))

        def forward(self, x: Tensor, y: Tensor) -> Tensor:
            scores = (torch.tanh(x[:, :, None] + y[:, None]) * self.v).sum(-1)
            return scores.softmax(-1) @ y

    return Net()


def grouped() -> nn.Module:
    """Two heads of keys and values for four of queries."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.q, self.o = nn.Linear(12, 12), nn.Linear(12, 12)
            self.k, self.v = nn.Linear(12, 6), nn.Linear(12, 6)

        def forward(self, x: Tensor) -> Tensor:
            q, k, v = (f(x).unflatten(-1, (-1, 3)).transpose(1, 2) for f in (self.q, self.k, self.v))
            k, v = k.repeat_interleave(2, 1), v.repeat_interleave(2, 1)
            y = F.scaled_dot_product_attention(q, k, v)
            return self.o(y.transpose(1, 2).flatten(2))

    return Net()


def one_hot() -> nn.Module:
    """An embedding."""
    return nn.Sequential(nn.Embedding(9, 4), nn.Linear(4, 3))


def bags() -> nn.Module:
    """Sums of rows."""
    return nn.Sequential(nn.EmbeddingBag(9, 4, mode="sum"), nn.Linear(4, 3))


class Norm(nn.Module):
    """A layer norm by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.w, self.b = nn.Parameter(torch.ones(6)), nn.Parameter(torch.zeros(6))

    def forward(self, x: Tensor) -> Tensor:
        mean, variance = x.mean(-1, keepdim=True), x.var(-1, unbiased=False, keepdim=True)
        return (x - mean) * torch.rsqrt(variance + 1e-5) * self.w + self.b


def own_norms() -> nn.Module:
    """Norms by hand between layers of one size."""
    return nn.Sequential(*(f() for _ in range(3) for f in (lambda: nn.Linear(6, 6), Norm, nn.ReLU)))


def masked() -> nn.Module:
    """A mean over tokens that are no padding."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table, self.wide, self.out = nn.Embedding(5, 4), nn.Linear(4, 6), nn.Linear(6, 3)

        def forward(self, x: Tensor) -> Tensor:
            kept = (x != 0)[..., None].to(self.table.weight.dtype)
            y = torch.tanh(self.wide(self.table(x) * 2.0))
            return self.out((y * kept).sum(1) / kept.sum(1).clamp(min=1e-7))

    return Net()


def branches() -> nn.Module:
    """Branches of two layers each that only what they are multiplied by tells apart."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.branches = nn.ModuleList(
                nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 6)) for _ in range(3)
            )

        def forward(self, x: Tensor) -> Tensor:
            return sum((i + 1.0) * branch(x) for i, branch in enumerate(self.branches))

    return Net()


def scaled() -> nn.Module:
    """A number, and a part of a table, as parameters."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.out, self.factor = nn.Linear(6, 3), nn.Parameter(torch.ones(()))
            self.table = nn.Parameter(torch.ones(8, 6))

        def forward(self, x: Tensor) -> Tensor:
            return self.out(x + self.table[: x.shape[0]]) * self.factor.exp()

    return Net()


def tied() -> nn.Module:
    """Logits by the embedding's own matrix."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table, self.wide = nn.Embedding(9, 4), nn.Linear(4, 4)

        def forward(self, x: Tensor) -> Tensor:
            return F.linear(torch.tanh(self.wide(self.table(x))), self.table.weight)

    return Net()


class Two(nn.Module):
    """Two layers for the same input."""

    def __init__(self, one: nn.Module, two: nn.Module) -> None:
        super().__init__()
        self.a, self.b, self.out = one, two, nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        y = self.a(x)
        return self.out((y if isinstance(self.a, nn.Embedding) else y.sigmoid()) * torch.tanh(self.b(x)))


def tables() -> nn.Module:
    """Two tables for the same numbers."""
    return Two(nn.Embedding(9, 4), nn.Embedding(9, 4))


def dense() -> nn.Module:
    """Two layers for the same input."""
    return Two(nn.Linear(6, 4), nn.Linear(6, 4))


def fields() -> nn.Module:
    """Fields x factors, flattened."""
    return nn.Sequential(nn.Embedding(9, 4), nn.Flatten(), nn.Linear(20, 3))


def attention() -> nn.Module:
    """With dropout of the weights."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attend = nn.MultiheadAttention(12, 3, dropout=0.2, batch_first=True)

        def forward(self, x: Tensor) -> Tensor:
            return self.attend(x, x, x, need_weights=False)[0]

    return Net()
