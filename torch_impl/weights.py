"""A PyTorch model's weights, by its own names, in and out of files; `keras_impl/weights.py` is its mirror."""

import pickle
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from crosscheck.errors import CrosscheckError, WeightsError
from crosscheck.layouts import TORCH_BOOKKEEPING, Weights
from crosscheck.ports.program import Held
from torch_impl import trace
from torch_impl.adapter import DTYPES, fetched, placed

# What a training script may have put the state dict under, and what wrappers put before each name.
WRAPPINGS = ("state_dict", "model_state_dict", "model")
PREFIXES = ("module.", "_orig_mod.")


def load(key: str, file: str) -> None:
    """Put a file's state dict into the model.

    Raises:
        CrosscheckError: the file cannot be read, or does not fit; the message lists what does not.
    """
    model = trace.opened(key).model
    found = _stripped(_tensors(file))
    own = model.state_dict()
    partner = tied(key)
    present = {partner.get(name, name) for name in found}
    problems = [
        f"{name} is missing"
        for name in own
        if partner.get(name, name) not in present and not name.endswith(TORCH_BOOKKEEPING)
    ]
    problems += [f"{name} is left over" for name in found if name not in own]
    problems += [
        f"{name} has shape {tuple(tensor.shape)}, expected {tuple(own[name].shape)}"
        for name, tensor in found.items()
        if name in own and tensor.shape != own[name].shape
    ]
    if problems:
        raise WeightsError(f"{file} does not fit the model: {'; '.join(problems)}")
    model.load_state_dict(found, strict=False)


def state(key: str) -> Weights:
    """Everything that the model holds and a file would, by its own names."""
    return {
        name: fetched(tensor)
        for name, tensor in trace.opened(key).model.state_dict().items()
        if isinstance(tensor, Tensor)
    }


def restore(key: str, arrays: Weights) -> None:
    """Put in what `state` gave."""
    own = trace.opened(key).model.state_dict()
    with torch.no_grad():
        for name, array in arrays.items():
            own[name].copy_(placed(array))


def put(key: str, wanted: dict[str, Held], given: Weights) -> None:
    """Put neutral weights into the model; of two biases that are always added, the second becomes 0."""
    trace.set_weights(key, {name: replace(held, also="") for name, held in wanted.items()}, given)
    own = trace.opened(key).model.state_dict()
    with torch.no_grad():
        for held in wanted.values():
            if held.also:
                own[held.also][held.part].zero_()


def tied(key: str) -> dict[str, str]:
    """Names of tensors that are another one: the first name of that."""
    first: dict[Any, str] = {}
    found = {}
    for name, tensor in trace.opened(key).model.state_dict().items():
        if isinstance(tensor, Tensor) and tensor.numel():
            kept = first.setdefault(_place(tensor), name)
            if kept != name:
                found[name] = kept
    return found


def write(key: str, file: str, dtype: str) -> None:
    """Write the model's state dict; tied tensors stay tied."""
    own = trace.opened(key).model.state_dict()
    written: dict[Any, Tensor] = {}
    for name, tensor in own.items():
        if isinstance(tensor, Tensor):
            place = _place(tensor) if tensor.numel() else name
            wanted = DTYPES[dtype] if tensor.is_floating_point() else tensor.dtype
            # A copy: else the whole storage behind a part would be written.
            own[name] = written.setdefault(place, tensor.detach().cpu().to(wanted, copy=True).contiguous())
    torch.save(own, file)


def _place(tensor: Tensor) -> tuple[Any, ...]:
    return tensor.data_ptr(), tensor.shape, tensor.stride(), tensor.dtype


def _tensors(file: str) -> dict[str, Tensor]:
    try:
        if file.endswith(".safetensors"):
            return load_file(file)
        found = torch.load(file, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise CrosscheckError(f"{file}: there is no such file") from None
    except pickle.UnpicklingError:
        raise CrosscheckError(
            f"{file}: not a state dict (only tensors are read, never code); write it with "
            "torch.save(model.state_dict(), FILE)"
        ) from None
    except (SafetensorError, OSError, RuntimeError, EOFError, ValueError, KeyError) as error:
        raise CrosscheckError(f"{Path(file)}: cannot be read: {error}") from None
    for name in WRAPPINGS:
        if isinstance(found, Mapping) and isinstance(found.get(name), Mapping):
            found = found[name]
    if not isinstance(found, Mapping) or not all(isinstance(value, Tensor) for value in found.values()):
        raise CrosscheckError(f"{file}: not a state dict, whose values are all tensors")
    return dict(found)


def _stripped(found: dict[str, Tensor]) -> dict[str, Tensor]:
    for prefix in PREFIXES:
        if found and all(name.startswith(prefix) for name in found):
            found = {name.removeprefix(prefix): tensor for name, tensor in found.items()}
    return found
