"""PyTorch's modules that do in one what Keras has several layers for, taken apart while they are compared.

`expand` gives such a module small modules for its parts and a `forward` that calls them. The tensors stay
where they are, in the module itself.
"""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from crosscheck.errors import CrosscheckError

TAKEN_APART = (nn.RNN, nn.LSTM, nn.GRU, nn.RNNCell, nn.LSTMCell, nn.GRUCell, nn.MultiheadAttention)


class PartOf(nn.Module):
    """A part of a module, which uses the tensors of that module."""

    owner: nn.Module

    def __init__(self, owner: nn.Module):
        super().__init__()
        self.__dict__["owner"] = owner  # not registered: the owner holds this module, not the reverse


class Recurrence(PartOf):
    """One layer in one direction of an LSTM, GRU or RNN, or a cell, which has no suffix.

    x (B, T, F) -> the sequence (B, T, U) in the order it was gone through, and the last states (B, U).
    """

    def __init__(self, owner: nn.RNNBase | nn.RNNCellBase, suffix: str = "", reverse: bool = False):
        super().__init__(owner)
        self.suffix = suffix
        self.reverse = reverse
        kinds = {(nn.LSTM, nn.LSTMCell): "lstm", (nn.GRU, nn.GRUCell): "gru", (nn.RNN, nn.RNNCell): "rnn"}
        self.kind = next(kind for classes, kind in kinds.items() if isinstance(owner, classes))

    def forward(self, x: Tensor, *states: Tensor) -> tuple[Tensor, ...]:
        owner = self.owner
        names = ("weight_ih", "weight_hh", *(("bias_ih", "bias_hh") if owner.bias else ()))
        weights = [getattr(owner, name + self.suffix) for name in names]
        if not states:
            zeros = x.new_zeros(x.shape[0], owner.hidden_size)
            states = (zeros, zeros) if self.kind == "lstm" else (zeros,)
        begin = tuple(state.unsqueeze(0) for state in states)
        run = {"lstm": torch.lstm, "gru": torch.gru}.get(self.kind) or (
            torch.rnn_relu if owner.nonlinearity == "relu" else torch.rnn_tanh
        )
        x = x.flip(1) if self.reverse else x
        sequence, *last = run(
            x,
            begin if self.kind == "lstm" else begin[0],
            weights,
            owner.bias,
            1,
            0.0,
            self.training,
            False,
            True,
        )
        return sequence, *(state.squeeze(0) for state in last)


class Projection(PartOf):
    """The queries, keys or values of `nn.MultiheadAttention`: x (..., E) -> (..., E)."""

    def __init__(self, owner: nn.MultiheadAttention, index: int):
        super().__init__(owner)
        self.index = index

    def forward(self, x: Tensor) -> Tensor:
        size, own = self.owner.embed_dim, self.owner
        rows = slice(self.index * size, (self.index + 1) * size)
        if own._qkv_same_embed_dim:
            weight = own.in_proj_weight[rows]
        else:
            weight = (own.q_proj_weight, own.k_proj_weight, own.v_proj_weight)[self.index]
        return F.linear(x, weight, None if own.in_proj_bias is None else own.in_proj_bias[rows])


def expand(model: nn.Module) -> None:
    """Take apart every module of the model that does several layers' work.

    Raises:
        CrosscheckError: such a module is of a class of the user's own that changes what it does.
    """
    for module in list(model.modules()):
        _require_own_forward(module)
        if isinstance(module, nn.RNNBase) and not module.proj_size:
            for layer in range(module.num_layers):
                for reverse in (False, True)[: 1 + module.bidirectional]:
                    name = f"l{layer}" + ("_reverse" if reverse else "")
                    module.add_module(name, Recurrence(module, f"_{name}", reverse))
            module.forward = _recurrent(module)
        elif isinstance(module, nn.RNNCellBase):
            module.add_module("cell", Recurrence(module))
            module.forward = _one_step(module)
        elif isinstance(module, nn.MultiheadAttention) and module.bias_k is None and not module.add_zero_attn:
            for index, name in enumerate(("query", "key", "value")):
                module.add_module(name, Projection(module, index))
            module.forward = _attention(module)


def _require_own_forward(module: nn.Module) -> None:
    base = next((kind for kind in TAKEN_APART if isinstance(module, kind)), None)
    if base and type(module).forward is not base.forward:
        raise CrosscheckError(
            f"{type(module).__name__} changes the forward of its base class nn.{base.__name__}, so that it "
            "cannot be taken apart; let it hold the layer as a part instead"
        )


def is_expanded(module: nn.Module) -> bool:
    """Whether the module's parts are steps, and not the module."""
    return "forward" in vars(module)


def _recurrent(owner: nn.RNNBase) -> Callable[..., Any]:
    def forward(x: Any, begin: Any = None) -> Any:
        if not isinstance(x, Tensor) or x.dim() != 3:
            raise CrosscheckError(
                f"{type(owner).__name__}: packed sequences and input without a batch cannot be compared"
            )
        x = x if owner.batch_first else x.transpose(0, 1)
        given = begin if isinstance(begin, tuple) or begin is None else (begin,)
        lasts: list[tuple[Tensor, ...]] = []
        for layer in range(owner.num_layers):
            found = []
            for reverse in (False, True)[: 1 + owner.bidirectional]:
                states = () if given is None else tuple(state[len(lasts)] for state in given)
                part = getattr(owner, f"l{layer}" + ("_reverse" if reverse else ""))
                sequence, *last = part(x, *states)
                found.append(sequence.flip(1) if reverse else sequence)
                lasts.append(tuple(last))
            x = torch.cat(found, dim=2) if len(found) > 1 else found[0]
            if owner.dropout and layer < owner.num_layers - 1:
                x = F.dropout(x, owner.dropout, owner.training)
        states = tuple(torch.stack(state) for state in zip(*lasts, strict=True))
        return x if owner.batch_first else x.transpose(0, 1), states if len(states) > 1 else states[0]

    return forward


def _one_step(owner: nn.RNNCellBase) -> Callable[..., Any]:
    def forward(x: Tensor, begin: Any = None) -> Any:
        if x.dim() != 2:
            raise CrosscheckError(f"{type(owner).__name__}: input without a batch cannot be compared")
        given = begin if isinstance(begin, tuple) or begin is None else (begin,)
        _, *states = owner.cell(x.unsqueeze(1), *(given or ()))
        return tuple(states) if len(states) > 1 else states[0]

    return forward


def _attention(owner: nn.MultiheadAttention) -> Callable[..., Any]:
    def forward(
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        if not owner.batch_first:
            query, key, value = (x.transpose(0, 1) for x in (query, key, value))
        parts = (owner.query(query), owner.key(key), owner.value(value))
        q, k, v = (x.unflatten(-1, (owner.num_heads, -1)).transpose(1, 2) for x in parts)  # (B, H, T, D)
        mask = _merged_mask(owner, attn_mask, key_padding_mask, query)
        # What is dropped of the weights has no counterpart in Keras. Here it only shows its rate.
        mixed = F.dropout(F.scaled_dot_product_attention(q, k, v, mask), owner.dropout, owner.training)
        out = owner.out_proj(mixed.transpose(1, 2).flatten(2))
        weights = None
        if need_weights:
            scores = q @ k.transpose(2, 3) / owner.head_dim**0.5
            weights = (scores if mask is None else scores + mask).softmax(-1)
            weights = weights.mean(1) if average_attn_weights else weights
        return out if owner.batch_first else out.transpose(0, 1), weights

    return forward


def _merged_mask(
    owner: nn.MultiheadAttention, attention: Tensor | None, padding: Tensor | None, query: Tensor
) -> Tensor | None:
    """Both masks as one that is added to the scores (B, H, T, S)."""
    found = None
    for mask in (attention, None if padding is None else padding[:, None, None, :]):
        if mask is None:
            continue
        if mask.dtype == torch.bool:  # PORT: True hides a position in PyTorch, and shows it in Keras
            mask = torch.zeros_like(mask, dtype=query.dtype).masked_fill(mask, -torch.inf)
        if mask.dim() == 3:
            mask = mask.unflatten(0, (-1, owner.num_heads))
        found = mask if found is None else found + mask
    return found
