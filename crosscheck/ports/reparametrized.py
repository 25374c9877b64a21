"""Weights that PyTorch computes from others before every call: weight norm, spectral norm, pruning."""

import re
from collections.abc import Collection

from crosscheck.errors import CrosscheckError
from crosscheck.ports.structure import Place

# Names of the parameters: of `torch.nn.utils.parametrizations`, and of the older functions' two.
NEW = re.compile(r"(?:(.*)\.)?parametrizations\.(\w+)\.original\d*$")
OLD = re.compile(r"(?:(.*)\.)?(\w+)_(v|orig)$")


def require_own(torch: list[Place], keras: list[Place]) -> None:
    """Make sure that no layer of PyTorch's computes its weight where Keras' has one of its own.

    Args:
        torch: parameters and layers that have no counterpart of their kind and shape.
        keras: the same.

    Raises:
        CrosscheckError: one does; they may give the same, and train otherwise.
    """
    held = [tensor for place in torch for tensor in place.node.held.values()]
    layers = [(p.node, t) for p in keras if p.node.kind != "parameter" for t in p.node.held.values()]
    for tensor in held:
        found = reparametrized(tensor.name, {other.name for other in held})
        like = [node for node, other in layers if sorted(other.sizes) == sorted(tensor.sizes)]
        if found and like:
            layer, name, undoing = found
            raise CrosscheckError(
                f"torch computes the {name} of {layer} before every call, and keras' {like[0].path} has its "
                "own: they train differently. To compare what they give, end the function that makes the "
                f'torch model with {undoing}(layer, "{name}")'
            )


def reparametrized(parameter: str, every: Collection[str]) -> tuple[str, str, str] | None:
    """Of a parameter that a weight is computed from.

    Args:
        parameter: its name.
        every: names of parameters of the model.

    Returns:
        the layer, the name of the weight in it, and the function that makes it a parameter again; or None.
    """
    if found := NEW.match(parameter):
        return found[1] or "the model", found[2], "torch.nn.utils.parametrize.remove_parametrizations"
    found = OLD.match(parameter)
    if found and (found[3] == "orig" or f"{parameter[:-1]}g" in every):
        undoing = "torch.nn.utils.remove_weight_norm"
        if found[3] == "orig":  # both call it so
            undoing = "torch.nn.utils.prune.remove (of a pruned layer) or torch.nn.utils.remove_spectral_norm"
        return found[1] or "the model", found[2], undoing
    return None
