"""A user's PyTorch model forward and backward in training mode; `keras_impl/backward.py` is its mirror."""

import numpy as np
import torch
from torch import Tensor, nn

from crosscheck.ports.program import Backward, Drop
from torch_impl.adapter import fetched, placed
from torch_impl.dropping import dropping_nothing
from torch_impl.graph import in_order, tensors
from torch_impl.trace import opened, record_again


def backward(
    key: str,
    inputs: list[np.ndarray],
    wanted: tuple[int, ...],
    cotangents: list[np.ndarray],
    norms_only: bool = False,
) -> Backward:
    """Gradients of the sum of outputs times cotangents; the model is left as it was.

    Args:
        key: of the model.
        inputs: as `trace.run` takes them.
        wanted: numbers of the tensors whose gradients are asked for.
        cotangents: one for each output, of its shape.
        norms_only: train the norms, on the way that evaluation mode goes.
    """
    model = opened(key).model
    before = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
    try:
        return _backward(key, inputs, wanted, cotangents, norms_only)
    finally:
        model.load_state_dict(before)
        model.eval()


def _backward(
    key: str,
    inputs: list[np.ndarray],
    wanted: tuple[int, ...],
    cotangents: list[np.ndarray],
    norms_only: bool,
) -> Backward:
    model = opened(key).model
    found: dict[int, Tensor] = {}
    values: dict[int, np.ndarray] = {}
    latest: dict[int, int] = {}  # number of each tensor by `id`: one that is changed in place has two

    def observe(number: int, tensor: Tensor) -> None:
        values[number] = fetched(tensor)
        found.pop(latest.get(id(tensor), -1), None)  # its own gradient cannot be had any more
        found[number], latest[id(tensor)] = tensor, number

    in_place = [module for module in model.modules() if getattr(module, "inplace", False)]
    dropped: list[Drop] = []
    with dropping_nothing(dropped):
        model.train(not norms_only)
        for module in model.modules():
            if norms_only and isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.train()
        for module in in_place:
            module.inplace = False  # type: ignore[assignment]
        done = record_again(key, inputs, observe)
    for module in in_place:
        module.inplace = True  # type: ignore[assignment]
    outputs = list(tensors(in_order(done.results)))
    # A model that goes another way in training may return other outputs; then its steps tell so.
    pairs = zip(outputs, cotangents, strict=False)
    total = sum((o * placed(c).to(o.dtype)).sum() for o, c in pairs if o.is_floating_point())
    parameters = {name: p for name, p in model.named_parameters() if p.requires_grad}
    sources = {n: found[n] for n in wanted if n in found and found[n].requires_grad}
    if isinstance(total, Tensor) and total.requires_grad:
        asked = [*sources.values(), *parameters.values()]
        gradients = list(torch.autograd.grad(total, asked, allow_unused=True))
    else:
        gradients = [None] * (len(sources) + len(parameters))
    arrays = [None if g is None else fetched(g) for g in gradients]
    own = dict(zip(parameters, arrays[len(sources) :], strict=True))
    after = {name: fetched(b) for name, b in model.named_buffers()}
    return Backward(
        values,
        {n: np.zeros_like(values[n]) if a is None else a for n, a in zip(sources, arrays, strict=False)},
        {name: array for name, array in own.items() if array is not None},
        after,
        tuple(step.operation for step in done.steps),
        tuple(dropped),
    )
