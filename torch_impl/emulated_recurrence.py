"""Recurrent layers done with other settings than their own; see `emulation.emulate`."""

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from torch_impl.adapter import placed

FUNCTIONS = {
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "relu": torch.relu,
    "hard_sigmoid": F.hardsigmoid,
    "linear": lambda x: x,
    "softsign": F.softsign,
    "elu": F.elu,
    "selu": F.selu,
    "gelu": F.gelu,
    "silu": F.silu,
    "softplus": F.softplus,
}


def recurrence(settings: Mapping[str, Any], held: Mapping[str, Tensor], x: Tensor, *states: Tensor) -> Any:
    """x (B, T, F) -> the sequence (B, T, U) in the order it is gone through, and the last states (B, U)."""
    act = FUNCTIONS[settings["activation"]]
    gate = FUNCTIONS[settings.get("recurrent_activation", "sigmoid")]
    gates = [role.removeprefix("kernel_") for role in held if role.startswith("kernel_")]
    # As a mistake would have them: the first gate has the tensors of the one that stands there.
    names = dict(zip(gates, settings.get("gates", gates), strict=True))

    def of(name: str, g: str) -> Tensor | float:
        return held.get(f"{name}_{names[g]}", 0.0)

    states = () if settings.get("states") == "zero" else states
    h = states[0] if states else x.new_zeros(x.shape[0], next(iter(held.values())).shape[0])
    c = states[1] if len(states) > 1 else torch.zeros_like(h)
    # PORT: Keras' layers leave out steps that a mask hides, and give what they gave before, or zeros.
    mask = placed(settings["mask"]) if "mask" in settings else torch.ones(x.shape[:2]) > 0
    found = list[Tensor]()
    times = zip(*((t.flip(1) if settings["reverse"] else t).unbind(1) for t in (x, mask)), strict=True)
    for step, seen in times:
        before = h, c
        inner = {g: step @ of("kernel", g).T + of("bias", g) for g in gates}  # type: ignore[union-attr]
        again = {g: h @ of("recurrent", g).T + of("recurrent_bias", g) for g in gates}  # type: ignore[union-attr]
        if "c" in gates:
            c = gate(inner["f"] + again["f"]) * c + gate(inner["i"] + again["i"]) * act(
                inner["c"] + again["c"]
            )
            h = gate(inner["o"] + again["o"]) * (
                act if "output" not in settings else FUNCTIONS[settings["output"]]
            )(c)
        elif "z" in gates:
            z, r = gate(inner["z"] + again["z"]), gate(inner["r"] + again["r"])
            after = r * again["h"] if settings["reset_after"] else (r * h) @ of("recurrent", "h").T  # type: ignore[union-attr]
            h = z * h + (1 - z) * act(inner["h"] + after)
        else:
            h = act(inner["h"] + again["h"])
        last = found[-1] if found and settings.get("hidden") == "repeated" else torch.zeros_like(h)
        found.append(torch.where(seen[:, None], h, last))
        h, c = (torch.where(seen[:, None], new, old) for new, old in zip((h, c), before, strict=True))
    sequence = torch.stack(found, 1)
    return (sequence, h, c) if "c" in gates else (sequence, h)
