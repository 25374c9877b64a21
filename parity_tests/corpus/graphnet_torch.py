"""A graph classifier: a GCN layer, a GAT layer with heads, the mean of the nodes."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class GraphConvolution(nn.Module):
    """Kipf and Welling's layer on dense, normalised adjacency matrices."""

    def __init__(self, in_features: int, out_features: int) -> None:
        super().__init__()
        self.linear = nn.Linear(in_features, out_features, bias=False)
        self.bias = nn.Parameter(torch.zeros(out_features))

    def forward(self, x: Tensor, adj: Tensor) -> Tensor:
        """(B, N, F_in) to (B, N, F_out)."""
        return torch.bmm(adj, self.linear(x)) + self.bias


class GraphAttention(nn.Module):
    """Each node looks at its neighbours."""

    def __init__(self, in_features: int, out_features: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.out_features, self.dropout = heads, out_features, dropout
        self.lin = nn.Linear(in_features, heads * out_features, bias=False)
        self.att_src = nn.Parameter(torch.empty(1, 1, heads, out_features))
        self.att_dst = nn.Parameter(torch.empty(1, 1, heads, out_features))
        nn.init.xavier_uniform_(self.att_src)
        nn.init.xavier_uniform_(self.att_dst)

    def forward(self, x: Tensor, adj: Tensor) -> Tensor:
        """The heads side by side."""
        B, N, _ = x.shape
        h = self.lin(x).view(B, N, self.heads, self.out_features)
        src, dst = (h * self.att_src).sum(-1), (h * self.att_dst).sum(-1)
        e = F.leaky_relu(dst.unsqueeze(2) + src.unsqueeze(1), negative_slope=0.2)
        e = e.masked_fill((adj == 0).unsqueeze(-1), -9e15)
        alpha = F.dropout(F.softmax(e, dim=2), self.dropout, training=self.training)
        return torch.einsum("bijh,bjhf->bihf", alpha, h).reshape(B, N, self.heads * self.out_features)


class GraphNet(nn.Module):
    """Nodes with features and their adjacency, which need not be symmetric."""

    def __init__(self) -> None:
        super().__init__()
        self.gcn = GraphConvolution(5, 8)
        self.gat = GraphAttention(8, 6, heads=2, dropout=0.3)
        self.fc1, self.fc2 = nn.Linear(12, 9), nn.Linear(9, 4)

    def forward(self, x: Tensor, adjacency: Tensor) -> Tensor:
        """Logits of the graphs."""
        adj = adjacency.to(x.dtype) + torch.eye(x.size(1), dtype=x.dtype, device=x.device)
        d_inv_sqrt = adj.sum(dim=-1).pow(-0.5)
        norm_adj = d_inv_sqrt.unsqueeze(-1) * adj * d_inv_sqrt.unsqueeze(-2)
        x = F.relu(self.gcn(x, norm_adj))
        x = F.dropout(x, 0.4, training=self.training)
        x = F.elu(self.gat(x, adj))
        return self.fc2(F.relu(self.fc1(x.mean(dim=1))))


def build() -> nn.Module:
    """For graphs of any size."""
    return GraphNet()
