"""Steps by the code of a user's own optimizer, with other numbers in its groups."""

import copy
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from crosscheck.ports.recipe import Rule

# What a number of a rule is called in the groups of PyTorch's optimizers, and of users' own ones.
NUMBERS = {
    "momentum": "momentum",
    "dampening": "dampening",
    "nesterov": "nesterov",
    **dict.fromkeys(("beta1", "beta_1"), "beta_1"),
    **dict.fromkeys(("beta2", "beta_2", "alpha", "rho"), "beta_2"),
    **dict.fromkeys(("eps", "epsilon"), "epsilon"),
    "amsgrad": "amsgrad",
    "centered": "centered",
    "momentum_decay": "momentum_decay",
}


def numbers_of(group: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers of a rule that a group has."""
    found = {NUMBERS[key]: value for key, value in group.items() if key in NUMBERS and _is_number(value)}
    betas = group.get("betas")
    if isinstance(betas, tuple | list) and len(betas) > 1 and all(map(_is_number, betas)):
        found |= {"beta_1": betas[0], "beta_2": betas[1]}
    return {name: value if isinstance(value, bool) else float(value) for name, value in found.items()}


def _is_number(value: Any) -> bool:
    return isinstance(value, bool | int | float)


class OwnSteps:
    """The user's optimizer beginning anew, with a group for each parameter.

    Args:
        optimizer: is left as it is.
        read: its rule, as it was read.
        parameters: that are trained, by name.
    """

    def __init__(self, optimizer: torch.optim.Optimizer, read: Rule, parameters: Mapping[str, Tensor]):
        own = {id(p): group for group in optimizer.param_groups for p in group["params"]}
        # Not built by its class, whose arguments nobody knows; a schedule hangs its counter on `step`.
        self._made = object.__new__(type(optimizer))
        self._made.__dict__.update({n: v for n, v in vars(optimizer).items() if n != "step"})
        self._made.param_groups = [
            own.get(id(p), optimizer.param_groups[0]) | {"params": [p]} for p in parameters.values()
        ]
        self._made.state = defaultdict(dict, {p: copy.deepcopy(s) for p, s in optimizer.state.items()})
        self._groups = dict(zip(parameters, self._made.param_groups, strict=True))
        self._read = read

    def step(self, rule: Rule, rates: Mapping[str, float], decays: Mapping[str, float]) -> None:
        """One step from the gradients that the parameters hold.

        Args:
            rule: where its numbers are not what was read, they go into the groups.
            rates: of learning, by name.
            decays: by name.
        """
        changed = {
            name: getattr(rule, name)
            for name in rule.said
            if hasattr(rule, name) and getattr(rule, name) != getattr(self._read, name)
        }
        for name, group in self._groups.items():
            group["lr"] = rates[name]
            if "weight_decay" in group:
                group["weight_decay"] = decays.get(name, 0.0)
            group |= {key: changed[NUMBERS[key]] for key in group if NUMBERS.get(key) in changed}
            if "betas" in group:
                first, second, *more = group["betas"]
                betas = changed.get("beta_1", first), changed.get("beta_2", second)
                group["betas"] = (*betas, *more)
        self._made.step()
